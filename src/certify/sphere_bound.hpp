// Bounds of the trust-region problem on the sphere, docs/mathematics.md section 3, for both signs: what a certificate and a solver need of it.
// Without maximisers (sphere_quadratic.hpp) no eigenvectors either.
#pragma once

#include "neuspec/dataset.hpp"

namespace neuspec {

/// Bounds on the maxima of +(uᵀMu + qᵀu + t) and of −(uᵀMu + qᵀu + t) over ‖u‖₂ = 1.
struct SphereBounds {
  double plus = 0, minus = 0;
};

/// The maxima to rounding, for progress and for choices. M is d × d, column-major, lower triangle, d ≥ 1. 4/3 d³ flops.
///
/// The least of the Lagrangian dual h(μ) = μ + gᵀ(μI − M)⁻¹g + t with g = q/2, which bounds the maximum for every μ > λ_max. Householder reflections
/// bring [t gᵀ; g M] to tridiagonal form; the first one turns g into ‖g‖ e₁, so that the quadratic form is the continued fraction ‖g‖²/δ₁,
/// δ_i = μ − T_ii − T²_{i,i+1}/δ_{i+1}, all δ_i > 0 exactly if μ > λ_max(T) (Golub and Van Loan, Matrix Computations, section 8.4).
/// \throws DataError when LAPACK's eigenvalues do not converge, which finite input does not cause.
SphereBounds sphere_quadratic_maxima(Index d, const double* M, const double* q, double t);

/// Upper bounds that are proven whatever the former has rounded; 2/3 d³ flops more.
///
/// If H = [μI − M, −g; −gᵀ, ω] has no eigenvalue below −δ, then zᵀHz ≥ −2δ at z = (u, 1), that is uᵀMu + qᵀu + t ≤ μ + ω + t + 2δ on the sphere.
/// μ and ω come from the tridiagonal form, both a little raised, and δ from a Cholesky factorisation of H that runs to its end: in any order of its
/// operations, blocked or not, RᵀR differs from H by γ_{N+1}|R|ᵀ|R| at most (N = d + 1; Higham, Accuracy and Stability of Numerical Algorithms,
/// theorem 10.3), hence λ_min(H) ≥ −γ_{N+1}/(1 − γ_{N+1}) tr H (Rump, Verification of positive definiteness, BIT 46, 2006). (N + 8) 2⁻⁵³ tr H
/// covers the rounding of H's own entries and quotients taken as products with reciprocals too. M and q are scaled by a power of two
/// beforehand: what falls below the normal numbers is nothing beside that. Where no attempt succeeds ‖M‖_F + ‖q‖ + |t| is the bound.
SphereBounds sphere_quadratic_bounds(Index d, const double* M, const double* q, double t);

}  // namespace neuspec
