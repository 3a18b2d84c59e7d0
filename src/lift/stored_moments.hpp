// The moments form from sums that were stored: S and r of docs/mathematics.md section 5 without a sample.
#pragma once

#include <vector>

#include "neuspec/moments.hpp"

namespace neuspec {

/// Moments in units of powers of two: x' = x 2^−feature, y' = y 2^−target, w' = w 2^−weight.
struct ScaledMoments {
  const Moments& moments;
  int feature = 0, target = 0, weight = 0;
};

struct StoredLift {
  std::vector<double> S;   ///< Σ w ā āᵀ, p × p, both triangles
  std::vector<double> r;   ///< Σ w y ā, p × C
  std::vector<double> yy;  ///< Σ w y², C
};

/// With an intercept lifted samples and targets are less their means. All of it in double-double, rounded once: N⁴ 16/24 sums for the coordinates,
/// p² for S.
StoredLift lift_of(const Problem& problem, const ScaledMoments& data);

}  // namespace neuspec
