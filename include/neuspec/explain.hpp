/// \file explain.hpp
/// What only a quadratic network can tell: its outputs as quadratic functions, and how far each sample is from another prediction.
#pragma once

#include <vector>

#include "neuspec/network.hpp"

namespace neuspec NEUSPEC_API {

/// One output of a network as f(x) = xᵀQx + qᵀx + s, in the features that the network sees (standardised ones where the model
/// standardises).
struct QuadraticOutput {
  std::vector<double> Q;  ///< d × d symmetric, column-major, both triangles
  std::vector<double> q;  ///< d
  double s = 0;
  /// What rounding may have changed in forming them: ‖Q‖₂, ‖q‖₂ and |s| are within this of the network's own.
  struct Rounding {
    double Q = 0, q = 0, s = 0;
  } rounding = {};
};

/// Every output of the network: Q_k = a Σ α_j u_ju_jᵀ, q_k = b Σ α_j u_j, s_k = c Σ α_j over the neurons j that feed output k. 2·d²·m flops.
std::vector<QuadraticOutput> quadratic_form(const Network& network);

/// Eigenvalues of Q, ascending. \throws DataError when sizes disagree or Q has values that are not finite.
std::vector<double> spectrum(const QuadraticOutput& output);

/// The eigenvalues of every output's Q, ascending. Of a network of m neurons, m below d, from matrices of m × m: 6 d m² flops, 2 d m numbers.
std::vector<std::vector<double>> spectra(const Network& network);

/// The smallest change of a sample that changes its prediction.
///
/// The problem min ‖δ‖₂ subject to h(x + δ) ≥ 0, with h the competitor's output minus the predicted one's (one output: minus the sign
/// times the output), has one quadratic constraint. By the S-lemma its Lagrangian dual max over μ ≥ 0, I − μH ⪰ 0 of
/// min over δ of ‖δ‖² − μ h(x + δ), H the quadratic part of h, has the same value, however indefinite H is.
struct Flip {
  Index prediction = 0;  ///< output of the largest value, the first among equals; one output: its sign, +1 or −1 (+1 at 0)
  Index competitor = 0;  ///< the output that reaches the largest value first; one output: the other sign; equal to prediction if none is known to
  /// ‖δ‖₂ of a δ that changes the prediction, every rounding error since the network's weights included; infinite when none is known: then no δ of
  /// any length does if lower_bound is infinite too, and else none that is shorter than lower_bound
  double distance = 0;
  double lower_bound = 0;     ///< no δ shorter than this changes the prediction, rounding included likewise; infinite only if that is proven
  std::vector<double> delta;  ///< δ, d values; empty when it was not asked for or there is none
};

/// The nearest other prediction of each of `samples` rows of x (row-major, samples × d). One eigendecomposition of 9 d³ flops an output or
/// pair of outputs, then 2·d² flops and some secular steps of O(d) for each sample and competitor. The same bits in every run.
///
/// `distance` − `lower_bound` is rounding: relative to the distance about d²·2⁻⁵² times the condition of the problem, which is bad for samples that
/// all but lie on a boundary or miss it by all but nothing. Where `distance` is infinite, so is `lower_bound` if the maximum of h stays below zero
/// under every change within rounding; if it does not (Q without full rank: an eigenvalue zero is only known to rounding), `lower_bound` is the
/// radius, of the order of √(|h(x)|/(d²·2⁻⁵²·‖H‖₂)), within which no flip is possible. \throws DataError when sizes disagree, a value is not finite
/// or the outputs overflow.
std::vector<Flip> smallest_flips(const std::vector<QuadraticOutput>& outputs, const double* x, Index samples, bool with_delta = false);

/// The same of a network, for samples that are read chunk by chunk: once, and again for the boundary of every pair of outputs. With m neurons (times
/// the patches that each sees), m below d, it works in the span of what they see, on m × m matrices and 2·d·m flops a sample and boundary; nothing is
/// of size d × d.
std::vector<Flip> smallest_flips(const Network& network, const Source& data, bool with_delta = false);

}  // namespace neuspec NEUSPEC_API
