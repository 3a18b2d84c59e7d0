// What the certificate needs of a loss (src/loss): values, dual vectors, and the bound at the best scaled dual point.
#pragma once

#include <span>
#include <vector>

#include "distribute/ranks.hpp"
#include "neuspec/problem.hpp"
#include "numeric/compensated_sum.hpp"

namespace neuspec {

/// Predictions of some samples, each with a bound on its distance from the exact one.
struct Predictions {
  const double *f, *rounding;    ///< row-major samples × C; f without the intercept
  std::span<const double> bias;  ///< C
};

/// Sums over all samples: Σ_i w_i ℓ(f(x_i), y_i), and for squared loss all that the dual bound at the best multiples of v = w ∇ℓ(f) needs.
///
/// The loss is that of the worst f within the bounds: losses of numbers grow with |f − y|, those of labels with −y f, softmax with f_k but for the
/// label's, with which it falls. The residual of numbers is (b − y) + f, whose first difference loses nothing.
///
/// Squared loss: the outputs are independent, each has its own multiple τ_k. The conjugate of (w/2)(f − y)² at v is v²/(2w) + v y,
/// so g(τv) = −(τ²/2) Σ v²/w − τ Σ v y, largest at τ = −Σ v y / Σ (v²/w). A sample of weight 0 has v = 0 and conjugate 0.
class DualSums {
 public:
  DualSums(const Loss& loss, Index outputs);

  /// Adds `samples` samples: targets y are row-major n × C, `weights` holds n values or is null. Writes v = w ∇ℓ(f), row-major n × C.
  void add(Index samples, const Predictions& predictions, const double* y, const double* weights, double* v);

  /// Adds the sums over other samples of the same loss and outputs.
  void add(const DualSums& part);

  /// Adds the sums over the samples of the other ranks; null: there are none.
  void add_ranks(const Ranks* ranks);

  /// At least Σ_i w_i ℓ(f(x_i), y_i) of the exact predictions; NaN or infinite where it overflows.
  double loss() const;

  /// Squared loss with an intercept, in place of `add`: a v that `balance` has brought to Σ v = 0 in every output. Σ v y is then the same for y less
  /// any number, and `centre`, one an output, keeps its terms small.
  void add_balanced(Index samples, const double* v, const double* y, const double* weights, std::span<const double> centre);

  /// Squared loss: the largest proven lower bound −Σ ℓ*(τ_k v_k) over 0 ≤ τ_k ≤ limits[k], rounding of the sums already taken off.
  double dual(std::span<const double> limits) const;

 private:
  struct Output {
    CompensatedSum curvature;  // Σ v²/w
    CompensatedSum slope;      // Σ v y
    double magnitude = 0;      // Σ |v y|
  };
  void add_squared(Index samples, const Predictions& predictions, const double* y, const double* weights, double* v);
  void add_numbers(Index samples, const Predictions& predictions, const double* y, const double* weights, double* v);
  void add_labels(Index samples, const Predictions& predictions, const double* y, const double* weights, double* v);
  void add_term(double term, double weight);

  Loss loss_;
  CompensatedSum value_;
  double weight_ = 0;  // of the terms, and how many they are: what they can have lost below the normal numbers
  Index terms_ = 0;
  std::vector<Output> outputs_;
  Index samples_ = 0;
  int rounding_ = 16;  // of the bound, in units of 2⁻⁵³: of the terms, of their compensated sums and of g itself
};

/// v ← w times the point of the domain of ℓ* that is nearest to v/w, sample by sample: what the conjugate then accepts.
void project_to_domain(const Loss& loss, Index samples, Index outputs, const double* y, const double* weights, double* v);

/// The bound −Σ_i w_i ℓ*(τ v_i/w_i) of any loss.
class ConjugateSums {
 public:
  ConjugateSums(const Loss& loss, Index outputs) : loss_(loss), outputs_(outputs) {}

  /// `tau` holds one multiple an output, all the same where the loss couples them.
  void add(Index samples, const double* v, const double* y, const double* weights, std::span<const double> tau);

  /// Adds the sum over other samples.
  void add(const ConjugateSums& part);

  /// Adds the sums over the samples of the other ranks; null: there are none.
  void add_ranks(const Ranks* ranks);

  /// The proven bound, rounding of the terms and sums taken off. Losses have no negative values, so that 0 bounds the optimum too.
  double bound() const;

 private:
  Loss loss_;
  Index outputs_;
  CompensatedSum sum_;
  double magnitude_ = 0;
  double lost_ = 0;  // what arguments and terms below the normal numbers can have lost, in units of 2⁻¹⁰¹⁴
  Index terms_ = 0;
};

}  // namespace neuspec
