#include "cli/training.hpp"

#include <limits>

#include "cli/interrupt.hpp"
#include "neuspec/certificate.hpp"
#include "neuspec/error.hpp"
#include "neuspec/version.hpp"

namespace neuspec::cli {

double positive_beta_max(const Problem& problem, const Source& data, const std::string& path) {
  // beta_max is bounded from above, rounding included: targets that are all zero still give the smallest of numbers.
  constexpr double smallest = std::numeric_limits<double>::min() / std::numeric_limits<double>::epsilon();
  const double beta = beta_max(problem, data);
  if (!(beta > smallest)) {
    throw DataError(path + ": no network does better than the zero network at any beta (are all targets zero?); there is no beta to start from");
  }
  return beta;
}

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

std::string shape_text(const Dataset& data) {
  const auto count = [](Index number, const char* thing) { return std::to_string(number) + " " + thing + (number == 1 ? "" : "s"); };
  return count(data.samples(), "sample") + ", " + count(data.features(), "feature") + ", " + count(data.targets(), "output");
}

Observer observer_of(ProgressLine& line) {
  return [&line, told = false](const Progress& state) mutable {
    line.show(state);
    if (interrupted() && !told) {
      line.finish();
      line.say("stopping: the best network so far is certified and saved (once more Ctrl-C ends at once)");
      told = true;
    }
    return !interrupted();
  };
}

}  // namespace neuspec::cli
