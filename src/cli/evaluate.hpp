/// \file evaluate.hpp
/// How well a network does on samples.
#pragma once

#include <optional>
#include <vector>

#include "distribute/ranks.hpp"
#include "neuspec/network.hpp"

namespace neuspec::cli {

/// Scores that are not defined for the samples are absent, never 0 or not a number.
struct Scores {
  Index samples = 0;
  double loss = 0;  ///< Σ ℓ(f(x_i), y_i), without the penalty

  // Of numbers: absent for losses of classes, whose outputs are no estimates of the targets.
  std::optional<double> rmse;  ///< root of the mean of (f − y)² over samples and outputs
  std::optional<double> r2;    ///< 1 − Σ(f − y)² / Σ(y − ȳ)², ȳ per output; absent when every output's targets are constant

  // Of classes; absent when the targets are none.
  std::optional<double> accuracy;  ///< share of samples put into the right class
  /// 2 tp/(2 tp + fp + fn) of the class +1, or its mean over several classes. A class that is neither there nor predicted has none.
  std::optional<double> f1;
  /// Share of pairs of a class and the rest that its output ranks rightly, ties half; mean over several classes. A class without such pairs has none.
  std::optional<double> auc;
};

/// \throws DataError naming sample and output of the first value, row-major n × outputs, that is not finite; samples are counted after `before`
/// others
void require_finite(const std::vector<double>& f, Index outputs, Index before = 0);

/// Outputs of a network for all samples of a source, of ranks for each one's own: row-major n × C. \throws DataError when one is not finite, naming
/// sample, counted over all ranks, and output
std::vector<double> outputs_of(const Network& network, const Source& data);

/// All that a source has beside features.
struct Targets {
  Index outputs = 0;
  std::vector<double> y;         ///< row-major n × outputs
  std::vector<double> weights;   ///< n, or none
  const Ranks* ranks = nullptr;  ///< where these are one rank's part …
  Index before = 0;              ///< … samples of the ranks before it
  Index samples() const { return static_cast<Index>(y.size()) / outputs; }
};
Targets targets_of(const Source& data);

/// Scores of the outputs `f` of a network, or of each sample's own network. Targets are classes when all are −1 or +1, or 0 or 1 for softmax: one
/// output decides by its sign, several (one +1 a sample) by the largest. Of ranks the scores are those of all their samples: sums, and for the area
/// under the curve one output's numbers at a time on rank 0; collective. \throws DataError when a score is not finite, naming the worst sample
Scores score(const std::vector<double>& f, const Loss& loss, const Targets& data);

/// Both; of ranks collective, and in a fixed order the bits of one process, on rank 0 alone. \throws DataError as they do
Scores evaluate(const Network& network, const Loss& loss, const Source& data);

}  // namespace neuspec::cli
