// Bounds of the trust-region problem on the sphere, docs/mathematics.md section 3, for both signs: what a certificate and a solver need of it.
// Without maximisers (sphere_quadratic.hpp) no eigenvectors either.
#pragma once

#include "device/sphere_maxima.hpp"

namespace neuspec {

/// Upper bounds that are proven whatever sphere_quadratic_maxima has rounded; 2/3 d³ flops more than it takes. M, q, t and errors as there.
///
/// If H = [μI − M, −g; −gᵀ, ω] has no eigenvalue below −δ, then zᵀHz ≥ −2δ at z = (u, 1), that is uᵀMu + qᵀu + t ≤ μ + ω + t + 2δ on the sphere.
/// μ and ω come from the tridiagonal form, both a little raised, and δ from a Cholesky factorisation of H that runs to its end: in any order of its
/// operations, blocked or not, RᵀR differs from H by γ_{N+1}|R|ᵀ|R| at most (N = d + 1; Higham, Accuracy and Stability of Numerical Algorithms,
/// theorem 10.3), hence λ_min(H) ≥ −γ_{N+1}/(1 − γ_{N+1}) tr H (Rump, Verification of positive definiteness, BIT 46, 2006). (N + 8) 2⁻⁵³ tr H
/// covers the rounding of H's own entries and quotients taken as products with reciprocals too. M and q are scaled by a power of two
/// beforehand: what falls below the normal numbers is nothing beside that. Where no attempt succeeds ‖M‖_F + ‖q‖ + |t| is the bound.
SphereBounds sphere_quadratic_bounds(Index d, const double* M, const double* q, double t);

}  // namespace neuspec
