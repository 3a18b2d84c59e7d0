// The intercept of an output that is not penalised, SPEC.md section 3: its best value beside given predictions, and its condition on dual vectors.
#pragma once

#include <span>
#include <vector>

#include "neuspec/problem.hpp"

namespace neuspec {

struct Intercept {
  double b = 0;           ///< argmin over b of Σ_i w_i ℓ(f_i + b, y_i), for a loss that does not couple outputs
  std::vector<double> v;  ///< w_i times a subgradient of ℓ at f_i + b, such that Σ v is 0 as far as `balance` can make it
};

/// Predictions and targets of one output; `weights` is empty where all are 1. Where no best b exists (labels of one class), one that gives nothing
/// away in double. A few passes over the samples, of a loss with kinks about 60.
Intercept best_intercept(const Loss& loss, std::span<const double> f, std::span<const double> y, std::span<const double> weights);

/// Makes Σ_i v_i (every `stride`-th number of `samples`) zero by scaling down its positive or its negative part, whichever is larger, which no domain
/// of a conjugate forbids, for each of them holds 0 and is convex. There is then a v' with Σ v' = 0 exactly and |v'_i| ≤ |v_i|, which differs from v
/// by the fraction `balance_rounding` of each entry at most, while samples are fewer than 2²⁶: the compensated sums' 2·(2·2⁻⁵³), the quotient's and
/// the products' 2⁻⁵³ each, and the sums' n²·2⁻¹⁰⁶.
void balance(Index samples, Index stride, double* v);
inline constexpr int balance_rounding = 8;  ///< in units of 2⁻⁵³

}  // namespace neuspec
