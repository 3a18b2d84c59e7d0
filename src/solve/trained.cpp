#include "solve/trained.hpp"

#include <cmath>
#include <limits>

#include "neuspec/error.hpp"
#include "neuspec/version.hpp"
#include "text/number.hpp"

namespace neuspec {

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

Model model_of(const Result& result, const Problem& problem, const Preprocessing& preprocessing, const std::string& origin) {
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
  model.provenance = "trained on " + origin + " (" + std::to_string(result.report.samples) + " samples) by neuspec " NEUSPEC_VERSION;
  return model;
}

void require_finite(const Report& report) {
  if (!std::isfinite(report.primal) || !std::isfinite(report.dual) || !std::isfinite(report.relative_gap)) {
    throw DataError("the objective or its bound is no finite number at beta " + format_rounded(report.beta, 6, Rounding::nearest) +
                    ": features or targets are too large or too small to be reckoned with");
  }
}

}  // namespace neuspec
