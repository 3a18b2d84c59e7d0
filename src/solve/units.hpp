// Units in which the numbers of (P) are near 1, whatever they are in the data: solvers have constants and a range of exponents, the problem has none.
#pragma once

#include <vector>

#include "neuspec/network.hpp"

namespace neuspec {

/// The nearest power of two's exponent, 0 for what has none.
int exponent_of(double value);

/// The same problem in other units. With x' = x/s, y' = (y − m)/τ and weights w' = w/ω, a neuron is (u, α') with α' = α κ/τ under the activation
/// (a s², b s, c)/κ, because ‖u‖ = 1 leaves s no other place; f' = (f − m)/τ, and the objective is Ω times that of
///
///     Σ w' ℓ'(f', y') + β' Σ|α'|,   β' = β τ/(κ Ω),   Ω = ω τ² (squared and Huber loss, whose δ' = δ/τ), ω τ (absolute), ω (labels, where τ = 1).
///
/// κ = |a| s² + |b| s + |c|; all are rounded to powers of two, so that no product rounds. Where each of them is within 2^±4 they are 1: such data are
/// solved as they are.
class Units {
 public:
  static constexpr int most = 1000;  ///< size of exponents, so that factors are normal numbers

  bool trivial() const { return trivial_; }
  const Problem& problem() const { return scaled_; }
  double objective() const;                    ///< Ω
  double beta(double of_the_data) const;       ///< β', positive and finite in any case
  double beta_of_the_data(double beta) const;  ///< β of a β'
  /// α = (τ/κ) α' and σ of a network in these units; the intercept is for the data to say.
  Network network_of_the_data(Network network) const;
  Network network_in_units(Network network) const;  ///< the other way round
  /// v = (Ω/τ) v'.
  std::vector<double> dual_vector_of_the_data(std::vector<double> v) const;

 protected:
  struct Exponents {
    int s = 0, tau = 0, omega = 0;
  };
  explicit Units(const Problem& problem) : problem_(problem), scaled_(problem) {}
  /// Takes those of the data, or none where all are ordinary.
  void set(const Exponents& units);
  /// The problem in them; `centred` where the targets change anyway.
  void finish(bool centred);

  Problem problem_, scaled_;
  int s_ = 0, tau_ = 0, omega_ = 0, kappa_ = 0;

 private:
  int kappa() const;
  int objective_exponent() const;  // of Ω

  bool trivial_ = true;
};

}  // namespace neuspec
