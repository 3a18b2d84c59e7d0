#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <exception>
#include <iostream>
#include <memory>

#include "cli/checkpoints.hpp"
#include "cli/command.hpp"
#include "cli/failure.hpp"
#include "cli/interrupt.hpp"
#include "cli/layers.hpp"
#include "cli/moments_data.hpp"
#include "cli/output.hpp"
#include "cli/ranks.hpp"
#include "cli/report.hpp"
#include "cli/training.hpp"
#include "neuspec/error.hpp"
#include "read/range.hpp"
#include "threads/parallel.hpp"

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
  Settings settings{.kept_device = std::make_shared<KeptDevice>()};  // of all folds, layers and fits
  std::string beta, beta_ratio, test, test_labels, validation, validation_labels, model, report, convergence;
  CheckpointOptions checkpoint;
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
  if (options.layers > 1 && !options.checkpoint.path.empty()) {
    throw UsageError("--checkpoint is of a single layer; with --layers there is none");
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

template <class Data>
double beta_of(const FitOptions& options, const Problem& problem, const Data& data) {
  if (!options.beta.empty()) {
    return positive_number("--beta", options.beta);
  }
  return positive_number("--beta-ratio", options.beta_ratio) * positive_beta_max(problem, data);
}

std::shared_ptr<const Source> read_optional(const std::string& path, const std::string& labels, const FitOptions& options,
                                            const Preprocessing& preprocessing) {
  if (path.empty()) {
    return nullptr;
  }
  return read_samples({path, labels, options.data.header, {}, memory_of_samples(options.settings)}, preprocessing, problem_of(options.problem).loss);
}

/// A solve in progress and the files it leaves.
class FitRun {
 public:
  explicit FitRun(const FitOptions& options) : options_(options), problem_(problem_of(options.problem)), line_(options.quiet) {}

  int run() {
    outlive_readers();
    hold_time_limit(options_.settings.time_limit);
    const ThreadScope threads(options_.settings.threads);
    read();
    const double read_seconds = clock_.seconds();
    line_.say(options_.data.path + ": " +
              (moments_ ? shape_text(*moments_) : shape_text(training_.samples, training_.data->features(), training_.data->targets())) +
              ", read in " + rounded(read_seconds, 2) + " s");
    const auto test_data = read_optional(options_.test, options_.test_labels, options_, training_.preprocessing);
    LayeredNetwork trained = moments_ ? train_on_moments() : train();
    line_.finish();

    Report& report = trained.layers[trained.last].result.report;
    const std::optional<Scores> test = test_data ? scores_on(test_data, trained) : std::nullopt;
    report.seconds.read = read_seconds;
    report.seconds.total = clock_.seconds();
    write_reports(trained, test);
    if (trained.failure) {
      rethrow(trained.failure, options_.model.empty() ? "" : "the network trained before is saved in " + options_.model);
    }
    const auto optimal = [](const TrainedLayer& layer) { return layer.result.report.status == Status::optimal; };
    return std::all_of(trained.layers.begin(), trained.layers.end(), optimal) ? exit_optimal : exit_stopped;
  }

 private:
  void read() {
    if (!Moments::is_file(options_.data.path)) {
      check_sample_options(options_.data);
      training_ = read_training(options_.data, problem_.loss, options_.settings, ranks());
      return;
    }
    if (options_.layers > 1) {
      throw UsageError("--layers: a second layer needs the samples; moments are of the first alone");
    }
    moments_ = read_moments(options_.data);
    training_.preprocessing = moments_->preprocessing();
  }

  Index samples() const { return moments_ ? moments_->samples() : training_.samples; }

  LayeredNetwork train_on_moments() {
    LayeredNetwork trained;
    TrainedLayer layer{problem_, {}, {}};
    layer.problem.beta = in_file(options_.data.path, [&] { return beta_of(options_, problem_, *moments_); });
    Settings settings = with_what_is_left(options_.settings, clock_);
    settings.candidate = [&](const Result& result) { keep_candidate(result, layer.problem); };
    layer.result = in_file(options_.data.path, [&] { return fit(*moments_, layer.problem, settings, observer_of(line_)); });
    in_file(options_.data.path, [&] { require_finite(layer.result.report); });
    trained.layers.push_back(std::move(layer));
    keep(trained);
    return trained;
  }

  LayeredNetwork train() {
    const auto validation = read_optional(options_.validation, options_.validation_labels, options_, training_.preprocessing);
    if (validation) {
      in_file(options_.validation, [&] { check_range(*validation); });
    }
    const LayerHooks hooks{options_.data.path,
                           options_.validation,
                           [this](const Problem& layer, const Source& data) { return beta_of(options_, layer, data); },
                           observer_of(line_),
                           [this](const LayeredNetwork& trained) { keep(trained); },
                           [this](const Result& result, const Problem& problem) { keep_candidate(result, problem); }};
    return train_layers(training_.data, problem_, options_.layers, validation, hooks, options_.settings, clock_);
  }

  /// Before anything is tried on other data: whatever these do, the network is there.
  void keep(const LayeredNetwork& trained) { save(trained.kept().result, trained.kept().problem, trained.hidden); }

  /// What there is if the program has to end before the solve does. A certificate may take longer than whoever wants it to end will wait: until it is
  /// there the model file claims what needs none, the objective, which a solve in a hurry knows, and that no loss is below zero.
  void keep_candidate(Result result, const Problem& problem) {
    Report& report = result.report;
    const bool certified = std::isfinite(report.relative_gap);
    if (options_.model.empty() || (certified ? report.relative_gap <= options_.settings.tolerance : !std::isfinite(report.primal))) {
      return;
    }
    report.status = interrupted() ? Status::interrupted : Status::time_limit;
    report.beta = problem.beta;
    report.samples = samples();
    try {
      if (!certified) {
        report.dual = 0;
        report.relative_gap = 1;  // the largest with a dual of zero
      }
      save(result, problem, {});
    } catch (const Error&) {
      return;  // the end of the solve may still come, or tell why not
    }
  }

  void save(const Result& result, const Problem& problem, const std::vector<HiddenLayer>& hidden) {
    if (options_.model.empty()) {
      return;
    }
    Model model = model_of(result, problem, training_.preprocessing, options_.data.path);
    model.hidden = hidden;
    model.save(options_.model);
    note_saved("the best network so far is in " + options_.model);
  }

  std::optional<Scores> scores_on(const std::shared_ptr<const Source>& test_data, LayeredNetwork& trained) const {
    try {
      const TrainedLayer& kept = trained.kept();
      return in_file(options_.test, [&] { return evaluate(kept.result.network, kept.problem.loss, *through(trained.hidden, test_data)); });
    } catch (...) {
      trained.failure = trained.failure ? trained.failure : std::current_exception();  // the first tells why there are fewer layers
      return std::nullopt;
    }
  }

  void write_reports(const LayeredNetwork& trained, const std::optional<Scores>& test) const {
    const Report& report = trained.kept().result.report;
    Json json = report_json(report, test);
    if (options_.layers > 1) {
      json["layers"] = layers_json(trained);
    }
    if (!options_.report.empty()) {
      write_text(options_.report, json_text(json));
    }
    if (!options_.convergence.empty()) {
      write_text(options_.convergence, convergence_csv(report.history));
    }
    if (options_.json) {
      std::cout << json_text(json) << std::flush;
    } else if (!options_.quiet) {
      std::cout << summary(report, test, options_.settings.tolerance) << (options_.layers > 1 ? layers_text(trained) : "") << std::flush;
    }
  }

  const FitOptions& options_;
  const Stopwatch clock_;
  const Problem problem_;
  ProgressLine line_;
  TrainingData training_;
  std::optional<Moments> moments_;  // in place of samples
};

/// Moments are samples no more: rank 0 does that alone.
bool is_shared(const FitOptions& options) { return !Moments::is_file(options.data.path); }

/// Of ranks that leave printing, files and what is tried on other data to the first.
FitOptions silent(FitOptions options) {
  options.test = options.validation = options.model = options.report = options.convergence = "";
  options.json = false;
  options.quiet = true;
  return options;
}

int run_fit(FitOptions& options) {
  check_options(options);
  if (!is_first_rank()) return is_shared(options) ? FitRun(silent(options)).run() : static_cast<int>(exit_optimal);
  keep_checkpoints(options.checkpoint, options.settings);
  check_outputs({options.model, options.report, options.convergence, options.checkpoint.path},
                {options.data.path, options.data.labels, options.test, options.test_labels, options.validation, options.validation_labels});
  return FitRun(options).run();
}

void add_outputs(CLI::App& command, FitOptions& options) {
  constexpr const char* group = "Output";
  add_output_option(command, "--model", options.model, "write the network, with all that is needed to use and to check it")->group(group);
  add_output_option(command, "--report", options.report, "write the report as JSON")->group(group);
  add_output_option(command, "--convergence", options.convergence, "write primal and dual against time as CSV")->group(group);
  command.add_flag("--json", options.json, "print the report as JSON instead of a summary")->group(group);
  command.add_flag("--quiet", options.quiet, "print no progress and no summary")->group(group);
}

}  // namespace

void add_fit(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("fit", "Train a network to its global optimum and prove it");
  const auto options = std::make_shared<FitOptions>();
  add_data_options(command, options->data);
  add_rank_order(command, options->data);
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
  add_checkpoint_options(command, options->checkpoint);
  add_outputs(command, *options);
  command.footer(example);
  command.callback([options, &action] { action = [options] { return run_fit(*options); }; });
}

}  // namespace neuspec::cli
