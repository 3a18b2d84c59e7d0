// The residual of a network seen through moments: sums over all samples of v = w (f(x) − y) times products of features, each with a bound on its
// distance from the sum that exact arithmetic makes of the samples.
#pragma once

#include <vector>

#include "moments/coordinates.hpp"
#include "neuspec/network.hpp"

namespace neuspec {

/// What the moments allow to say with certainty; lengths are raised.
struct MomentErrors {
  explicit MomentErrors(const MomentSums& sums);

  double unit = 0;              ///< ε: a stored sum over products is exact to ε times the product of the lengths of its factors
  std::vector<double> lengths;  ///< N: h_j ≥ (Σ w z̃_j⁴)^¼
  std::vector<double> targets;  ///< C: g_k ≥ (Σ w ζ_k²)^½
};

/// f of one output as Σ_{i ≤ j} P_ij z̃_i z̃_j.
struct MomentPolynomial {
  std::vector<double> P;  ///< pairs of N, by moment::pair
  double rounding = 0;    ///< (Σ w (f − P)²)^½ is at most this, f that of the exact network
};

/// Of output k of the network, its directions of exact unit length and with its intercept, less the target's shift. d² dd operations a neuron.
MomentPolynomial polynomial_of(const Network& network, Index k, const Moments& data, const moment::Coordinates& x, const MomentErrors& errors);

/// With v = w (P(z) − ζ_k): everything squared loss is made of.
struct MomentResidual {
  std::vector<double> P;
  std::vector<DoubleDouble> gamma;  ///< Σ v z̃_i z̃_j, by pairs
  DoubleDouble curvature, slope;    ///< Σ v²/w, Σ v ζ_k
  double size = 0;                  ///< A ≥ Σ |P_ij| h_i h_j + g_k: gamma is exact to ε A h_i h_j, the slope to ε A g_k, the curvature to ε A²
};

/// N⁴/4 products of doubles and sums of twice their length.
MomentResidual residual_of(std::vector<double> P, Index k, const MomentSums& sums, const MomentErrors& errors);

/// Σ v alone, 3 N² flops.
DoubleDouble residual_sum(const std::vector<double>& P, Index k, const MomentSums& sums);

/// The same for P + c, c such that Σ v is as near to 0 as a double P_11 brings it. 8 N² flops.
void centre(MomentResidual& residual, Index k, const MomentSums& sums, const MomentErrors& errors);

}  // namespace neuspec
