// What the certificate needs to know of a loss: values, gradients and the best scaled dual point. The one place to add a loss.
#pragma once

#include <span>
#include <vector>

#include "certify/compensated_sum.hpp"
#include "neuspec/problem.hpp"

namespace neuspec {

/// Sums over all samples from which Σ_i w_i ℓ(f(x_i), y_i) and the dual bound at the best multiples of v = w ∇ℓ(f) follow without
/// a second pass over the data.
///
/// Squared loss: the outputs are independent, each has its own multiple τ_k. The conjugate of (w/2)(f − y)² at v is v²/(2w) + v y,
/// so g(τv) = −(τ²/2) Σ v²/w − τ Σ v y, largest at τ = −Σ v y / Σ (v²/w). A sample of weight 0 has v = 0 and conjugate 0.
class DualSums {
 public:
  DualSums(const Loss& loss, Index outputs);  ///< \throws UsageError for a loss that it does not know

  /// Adds `samples` samples: predictions f and targets y are row-major n × C, `weights` holds n values or is null.
  /// Writes v = w ∇ℓ(f), row-major n × C.
  void add(Index samples, const double* f, const double* y, const double* weights, double* v);

  /// Σ_i w_i ℓ(f(x_i), y_i).
  double loss() const;

  /// The largest proven lower bound −Σ ℓ*(τ_k v_k) over 0 ≤ τ_k ≤ limits[k], rounding of the sums already taken off.
  double dual(std::span<const double> limits) const;

 private:
  struct Output {
    CompensatedSum curvature;  // Σ v²/w
    CompensatedSum slope;      // Σ v y
    double magnitude = 0;      // Σ |v y|
  };
  CompensatedSum value_;
  std::vector<Output> outputs_;
};

}  // namespace neuspec
