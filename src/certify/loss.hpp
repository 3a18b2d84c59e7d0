// What the certificate needs of a loss (src/loss): values, dual vectors, and the bound at the best scaled dual point.
#pragma once

#include <span>
#include <vector>

#include "neuspec/problem.hpp"
#include "numeric/compensated_sum.hpp"

namespace neuspec {

/// Sums over all samples: Σ_i w_i ℓ(f(x_i), y_i), and for squared loss all that the dual bound at the best multiples of v = w ∇ℓ(f) needs.
///
/// Squared loss: the outputs are independent, each has its own multiple τ_k. The conjugate of (w/2)(f − y)² at v is v²/(2w) + v y,
/// so g(τv) = −(τ²/2) Σ v²/w − τ Σ v y, largest at τ = −Σ v y / Σ (v²/w). A sample of weight 0 has v = 0 and conjugate 0.
class DualSums {
 public:
  DualSums(const Loss& loss, Index outputs);

  /// Adds `samples` samples: predictions f and targets y are row-major n × C, `weights` holds n values or is null.
  /// Writes v = w ∇ℓ(f), row-major n × C.
  void add(Index samples, const double* f, const double* y, const double* weights, double* v);

  /// Σ_i w_i ℓ(f(x_i), y_i).
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
  void add_squared(Index samples, const double* f, const double* y, const double* weights, double* v);

  Loss loss_;
  CompensatedSum value_;
  std::vector<Output> outputs_;
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

  /// The proven bound, rounding of the terms and sums taken off. Losses have no negative values, so that 0 bounds the optimum too.
  double bound() const;

 private:
  Loss loss_;
  Index outputs_;
  CompensatedSum sum_;
  double magnitude_ = 0;
};

}  // namespace neuspec
