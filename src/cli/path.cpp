#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>
#include <memory>

#include "cli/command.hpp"
#include "cli/cross_validation.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/path_table.hpp"
#include "cli/training.hpp"
#include "neuspec/error.hpp"

namespace neuspec::cli {
namespace {

constexpr const char* example =
    "Example: train at 20 values of beta from beta_max downwards, keep the network that is best on data not trained on:\n"
    "  neuspec path train.csv --target price --standardize --validation valid.csv -o path.csv --model net.json\n"
    "Each point starts from the one before and reuses what was computed from the data, so that a path costs little more\n"
    "than its last points. Ctrl-C keeps what is done.";

struct PathOptions {
  DataOptions data;
  ProblemOptions problem;
  Settings settings;
  int points = 20, folds = 0;
  std::string min_ratio = "0.001", betas, validation, validation_labels, output, model, report;
  bool json = false, quiet = false;
};

std::vector<double> betas_of(const PathOptions& options, const Problem& problem, const Dataset& data) {
  std::vector<double> betas;
  if (!options.betas.empty()) {
    for (const std::string& item : split_list("--betas", options.betas)) {
      betas.push_back(positive_number("--betas", item));
    }
    std::sort(betas.begin(), betas.end(), std::greater<>());
    betas.erase(std::unique(betas.begin(), betas.end()), betas.end());
    return betas;
  }
  const double ratio = positive_number("--beta-min-ratio", options.min_ratio);
  const double largest = positive_beta_max(problem, data, options.data.path);
  for (int i = 0; i < options.points; ++i) {
    betas.push_back(i == 0 ? largest : largest * std::pow(ratio, static_cast<double>(i) / (options.points - 1)));
  }
  return betas;
}

/// \throws UsageError, before any file is read
void check_options(const PathOptions& options) {
  if (!options.model.empty() && options.validation.empty() && options.folds == 0) {
    throw UsageError("--model keeps the best network on validation data: give them with --validation, or --folds");
  }
  if (!options.validation.empty() && options.folds != 0) {
    throw UsageError("give either --validation or --folds");
  }
  if (options.folds != 0 && options.folds < 2) {
    throw UsageError("--folds " + std::to_string(options.folds) + ": give an integer from 2");
  }
  if (options.points < 1 || options.points > 10000) {
    throw UsageError("--points " + std::to_string(options.points) + ": give an integer from 1 to 10000");
  }
  if (positive_number("--beta-min-ratio", options.min_ratio) >= 1) {
    throw UsageError("--beta-min-ratio '" + options.min_ratio + "': give a number above 0 and below 1");
  }
  for (const std::string& item : options.betas.empty() ? std::vector<std::string>() : split_list("--betas", options.betas)) {
    positive_number("--betas", item);
  }
  check_outputs({options.output, options.model, options.report},
                {options.data.path, options.data.labels, options.validation, options.validation_labels});
}

/// Trains and shows every point; the CSV is complete after each.
std::vector<PathPoint> trace(const PathOptions& options, const Problem& problem, const TrainingData& training,
                             const std::optional<Dataset>& validation, ProgressLine& line) {
  const std::vector<double> betas = betas_of(options, problem, training.data);
  catch_interrupts();
  std::vector<Scores> folds;
  if (options.folds > 0) {
    line.set_title(std::to_string(options.folds) + " folds ");
    folds = cross_validate(training.data, problem, betas, options.folds, options.settings, observer_of(line));
    line.clear();
  }
  const bool table = !options.quiet && !options.json;
  const auto set_title = [&](std::size_t point) { line.set_title(std::to_string(point) + "/" + std::to_string(betas.size()) + " "); };
  std::vector<PathPoint> points;
  const auto after_each = [&](const Result& result) {
    PathPoint point{result, evaluate(result.network, problem.loss, training.data), std::nullopt};
    if (validation) {
      point.validation = evaluate(result.network, problem.loss, *validation);
    } else if (points.size() < folds.size()) {
      point.validation = folds[points.size()];
    }
    line.clear();
    if (table) {
      std::cout << (points.empty() ? table_header(validation.has_value() || options.folds > 0) : "") << table_row(point) << std::flush;
    }
    points.push_back(std::move(point));
    if (!options.output.empty()) {
      write_text(options.output, path_csv(points));
    }
    set_title(points.size() + 1);
    return !interrupted();
  };
  set_title(1);
  fit_path(training.data, problem, betas, options.settings, after_each, observer_of(line));
  line.clear();
  return points;
}

void write_outputs(const PathOptions& options, const Problem& problem, const Preprocessing& preprocessing, const std::vector<PathPoint>& points) {
  const std::optional<std::size_t> best = best_point(points);
  const bool print = !options.quiet && !options.json;
  if (best && print) {
    std::cout << "best on " << (options.folds > 0 ? "samples left out" : options.validation) << ": beta "
              << rounded(points[*best].result.report.beta, 6) << ", " << scores_text(*points[*best].validation) << '\n';
  }
  if (best && !options.model.empty()) {
    model_of(points[*best].result, problem, preprocessing, options.data.path).save(options.model);
  }
  if (!options.report.empty()) {
    write_text(options.report, json_text(path_json(points)));
  }
  if (options.json) {
    std::cout << json_text(path_json(points));
  }
}

int run_path(const PathOptions& options) {
  check_options(options);
  const Problem problem = problem_of(options.problem);
  ProgressLine line(options.quiet);
  const Stopwatch reading;
  const TrainingData training = read_training(options.data, problem.loss);
  line.say(options.data.path + ": " + shape_text(training.data) + ", read in " + rounded(reading.seconds(), 2) + " s");
  std::optional<Dataset> validation;
  if (!options.validation.empty()) {
    validation = read_samples({options.validation, options.validation_labels, options.data.header, {}}, training.preprocessing, problem.loss);
  }
  const std::vector<PathPoint> points = trace(options, problem, training, validation, line);
  write_outputs(options, problem, training.preprocessing, points);
  const auto optimal = [](const PathPoint& point) { return point.result.report.status == Status::optimal; };
  return !interrupted() && std::all_of(points.begin(), points.end(), optimal) ? exit_optimal : exit_stopped;
}

void add_path_options(CLI::App& command, PathOptions& options) {
  command.add_option("--validation", options.validation, "file of samples on which the best beta is chosen")->type_name("FILE")->group("Data");
  command.add_option("--validation-labels", options.validation_labels, "file with the targets of --validation")->type_name("FILE")->group("Data");
  command.add_option("--folds", options.folds, "instead of --validation: leave out each of so many parts of the samples in turn (cross-validation)")
      ->type_name("INTEGER")
      ->group("Data");
  command.add_option("--points", options.points, "number of betas from 1 to 10000, spaced evenly in their logarithm, from beta_max downwards [20]")
      ->type_name("INTEGER")
      ->group("Path");
  command.add_option("--beta-min-ratio", options.min_ratio, "the last beta as a share of beta_max [0.001]")->type_name("NUMBER")->group("Path");
  command.add_option("--betas", options.betas, "these betas instead, comma-separated")->type_name("NUMBERS")->group("Path");
  command.add_option("-o,--output", options.output, "write the table as CSV")->type_name("FILE")->group("Output");
  command.add_option("--model", options.model, "write the network that is best on --validation")->type_name("FILE")->group("Output");
  command.add_option("--report", options.report, "write the reports of all points as JSON")->type_name("FILE")->group("Output");
  command.add_flag("--json", options.json, "print the reports as JSON instead of a table")->group("Output");
  command.add_flag("--quiet", options.quiet, "print no progress and no table")->group("Output");
}

}  // namespace

void add_path(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("path", "Train along a path of beta and choose the best on validation data");
  const auto options = std::make_shared<PathOptions>();
  add_data_options(command, options->data);
  add_problem_options(command, options->problem);
  add_path_options(command, *options);
  add_settings_options(command, options->settings);
  command.footer(example);
  command.callback([options, &action] { action = [options] { return run_path(*options); }; });
}

}  // namespace neuspec::cli
