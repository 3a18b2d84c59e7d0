// Predictions of the exact network, each with a bound on its rounding.
#pragma once

#include <vector>

#include "neuspec/network.hpp"

namespace neuspec {

/// The network of (P) that stored numbers stand for: f_k(x) = b_k + Σ_j α_j σ(u_jᵀx/‖u_j‖) without any rounding.
///
/// With u = 2⁻⁵³, f features a neuron, m_k neurons an output, P patches a pool and s = ‖x‖: a direction, normalised anew, is exact to 4u an entry,
/// and u_jᵀp to (f + 8) u s in any order of summation, p a patch. σ by Horner's rule then is exact to (2f + 24) u σ̄ with σ̄ = |a|s² + |b|s + |c|, and
/// a term passes at most m_k + P m_k additions, so that |f̂_k − f_k| ≤ Σ|α| (2f + m_k (1 + P) + 32) u σ̄ and what products below the normal numbers
/// lose.
class Prediction {
 public:
  /// Directions are those of a network that `check_network` accepts.
  explicit Prediction(const Network& network);

  /// f less the intercept and the bounds of its rounding, both row-major samples × C. \throws DataError naming the sample where either overflows;
  /// `first` is the number of the first one.
  void operator()(const double* x, Index samples, Index first, double* f, double* rounding) const;

  const std::vector<double>& bias() const { return bias_; }  ///< C, zeros where the network has none
  double penalty() const { return penalty_; }                ///< at least Σ|α|

 private:
  Network network_;  // of unit directions and without intercept
  std::vector<double> bias_;
  std::vector<double> amount_, chain_;  // of an output: at least Σ|α|; roundings a term has behind it
  std::vector<double> terms_;           // P m_k
  double per_pool_, penalty_;
  bool tiny_ = false;  // some coefficient of σ is that small that its division among patches may lose digits
};

}  // namespace neuspec
