/// \file evaluate.hpp
/// How well a network does on samples.
#pragma once

#include <optional>

#include "neuspec/network.hpp"

namespace neuspec::cli {

struct Scores {
  Index samples = 0;
  double loss = 0;                 ///< Σ ℓ(f(x_i), y_i), without the penalty
  double rmse = 0;                 ///< root of the mean of (f − y)² over samples and outputs
  std::optional<double> r2;        ///< 1 − Σ(f − y)² / Σ(y − ȳ)², ȳ per output; absent when the targets are constant
  std::optional<double> accuracy;  ///< share of samples put into the right class; absent when the targets are no classes
};

/// Targets are classes when all are −1 or +1: one output decides by its sign, several (one +1 a sample) by the largest.
Scores evaluate(const Network& network, const Loss& loss, const Dataset& data);

}  // namespace neuspec::cli
