/// \file problem.hpp
/// The training problem (P) of docs/mathematics.md section 1: minimise Σ_i w_i ℓ(f(x_i), y_i) + β Σ_j |α_j| over networks
/// f(x) = b + Σ_j α_j σ(u_jᵀx) with ‖u_j‖₂ = 1 and any number of neurons; the intercept b is free where `bias` says so, else 0.
#pragma once

#include <string>

#include "neuspec/architecture.hpp"

namespace neuspec NEUSPEC_API {

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

enum class LossKind {
  squared,        ///< ½ (f − y)²
  huber,          ///< ½ r² for |r| ≤ δ, else δ (|r| − δ/2), r = f − y
  absolute,       ///< |f − y|
  logistic,       ///< log(1 + exp(−y f)), y = ±1
  squared_hinge,  ///< ½ max(0, 1 − y f)², y = ±1
  hinge,          ///< max(0, 1 − y f), y = ±1
  softmax         ///< log Σ_k exp(f_k) − Σ_k y_k f_k, y one-hot over the outputs
};

/// Convex loss ℓ(f, y), summed over samples and, but for softmax, over outputs.
struct Loss {
  // Not `using enum`: g++ 12 cannot compile its names inside templates.
  static constexpr LossKind squared = LossKind::squared, huber = LossKind::huber, absolute = LossKind::absolute, logistic = LossKind::logistic,
                            squared_hinge = LossKind::squared_hinge, hinge = LossKind::hinge, softmax = LossKind::softmax;

  LossKind kind;
  double delta;  ///< δ > 0 of huber, not read by the others

  constexpr Loss(LossKind which = squared, double threshold = 1) : kind(which), delta(threshold) {}  // NOLINT(google-explicit-constructor)

  /// The name of a kind, or `huber:DELTA`; `huber` is `huber:1`. \throws UsageError
  static Loss parse(const std::string& text);
  /// The name that `parse` understands.
  std::string name() const;
  bool coupled() const { return kind == softmax; }                   ///< does not split into a sum over outputs
  bool smooth() const { return kind != absolute && kind != hinge; }  ///< has a gradient everywhere
  bool classification() const;                                       ///< y are labels, ±1 or one-hot
  bool operator==(const Loss&) const = default;
};

/// Everything that defines (P) apart from the data.
struct Problem {
  Activation activation;
  Loss loss = Loss::squared;
  double beta = 1.0;  ///< β > 0
  Architecture architecture = {};
  /// An intercept b_k an output, which is not penalised. Of softmax's, which matter up to a common constant, those of the classes with samples sum to
  /// 0; a class without any (or without weight) gets one so low that its probability is 0 in double on the data.
  bool bias = false;
};

}  // namespace neuspec NEUSPEC_API
