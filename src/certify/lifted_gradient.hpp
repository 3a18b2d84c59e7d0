// Γ(v) = Σ_i v_i A_i from raw data, docs/mathematics.md section 3.
#pragma once

#include <vector>

#include "distribute/ranks.hpp"
#include "neuspec/problem.hpp"

namespace neuspec {

/// Blocks of Γ for C outputs: M_k = a Xᵀdiag(v_k)X (d × d, lower triangle), q_k = b Xᵀv_k, t_k = c Σ v_k.
class LiftedGradient {
 public:
  Index features = 0, outputs = 0;
  std::vector<double> M;  ///< d × d × C, column-major; only the lower triangles mean anything
  std::vector<double> q;  ///< d × C
  std::vector<double> t;  ///< C

  LiftedGradient(const Activation& activation, Index features, Index outputs);

  static constexpr Index block_rows = 256;  ///< long enough for SYRK, short chains of additions

  /// Adds the part of `samples` rows of x (row-major n × d, `stride` from row to row) with dual values v (row-major n × C). n·d²·C flops.
  void accumulate(const double* x, Index stride, const double* v, Index samples);

  /// Adds the sums over other samples.
  void add(const LiftedGradient& part);

  /// Adds the sums over the samples of the other ranks; null: there are none.
  void add_ranks(const Ranks* ranks);

  /// How far rounding in the sums can have moved uᵀM_k u + q_kᵀu + t_k for any ‖u‖ = 1: (length of the longest chain of additions)·2⁻⁵³·
  /// Σ_i |v_i| (|a|‖x_i‖² + |b|‖x_i‖ + |c|), and what products below the normal numbers lose. `of_v`: further relative errors of v, in units of
  /// 2⁻⁵³; v_i may also have lost as many times 2⁻¹⁰⁷⁴.
  double rounding(Index output, Index of_v = 0) const;

 private:
  /// Sums over the samples of |v_i|, |v_i|‖x_i‖ and |v_i|‖x_i‖², an output.
  struct Magnitude {
    double v = 0, linear = 0, quadratic = 0;
  };
  void add_rows(const double* x, Index stride, const double* v, Index rows);

  Activation activation_;
  Index depth_ = 0, longest_block_ = 0;  ///< the longest chain of additions has at most their sum
  Index samples_ = 0;
  double lengths_ = 0, squares_ = 0;  ///< Σ ‖x_i‖, Σ ‖x_i‖²
  std::vector<Magnitude> magnitude_;  ///< C
};

}  // namespace neuspec
