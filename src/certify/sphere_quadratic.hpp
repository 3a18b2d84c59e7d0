// The trust-region problem on the sphere, SPEC.md section 3: max over ‖u‖₂ = 1 of uᵀMu + qᵀu + t.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// ‖x‖₂ without overflow or underflow of the squares.
double norm_of(std::span<const double> x);

/// The bound is the Lagrangian dual μ + Σ g_i²/(μ − λ_i) + t, valid at every μ > λ_max, at the μ found, plus 8ε·(sum of the
/// magnitudes of its terms) for their rounding. From a matrix another (d + 8)·ε·(‖M‖₂ + ‖q‖₂ + |t|) covers the backward error of
/// the eigendecomposition and of g (ε = 2⁻⁵²).
struct SphereMaximum {
  double value = 0;       ///< attained at u (up to rounding)
  double bound = 0;       ///< proven upper bound on the maximum, rounding errors included
  std::vector<double> u;  ///< maximiser, ‖u‖ = 1; empty when it was not asked for
};

/// In the eigenbasis of M: `lambda` ascending, `g` = Vᵀq/2, both of size d ≥ 1. The maximiser is in that basis. O(d) per Newton step on the
/// secular equation; hard case included.
SphereMaximum sphere_quadratic_max(std::span<const double> lambda, std::span<const double> g, double t, bool with_maximiser);

/// M is d × d, column-major, lower triangle. 9 d³ flops for the eigendecomposition.
/// \throws DataError when the eigendecomposition does not converge, which finite input does not cause.
SphereMaximum sphere_quadratic_max(Index d, const double* M, const double* q, double t);

/// Both signs from one eigendecomposition: the maxima of +(uᵀMu + qᵀu + t) and of −(uᵀMu + qᵀu + t), each with its own value, bound and u.
std::pair<SphereMaximum, SphereMaximum> sphere_quadratic_extremes(Index d, const double* M, const double* q, double t);

}  // namespace neuspec
