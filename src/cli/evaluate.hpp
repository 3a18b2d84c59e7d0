/// \file evaluate.hpp
/// How well a network does on samples.
#pragma once

#include <optional>

#include "neuspec/network.hpp"

namespace neuspec::cli {

struct Scores {
  Index samples = 0;
  double loss = 0;  ///< Σ ℓ(f(x_i), y_i), without the penalty

  // Of numbers: absent for losses of classes, whose outputs are no estimates of the targets.
  std::optional<double> rmse;  ///< root of the mean of (f − y)² over samples and outputs
  std::optional<double> r2;    ///< 1 − Σ(f − y)² / Σ(y − ȳ)², ȳ per output; absent when the targets are constant too

  // Of classes; absent when the targets are none.
  std::optional<double> accuracy;  ///< share of samples put into the right class
  std::optional<double> f1;        ///< 2 tp/(2 tp + fp + fn) of the class +1, or its mean over several classes
  std::optional<double> auc;       ///< share of pairs of a class and the rest that its output ranks rightly, ties half; mean over several classes
};

/// Targets are classes when all are −1 or +1, or 0 or 1 for softmax: one output decides by its sign, several (one +1 a sample) by the largest.
Scores evaluate(const Network& network, const Loss& loss, const Dataset& data);

}  // namespace neuspec::cli
