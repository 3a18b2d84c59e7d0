// The trust-region problem on the sphere by its tridiagonal form, docs/mathematics.md section 3: what the CPU's device and the certificate share.
#pragma once

#include <limits>
#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// Bounds on the maxima of +(uᵀMu + qᵀu + t) and of −(uᵀMu + qᵀu + t) over ‖u‖₂ = 1.
struct SphereBounds {
  double plus = 0, minus = 0;
};

/// The maxima to rounding, for progress and for choices; proven bounds are those of certify/sphere_bound.hpp. M is d × d, column-major, lower
/// triangle, d ≥ 1. 4/3 d³ flops.
///
/// The least of the Lagrangian dual h(μ) = μ + gᵀ(μI − M)⁻¹g + t with g = q/2, which bounds the maximum for every μ > λ_max. Householder reflections
/// bring [t gᵀ; g M] to tridiagonal form; the first one turns g into ‖g‖ e₁, so that the quadratic form is the continued fraction ‖g‖²/δ₁,
/// δ_i = μ − T_ii − T²_{i,i+1}/δ_{i+1}, all δ_i > 0 exactly if μ > λ_max(T) (Golub and Van Loan, Matrix Computations, section 8.4).
/// \throws DataError when LAPACK's eigenvalues do not converge, which finite input does not cause.
SphereBounds sphere_quadratic_maxima(Index d, const double* M, const double* q, double t);

namespace sphere {

/// [t gᵀ; g M] divided by a power of two, such that neither squares nor inverses overflow and none that matters vanishes. Column-major, lower
/// triangle.
struct Bordered {
  std::vector<double> entries;
  double t = 0, scale = 1;  // t divided by it
};

Bordered bordered(Index d, const double* M, const double* q, double t);

/// T and g = (border, 0, …, 0) of M and g.
struct Tridiagonal {
  std::vector<double> diagonal, off;
  double border = 0, lowest = 0, highest = 0;  // ‖g‖, extreme eigenvalues of T
};

/// Of the `entries` of a bordered matrix, which are lost.
Tridiagonal reduce(Index d, std::vector<double>& entries);

/// Where h is least, to rounding.
struct Minimum {
  double mu = 0, quadratic = std::numeric_limits<double>::infinity();  // gᵀ(μI − T)⁻¹g
  double value() const { return mu + quadratic; }
};

Minimum least_dual(const Tridiagonal& T, double sign);

}  // namespace sphere
}  // namespace neuspec
