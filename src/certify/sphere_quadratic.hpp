// The trust-region problem on the sphere, SPEC.md section 3: max over ‖u‖₂ = 1 of uᵀMu + qᵀu + t.
#pragma once

#include <span>
#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec {

struct SphereMaximum {
  double value = 0;       ///< attained at u (up to rounding)
  double bound = 0;       ///< proven upper bound on the maximum, from the Lagrangian dual, rounding errors included
  std::vector<double> u;  ///< maximiser, ‖u‖ = 1; empty when it was not asked for
};

/// In the eigenbasis of M: `lambda` ascending, `g` = Vᵀq/2. The maximiser is in that basis. O(d) per Newton step on the secular equation; hard case included.
SphereMaximum sphere_quadratic_max(std::span<const double> lambda, std::span<const double> g, double t, bool with_maximiser);

/// M is d × d, column-major, lower triangle. 9 d³ flops for the eigendecomposition.
SphereMaximum sphere_quadratic_max(Index d, const double* M, const double* q, double t);

/// Both signs from one eigendecomposition: first ±(…) with +, second with −. Each bound covers its own sign.
std::pair<SphereMaximum, SphereMaximum> sphere_quadratic_extremes(Index d, const double* M, const double* q, double t);

}  // namespace neuspec
