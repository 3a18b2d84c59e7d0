// Γ(v) = Σ_i v_i A_i from raw data, SPEC.md section 3.
#pragma once

#include <vector>

#include "neuspec/problem.hpp"

namespace neuspec {

/// Blocks of Γ for C outputs: M_k = a Xᵀdiag(v_k)X (d × d, lower triangle), q_k = b Xᵀv_k, t_k = c Σ v_k.
struct LiftedGradient {
  Index features = 0, outputs = 0;
  std::vector<double> M;  ///< d × d × C
  std::vector<double> q;  ///< d × C
  std::vector<double> t;  ///< C

  LiftedGradient(Index features, Index outputs);

  /// Adds the part of `samples` rows of x (row-major n × d) with dual values v (row-major n × C). n·d²·C flops.
  void accumulate(const Activation& activation, const double* x, const double* v, Index samples);
};

}  // namespace neuspec
