#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>

#include "cli/command.hpp"
#include "cli/cross_validation.hpp"
#include "cli/failure.hpp"
#include "cli/interrupt.hpp"
#include "cli/moments_data.hpp"
#include "cli/output.hpp"
#include "cli/path_table.hpp"
#include "cli/ranks.hpp"
#include "cli/training.hpp"
#include "neuspec/error.hpp"
#include "read/range.hpp"
#include "solve/observed_path.hpp"
#include "threads/parallel.hpp"

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
  Settings settings{.kept_device = std::make_shared<KeptDevice>()};  // of all folds, layers and fits
  int points = 20, folds = 0;
  std::string min_ratio = "0.001", betas, validation, validation_labels, output, model, report;
  bool json = false, quiet = false;
};

template <class Data>
std::vector<double> betas_of(const PathOptions& options, const Problem& problem, const Data& data) {
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
  const double largest = positive_beta_max(problem, data);
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
}

/// A path in progress and the files it leaves. Each point is in them as soon as it is there.
class PathRun {
 public:
  explicit PathRun(const PathOptions& options) : options_(options), problem_(problem_of(options.problem)), line_(options.quiet) {}

  int run() {
    outlive_readers();
    hold_time_limit(options_.settings.time_limit);
    const ThreadScope threads(options_.settings.threads);
    read();
    betas_ = in_file(options_.data.path,
                     [&] { return moments_ ? betas_of(options_, problem_, *moments_) : betas_of(options_, problem_, *training_.data); });
    if (options_.folds > 0 && !score_folds()) {
      if (is_first_rank()) std::cerr << "neuspec: the limit of time passed before all folds were done; nothing was saved\n";
      return exit_stopped;
    }
    try {
      trace();
    } catch (...) {
      if (points_.empty()) {
        throw;
      }
      failure_ = std::current_exception();
    }
    line_.clear();
    finish();
    if (failure_) {
      rethrow(failure_, is_first_rank() ? saved_text() : "");
    }
    return points_.size() == betas_.size() && unproven_fits(points_) == 0 ? exit_optimal : exit_stopped;
  }

 private:
  bool printing() const { return !options_.quiet && !options_.json; }

  void read() {
    const bool of_moments = Moments::is_file(options_.data.path);
    if (of_moments && options_.folds > 0) {
      throw UsageError("--folds leaves out samples; moments have none: give --validation, or moments of all but a part, with 'neuspec merge'");
    }
    if (of_moments) {
      moments_ = read_moments(options_.data);
      training_.preprocessing = moments_->preprocessing();
    } else {
      check_sample_options(options_.data);
      training_ = read_training(options_.data, problem_.loss, options_.settings, ranks());
    }
    line_.say(options_.data.path + ": " +
              (moments_ ? shape_text(*moments_) : shape_text(training_.samples, training_.data->features(), training_.data->targets())) +
              ", read in " + rounded(clock_.seconds(), 2) + " s");
    if (!options_.validation.empty()) {
      validation_ = read_samples({options_.validation, options_.validation_labels, options_.data.header, {}, memory_of_samples(options_.settings)},
                                 training_.preprocessing, problem_.loss);
      in_file(options_.validation, [&] { check_range(*validation_); });
    }
  }

  bool score_folds() {
    line_.set_title(std::to_string(options_.folds) + " folds ");
    const auto folds = in_file(options_.data.path, [&] {
      return cross_validate(*training_.data, problem_, betas_, options_.folds, options_.settings, clock_, display_of(line_));
    });
    line_.clear();
    folds_ = folds.value_or(std::vector<FoldScores>());
    return folds.has_value();
  }

  void trace() {
    set_title();
    const auto after_each = [this](const Result& result, const Source& data) {
      require_finite(result.report);
      return add(result, evaluate(result.network, problem_.loss, data));
    };
    const auto after_each_of_moments = [this](const Result& result) {
      require_finite(result.report);
      return add(result, scores_from(*moments_, result.report, result.report.beta * result.network.penalty()));
    };
    const Settings settings = with_what_is_left(options_.settings, clock_);
    in_file(options_.data.path, [&] {
      moments_ ? fit_path(*moments_, problem_, betas_, settings, after_each_of_moments, observer_of(line_))
               : fit_observed_path(*training_.data, problem_, betas_, settings, after_each, observer_of(line_));
    });
  }

  void set_title() { line_.set_title(std::to_string(points_.size() + 1) + "/" + std::to_string(betas_.size()) + " "); }

  /// Whether the path goes on.
  bool add(const Result& result, const Scores& scores) {
    points_.push_back({result, scores, std::nullopt, options_.folds, {}});
    PathPoint& point = points_.back();
    if (points_.size() <= folds_.size()) {
      point.validation = folds_[points_.size() - 1].scores;
      point.unproven = folds_[points_.size() - 1].unproven;
    }
    if (validation_) {
      validate(point);
    }
    line_.clear();
    if (printing()) {
      std::cout << (points_.size() == 1 ? table_header(validation_ != nullptr || options_.folds > 0) : "") << table_row(point) << std::flush;
    }
    save();
    set_title();
    return !failure_ && !interrupted();
  }

  /// A point is whole without these scores: what keeps them from being computed is told when everything is saved.
  void validate(PathPoint& point) {
    try {
      point.validation = in_file(options_.validation, [&] { return evaluate(point.result.network, problem_.loss, *validation_); });
    } catch (const DataError&) {
      failure_ = std::current_exception();
    }
  }

  void save() const {
    if (!options_.model.empty() && best_point(points_) == points_.size() - 1) {
      model_of(points_.back().result, problem_, training_.preprocessing, options_.data.path).save(options_.model);
    }
    if (!options_.output.empty()) {
      write_text(options_.output, path_csv(points_));
    }
    note_saved(saved_text());
  }

  std::string saved_text() const {
    std::string text = options_.output.empty() ? "" : "the points before are in " + options_.output;
    if (!options_.model.empty() && best_point(points_)) {
      text += (text.empty() ? "" : ", ") + std::string("the best network of them is in ") + options_.model;
    }
    return text.empty() ? "nothing was to be saved" : text;
  }

  void finish() const {
    const std::optional<std::size_t> best = best_point(points_);
    if (best && printing()) {
      std::cout << "best on " << (options_.folds > 0 ? "samples left out" : options_.validation) << ": beta "
                << rounded(points_[*best].result.report.beta, 6) << ", " << scores_text(*points_[*best].validation) << '\n'
                << choice_text(points_) << std::flush;
    }
    if (!options_.report.empty()) {
      write_text(options_.report, json_text(path_json(points_)));
    }
    if (options_.json) {
      std::cout << json_text(path_json(points_));
    }
  }

  const PathOptions& options_;
  const Stopwatch clock_;
  const Problem problem_;
  ProgressLine line_;
  TrainingData training_;
  std::optional<Moments> moments_;  // in place of samples
  std::shared_ptr<const Source> validation_;
  std::vector<double> betas_;
  std::vector<FoldScores> folds_;
  std::vector<PathPoint> points_;
  std::exception_ptr failure_;
};

/// Moments are samples no more: rank 0 does that alone.
bool is_shared(const PathOptions& options) { return !Moments::is_file(options.data.path); }

/// Of ranks that leave printing, files and what is tried on other data to the first.
PathOptions silent(PathOptions options) {
  options.validation = options.output = options.model = options.report = "";
  options.json = false;
  options.quiet = true;
  return options;
}

int run_path(const PathOptions& options) {
  check_options(options);
  if (!is_first_rank()) return is_shared(options) ? PathRun(silent(options)).run() : static_cast<int>(exit_optimal);
  check_outputs({options.output, options.model, options.report},
                {options.data.path, options.data.labels, options.validation, options.validation_labels});
  return PathRun(options).run();
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
  add_output_option(command, "-o,--output", options.output, "write the table as CSV")->group("Output");
  add_output_option(command, "--model", options.model, "write the network that is best on --validation")->group("Output");
  add_output_option(command, "--report", options.report, "write the reports of all points as JSON")->group("Output");
  command.add_flag("--json", options.json, "print the reports as JSON instead of a table")->group("Output");
  command.add_flag("--quiet", options.quiet, "print no progress and no table")->group("Output");
}

}  // namespace

void add_path(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("path", "Train along a path of beta and choose the best on validation data");
  const auto options = std::make_shared<PathOptions>();
  add_data_options(command, options->data);
  add_rank_order(command, options->data);
  add_problem_options(command, options->problem);
  add_path_options(command, *options);
  add_settings_options(command, options->settings);
  command.footer(example);
  command.callback([options, &action] { action = [options] { return run_path(*options); }; });
}

}  // namespace neuspec::cli
