// What rounding can do: fl(x ∘ y) = (x ∘ y)(1 + δ) + μ with |δ| ≤ u = 2⁻⁵³, and |μ| ≤ 2⁻¹⁰⁷⁵ of a product or quotient that falls below the normal
// numbers. Sums and differences have no μ.
#pragma once

#include <cmath>

#include "neuspec/dataset.hpp"

namespace neuspec::rounding {

constexpr double u = 0x1p-53;
constexpr double least = 0x1p-1074;  ///< the least positive number

/// At least x (1 + k u), for x ≥ 0 and 0 ≤ k ≤ 2⁴⁰; 0 of 0 alone.
inline double raised(double x, double k) { return x == 0 ? 0 : x * (1 + (k + 4) * u) + least; }

/// Relative error in units of u of a compensated sum of n terms of one sign (numeric/compensated_sum.hpp).
inline double of_sum(Index n) { return 2 + static_cast<double>(n) * (static_cast<double>(n) * u); }

/// ‖x‖₂ to a relative error of (d + 8) u, also where squares overflow or vanish.
inline double length(const double* x, Index d) {
  double square = 0;
#pragma omp simd reduction(+ : square)
  for (Index l = 0; l < d; ++l) square += x[l] * x[l];
  if (square > 0x1p-900 && square < 0x1p1000) return std::sqrt(square);
  double largest = 0;
  for (Index l = 0; l < d; ++l) largest = std::fmax(largest, std::fabs(x[l]));
  if (largest == 0) return 0;
  square = 0;
  for (Index l = 0; l < d; ++l) square += (x[l] / largest) * (x[l] / largest);
  return largest * std::sqrt(square) + least;
}

}  // namespace neuspec::rounding
