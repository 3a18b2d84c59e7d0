// Units in which the numbers of (P) are near 1, whatever they are in the data: solvers have constants and a range of exponents, the problem has none.
#pragma once

#include <vector>

#include "neuspec/network.hpp"

namespace neuspec {

/// The same problem in other units. With x' = x/s, y' = (y − m)/τ and weights w' = w/ω, a neuron is (u, α') with α' = α κ/τ under the activation
/// (a s², b s, c)/κ, because ‖u‖ = 1 leaves s no other place; f' = (f − m)/τ, and the objective is Ω times that of
///
///     Σ w' ℓ'(f', y') + β' Σ|α'|,   β' = β τ/(κ Ω),   Ω = ω τ² (squared and Huber loss, whose δ' = δ/τ), ω τ (absolute), ω (labels, where τ = 1).
///
/// s is the root mean square of the features, τ that of the targets (of their deviations m from the mean, with an intercept), ω the mean weight
/// (times δ' < 1), κ = |a| s² + |b| s + |c|; all are rounded to powers of two, so that no product rounds. Where each of them is within 2^±4 they are
/// 1: such data are solved as they are. m is 0 but for targets far from zero beside an intercept, which takes it up.
class Equilibration final : public Source {
 public:
  /// Reads the source once, its targets twice where they are numbers, n (d + C) flops; once more what has no squares. The source has to outlive the
  /// object.
  Equilibration(const Problem& problem, const Source& data);

  Index samples() const override { return data_.samples(); }
  Index features() const override { return data_.features(); }
  Index targets() const override { return data_.targets(); }
  /// The data in these units: a copy of what changes, chunk by chunk.
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override;
  void visit_targets(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override;

  bool trivial() const { return trivial_; }
  bool in_range() const { return in_range_; }  ///< features, targets and weights of the data are numbers of a usable size (read/range.hpp)
  const Problem& problem() const { return scaled_; }
  double objective() const;                    ///< Ω
  double beta(double of_the_data) const;       ///< β', positive and finite in any case
  double beta_of_the_data(double beta) const;  ///< β of a β'
  /// α = (τ/κ) α' and σ of a network in these units; the intercept is for the data to say.
  Network network_of_the_data(Network network) const;
  /// v = (Ω/τ) v'.
  std::vector<double> dual_vector_of_the_data(std::vector<double> v) const;

 private:
  std::function<void(const Chunk&)> in_units(const std::function<void(const Chunk&)>& visitor) const;
  void choose_units();
  int kappa() const;
  int objective_exponent() const;  // of Ω

  const Source& data_;
  Problem problem_, scaled_;
  int s_ = 0, tau_ = 0, omega_ = 0, kappa_ = 0;  // exponents
  std::vector<double> centre_;                   // m, an output each
  bool trivial_ = true, centred_ = false, in_range_ = true;
};

}  // namespace neuspec
