// Proven bounds of the trust-region problem on the sphere, docs/mathematics.md section 3, for both signs: what a certificate needs of it. Without
// maximisers (sphere_quadratic.hpp) no eigenvectors either.
#pragma once

#include "neuspec/dataset.hpp"

namespace neuspec {

/// Upper bounds on the maxima of +(uᵀMu + qᵀu + t) and of −(uᵀMu + qᵀu + t) over ‖u‖₂ = 1, rounding errors included.
struct SphereBounds {
  double plus = 0, minus = 0;
};

/// M is d × d, column-major, lower triangle, d ≥ 1. 4/3 d³ flops.
///
/// The bound is the Lagrangian dual h(μ) = μ + gᵀ(μI − M)⁻¹g + t with g = q/2, which bounds the maximum for every μ > λ_max, at nearly its least.
/// Householder reflections bring [t gᵀ; g M] to tridiagonal form; the first one turns g into ‖g‖ e₁, so that the quadratic form is the continued
/// fraction ‖g‖²/δ₁, δ_i = μ − T_ii − T²_{i,i+1}/δ_{i+1}, all δ_i > 0 exactly if μ > λ_max(T) (Golub and Van Loan, Matrix Computations, section 8.4).
///
/// Rounding (ε = 2⁻⁵²): computed δ_i are the exact ones of a T whose diagonal differs by 4 roundings of μ − T_ii at most, and the maximum moves no
/// further than T does: 2ε(|μ| + ‖T‖₂). Another 8ε(|μ| + ‖g‖²/δ₁ + |t|) covers the terms and their sum, (d + 8)ε(‖M‖₂ + ‖q‖₂ + |t|) the backward
/// error of the reduction. \throws DataError when LAPACK's eigenvalues do not converge, which finite input does not cause.
SphereBounds sphere_quadratic_bounds(Index d, const double* M, const double* q, double t);

}  // namespace neuspec
