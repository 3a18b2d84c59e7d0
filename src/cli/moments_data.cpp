#include "cli/moments_data.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "moments/index.hpp"
#include "neuspec/error.hpp"

namespace neuspec::cli {

Moments read_moments(const DataOptions& options) {
  const std::pair<bool, const char*> others[] = {{!options.targets.empty(), "--target"},
                                                 {!options.labels.empty(), "--labels"},
                                                 {options.one_vs_rest, "--one-vs-rest"},
                                                 {!options.window.empty(), "--downsample"},
                                                 {!options.class_weights.empty(), "--class-weights"}};
  for (const auto& [given, option] : others) {
    if (given) {
      throw UsageError(options.path + ": moments keep the targets they were made with; give " + option + " to 'neuspec accumulate'");
    }
  }
  Moments data = Moments::load(options.path);
  if (!options.features.empty()) {
    data.select(split_list("--features", options.features));
  }
  if (options.standardize) {
    data.standardize();
  }
  return data;
}

void check_sample_options(const DataOptions& options) {
  if (!options.features.empty()) {
    throw UsageError("--features chooses among those of a file of moments; " + options.path + " is none");
  }
}

Scores scores_from(const Moments& data, const Report& report, double penalty) {
  const MomentSums& sums = data.sums();
  Scores scores;
  scores.samples = data.samples();
  scores.loss = std::max(report.primal - penalty, 0.0);
  if (!data.preprocessing().class_weights.empty()) {
    return scores;
  }
  scores.rmse = std::sqrt(2 * scores.loss / (static_cast<double>(data.samples()) * static_cast<double>(data.targets())));
  double spread = 0;
  const DoubleDouble all = moment::get(sums.fourth, 0);
  for (Index k = 0; k < sums.targets; ++k) {
    const DoubleDouble sum = moment::get(sums.linear, k * moment::pairs(sums.features + 1));
    spread += std::max((moment::get(sums.squares, k) - sum * (sum / all)).value(), 0.0);
  }
  if (spread > 0) {
    scores.r2 = 1 - 2 * scores.loss / spread;
  }
  return scores;
}

}  // namespace neuspec::cli
