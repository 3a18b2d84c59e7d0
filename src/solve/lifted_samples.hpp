// All samples lifted, in the host's memory: what an interior-point method works on.
#pragma once

#include <vector>

#include "neuspec/network.hpp"

namespace neuspec {

/// The packed A_i of docs/mathematics.md section 2, those of every pool below one another, of the samples whose weight is not 0.
struct LiftedSamples {
  Index n = 0, N = 0, pools = 0, outputs = 0, samples = 0;  ///< n of the source's `samples`
  std::vector<double> A;                                    ///< p·B × n
  std::vector<double> y;                                    ///< n × C, column-major
  std::vector<double> weights;                              ///< n
  std::vector<Index> position;                              ///< n: in the source

  LiftedSamples(const Problem& problem, const Source& source);

  Index p() const { return N * (N + 1) / 2; }
  Index rows() const { return p() * pools; }
  const double* lifted(Index i, Index pool) const { return A.data() + i * rows() + pool * p(); }
  const double* targets(Index output) const { return y.data() + output * n; }
  /// f = Σ_b ⟨A_ib, D_b⟩ for D (p·B).
  std::vector<double> forward(const std::vector<double>& D) const;
  /// Γ(v), p·B.
  std::vector<double> adjoint(const std::vector<double>& v) const;
};

}  // namespace neuspec
