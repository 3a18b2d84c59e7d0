#include <algorithm>
#include <iostream>
#include <memory>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/layers.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/training.hpp"
#include "neuspec/error.hpp"

namespace neuspec::cli {
namespace {

constexpr const char* example =
    "Example: train on all columns but 'price', keep the standardisation in the model, and try it on data not seen:\n"
    "  neuspec fit train.csv --target price --standardize --beta-ratio 0.01 --test test.csv --model net.json\n"
    "Beta weighs the penalty: the larger, the fewer neurons; from beta_max on there are none. --beta-ratio 0.01 is a good\n"
    "start, 'neuspec path' finds a good one. The printed gap is a proof: no network is better by more than that.";

struct FitOptions {
  DataOptions data;
  ProblemOptions problem;
  Settings settings;
  std::string beta, beta_ratio, test, test_labels, validation, validation_labels, model, report, convergence;
  int layers = 1;
  bool json = false, quiet = false;
};

/// \throws UsageError, before any file is read
void check_options(const FitOptions& options) {
  if (options.layers < 1 || options.layers > 100) {
    throw UsageError("--layers " + std::to_string(options.layers) + ": give an integer from 1 to 100");
  }
  if (options.layers > 1 && options.validation.empty()) {
    throw UsageError("--layers keeps as many as do best on validation data: give them with --validation");
  }
  // Exactly one of the two ways to give β.
  if (options.beta.empty() == options.beta_ratio.empty()) {
    throw UsageError("give either --beta, the weight of the penalty, or --beta-ratio, its share of beta_max (0.01 is a good start)");
  }
  if (options.beta.empty()) {
    positive_number("--beta-ratio", options.beta_ratio);
  } else {
    positive_number("--beta", options.beta);
  }
}

double beta_of(const FitOptions& options, const Problem& problem, const Dataset& data) {
  if (!options.beta.empty()) {
    return positive_number("--beta", options.beta);
  }
  return positive_number("--beta-ratio", options.beta_ratio) * positive_beta_max(problem, data, options.data.path);
}

void write_outputs(const FitOptions& options, const Model& model, const Json& report, const std::vector<Progress>& history) {
  if (!options.model.empty()) {
    model.save(options.model);
  }
  if (!options.report.empty()) {
    write_text(options.report, json_text(report));
  }
  if (!options.convergence.empty()) {
    write_text(options.convergence, convergence_csv(history));
  }
}

std::optional<Dataset> read_optional(const std::string& path, const std::string& labels, const FitOptions& options,
                                     const Preprocessing& preprocessing) {
  if (path.empty()) {
    return std::nullopt;
  }
  return read_samples({path, labels, options.data.header, {}}, preprocessing, problem_of(options.problem).loss);
}

int run_fit(const FitOptions& options) {
  const Stopwatch total;
  check_options(options);
  const Problem problem = problem_of(options.problem);
  check_outputs({options.model, options.report, options.convergence},
                {options.data.path, options.data.labels, options.test, options.test_labels, options.validation, options.validation_labels});
  ProgressLine line(options.quiet);
  const TrainingData training = read_training(options.data, problem.loss);
  const double read_seconds = total.seconds();
  line.say(options.data.path + ": " + shape_text(training.data) + ", read in " + rounded(read_seconds, 2) + " s");
  const auto test_data = read_optional(options.test, options.test_labels, options, training.preprocessing);
  const auto validation = read_optional(options.validation, options.validation_labels, options, training.preprocessing);

  catch_interrupts();
  const auto beta = [&](const Problem& layer, const Dataset& data) { return beta_of(options, layer, data); };
  LayeredNetwork trained = train_layers(training.data, problem, options.layers, validation, beta, options.settings, observer_of(line));
  line.finish();

  TrainedLayer& kept = trained.layers[trained.last];
  Report& report = kept.result.report;
  std::optional<Scores> test;
  if (test_data) {
    test = evaluate(kept.result.network, problem.loss, through(trained.hidden, *test_data));
  }
  report.seconds.read = read_seconds;
  report.seconds.total = total.seconds();
  Json json = report_json(report, test);
  if (options.layers > 1) {
    json["layers"] = layers_json(trained);
  }
  if (options.json) {
    std::cout << json_text(json);
  } else if (!options.quiet) {
    std::cout << summary(report, test, options.settings.tolerance) << (options.layers > 1 ? layers_text(trained) : "") << std::flush;
  }
  Model model = model_of(kept.result, kept.problem, training.preprocessing, options.data.path);
  model.hidden = trained.hidden;
  write_outputs(options, model, json, report.history);
  const auto optimal = [](const TrainedLayer& layer) { return layer.result.report.status == Status::optimal; };
  return std::all_of(trained.layers.begin(), trained.layers.end(), optimal) ? exit_optimal : exit_stopped;
}

void add_outputs(CLI::App& command, FitOptions& options) {
  constexpr const char* group = "Output";
  command.add_option("--model", options.model, "write the network, with all that is needed to use and to check it")->type_name("FILE")->group(group);
  command.add_option("--report", options.report, "write the report as JSON")->type_name("FILE")->group(group);
  command.add_option("--convergence", options.convergence, "write primal and dual against time as CSV")->type_name("FILE")->group(group);
  command.add_flag("--json", options.json, "print the report as JSON instead of a summary")->group(group);
  command.add_flag("--quiet", options.quiet, "print no progress and no summary")->group(group);
}

}  // namespace

void add_fit(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("fit", "Train a network to its global optimum and prove it");
  const auto options = std::make_shared<FitOptions>();
  add_data_options(command, options->data);
  command.add_option("--test", options->test, "file of samples to try the network on")->type_name("FILE")->group("Data");
  command.add_option("--test-labels", options->test_labels, "file with the targets of --test")->type_name("FILE")->group("Data");
  command.add_option("--validation", options->validation, "file of samples that says how many of --layers to keep")->type_name("FILE")->group("Data");
  command.add_option("--validation-labels", options->validation_labels, "file with the targets of --validation")->type_name("FILE")->group("Data");
  add_problem_options(command, options->problem);
  command.add_option("--layers", options->layers, "train up to so many layers, each to its own optimum on the outputs of the one before [1]")
      ->type_name("INTEGER")
      ->group("Problem");
  command.add_option("--beta", options->beta, "weight of the penalty, the sum of |alpha| over neurons")->type_name("NUMBER")->group("Problem");
  command.add_option("--beta-ratio", options->beta_ratio, "the same as a share of beta_max, from where on the network is zero")
      ->type_name("NUMBER")
      ->group("Problem");
  add_settings_options(command, options->settings);
  add_outputs(command, *options);
  command.footer(example);
  command.callback([options, &action] { action = [options] { return run_fit(*options); }; });
}

}  // namespace neuspec::cli
