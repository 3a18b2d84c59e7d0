/// \file problem.hpp
/// The training problem (P) of SPEC.md section 1: minimise Σ_i w_i ℓ(f(x_i), y_i) + β Σ_j |α_j| over networks
/// f(x) = Σ_j α_j σ(u_jᵀx) with ‖u_j‖₂ = 1 and any number of neurons.
#pragma once

#include <string>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// σ(t) = a t² + b t + c. The default is the least-squares fit of ReLU on [−5, 5].
struct Activation {
  double a = 0.09, b = 0.5, c = 0.47;

  /// `relu`, `quadratic`, `linear` or three numbers `a,b,c`. \throws UsageError
  static Activation parse(const std::string& text);
  /// The name that `parse` understands.
  std::string name() const;
  double operator()(double t) const { return (a * t + b) * t + c; }
  bool operator==(const Activation&) const = default;
};

/// Convex loss ℓ(f, y), summed over samples and outputs.
enum class Loss { squared /**< ½ (f − y)² */ };

Loss parse_loss(const std::string& text);  ///< \throws UsageError
std::string name(Loss loss);

/// Everything that defines (P) apart from the data.
struct Problem {
  Activation activation;
  Loss loss = Loss::squared;
  double beta = 1.0;  ///< β > 0
};

}  // namespace neuspec
