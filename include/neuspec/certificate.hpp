/// \file certificate.hpp
/// The proof of optimality, docs/mathematics.md section 3. Computed in double from the raw data and the network alone.
#pragma once

#include "neuspec/network.hpp"

namespace neuspec NEUSPEC_API {

/// primal = P(f); dual = g(τv) for v = ∇ℓ(f) scaled into the dual feasible set, a proven lower bound on the optimum of (P).
struct Certificate {
  double primal = 0;        ///< proven upper bound on Σ ℓ(f(x_i), y_i) + β Σ|α_j| of the exact network, tight to rounding; units of the loss
  double dual = 0;          ///< proven lower bound, including every rounding error of κ
  double unit = 1;          ///< `objective_unit`
  double relative_gap = 0;  ///< (primal − dual) / max(|primal|, unit); the largest number if primal < dual, which only faulty arithmetic can cause
  double kappa = 0;         ///< proven upper bound on max over ‖u‖ = 1 and outputs of |Σ_i v_i σ(uᵀx_i)|, tight to rounding
  /// Of a proof from moments (neuspec/moments.hpp): by how much primal and dual together are further apart than the stored sums, taken for exact,
  /// would have them; 0 of a proof from samples, whose rounding is below what is told.
  double rounding = 0;
};

/// The least that gaps are measured in: min(1, the loss of the best network without neurons), so that an objective is not called small before it is
/// small beside that of a network that has learnt nothing. Its predictions are 0 or, with an intercept, the best constants; where there are none
/// because every label is the same, 0. A pass over the targets, three with an intercept; of absolute and Huber loss, where that is below 4, as many
/// as the best intercept takes. \throws DataError when a label is none of the loss's
double objective_unit(const Problem& problem, const Source& data);

/// (primal − dual) / max(|primal|, unit), 0 where they are equal.
double relative_gap(double primal, double dual, double unit);

/// Proves how far `network`, its directions brought to exact unit length, is from the optimum of (P) on `data`. One pass over the data, 2·n·d·m +
/// n·d²·C flops (n·f²·C a patch of a convolution), and for losses other than squared one over the targets. Each output has its own multiple τ_k where
/// the loss does not couple them. `dual_vector` (row-major n × C, or empty) takes the place of ∇ℓ(f) for losses other than squared: at the kinks of
/// absolute and hinge loss there is no gradient, and a proof needs the v that the solver found (Result::dual_vector). Whatever it holds, the bound is
/// proven. With an intercept (Problem::bias) v is first brought to Σ_i v_i = 0 in every output, without which nothing bounds the optimum. \throws
/// DataError when shapes disagree, a value is not finite, a label is none of the loss's or a direction is no unit vector, UsageError when β or the
/// activation is not usable, EnvironmentError when memory does not suffice.
Certificate certify(const Network& network, const Problem& problem, const Source& data, const std::vector<double>& dual_vector = {});

/// β_max: the smallest β for which the zero network is optimal (docs/mathematics.md section 1), rounded up so that it is proven optimal there. With
/// an intercept it is the best constant that is optimal from there on; where the loss has kinks at it, β_max is an upper bound on the smallest such
/// β. \throws as `certify`.
double beta_max(const Problem& problem, const Source& data);

}  // namespace neuspec NEUSPEC_API
