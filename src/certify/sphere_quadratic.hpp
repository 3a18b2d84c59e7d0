// The trust-region problem on the sphere, docs/mathematics.md section 3, with its maximisers: max over ‖u‖₂ = 1 of uᵀMu + qᵀu + t.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// ‖x‖₂ without overflow or underflow of the squares.
double norm_of(std::span<const double> x);

/// A maximum and where: no proof that it is the largest value, see sphere_bound.hpp for that.
struct SphereMaximum {
  double value = 0;       ///< attained at u (up to rounding)
  std::vector<double> u;  ///< maximiser, ‖u‖ = 1
};

/// In the eigenbasis of M: `lambda` ascending, `g` = Vᵀq/2, both of size d ≥ 1. The maximiser is in that basis. O(d) per Newton step on the
/// secular equation; hard case included.
SphereMaximum sphere_quadratic_max(std::span<const double> lambda, std::span<const double> g, double t);

/// The maxima of +(uᵀMu + qᵀu + t) and of −(uᵀMu + qᵀu + t), each with its own value and u, from one eigendecomposition, 9 d³ flops. M is d × d,
/// column-major, lower triangle.
/// \throws DataError when the eigendecomposition does not converge, which finite input does not cause.
std::pair<SphereMaximum, SphereMaximum> sphere_quadratic_extremes(Index d, const double* M, const double* q, double t);

}  // namespace neuspec
