#include "cli/training.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "neuspec/certificate.hpp"
#include "neuspec/error.hpp"
#include "neuspec/version.hpp"

namespace neuspec::cli {

namespace {
double positive(double beta) {
  // beta_max is bounded from above, rounding included: targets that are all zero still give the smallest of numbers.
  constexpr double smallest = std::numeric_limits<double>::min() / std::numeric_limits<double>::epsilon();
  if (!(beta > smallest)) {
    throw DataError("no network does better than the zero network at any beta (are all targets zero?); there is no beta to start from");
  }
  return beta;
}
}  // namespace

double positive_beta_max(const Problem& problem, const Source& data) { return positive(beta_max(problem, data)); }
double positive_beta_max(const Problem& problem, const Moments& data) { return positive(beta_max(problem, data)); }

Model model_of(const Result& result, const Problem& problem, const Preprocessing& preprocessing, const std::string& path) {
  Model model;
  model.network = result.network;
  model.problem = problem;
  model.problem.beta = result.report.beta;
  model.preprocessing = preprocessing;
  model.primal = result.report.primal;
  model.dual = result.report.dual;
  model.relative_gap = result.report.relative_gap;
  model.dual_vector = result.report.dual_vector;
  model.status = name(result.report.status);
  model.provenance = "trained on " + path + " (" + std::to_string(result.report.samples) + " samples) by neuspec " NEUSPEC_VERSION;
  return model;
}

std::string shape_text(Index samples, Index features, Index outputs) {
  const auto count = [](Index number, const char* thing) { return std::to_string(number) + " " + thing + (number == 1 ? "" : "s"); };
  return count(samples, "sample") + ", " + count(features, "feature") + ", " + count(outputs, "output");
}

void require_finite(const Report& report) {
  if (!std::isfinite(report.primal) || !std::isfinite(report.dual) || !std::isfinite(report.relative_gap)) {
    throw DataError("the objective or its bound is no finite number at beta " + rounded(report.beta, 6) +
                    ": features or targets are too large or too small to be reckoned with");
  }
}

Settings with_time_left(Settings settings, const Stopwatch& clock) {
  constexpr double least = 1e-3;  // of the limit: a solve that begins late still gives a network with a proven gap
  settings.time_limit = std::max(settings.time_limit - clock.seconds(), least * settings.time_limit);
  return settings;
}

Observer observer_of(ProgressLine& line) {
  return [&line, told = false](const Progress& state) mutable {
    listen();
    line.show(state);
    if (interrupted() && !told) {
      line.finish();
      line.say("stopping: the best network so far is certified and saved (once more Ctrl-C ends at once)");
      told = true;
    }
    return !interrupted();
  };
}

Observer display_of(ProgressLine& line) {
  return [&line](const Progress& state) {
    line.show(state);
    return true;
  };
}

}  // namespace neuspec::cli
