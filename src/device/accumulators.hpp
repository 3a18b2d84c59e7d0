// Sums over samples that a device takes as they come.
#pragma once

#include <vector>

#include "device/matrix.hpp"
#include "neuspec/problem.hpp"

namespace neuspec {

/// Sums the moments of a source (docs/mathematics.md section 5) as its chunks stream through; always in double.
template <class Real>
class MomentAccumulator {
 public:
  virtual ~MomentAccumulator() = default;
  void add(const Chunk& chunk) { add(chunk, {}); }
  /// The features of a chunk are those of a stored form, where there is one.
  virtual void add(const Chunk& chunk, const StoredForm& form) = 0;
  /// S = Σ w ā āᵀ (p × p, both triangles) and r_k = Σ w y_k ā (p × C) over packed lifted samples with the part along G removed (docs/mathematics.md
  /// section 5).
  virtual void finish(const Activation& activation, View<Real> S, View<Real> r) = 0;
  /// Adds the sums themselves, by MomentPlan's positions Σ w x̃_i x̃_j x̃_k x̃_l of x̃ = (x, 1) and by output and pair Σ w y_k x̃_i x̃_j, to the host's
  /// `moments` and `targets`, and begins anew. Returns how many additions a term has passed at most, in whatever order BLAS takes them, if it sums
  /// products by eights or more before it adds them to what is there.
  virtual Index drain(std::vector<double>& moments, std::vector<double>& targets) = 0;
  /// Samples beside which a drain costs little.
  virtual Index lot() const = 0;
};

/// Sums S = Σ l lᵀ and r = Σ y l over lifted samples l that come as columns; always in double.
template <class Real>
class LiftedAccumulator {
 public:
  virtual ~LiftedAccumulator() = default;
  virtual void add(ConstView<Real> L, ConstView<Real> y) = 0;  ///< L is P × n, y n × C
  virtual void finish(View<Real> S, View<Real> r) = 0;         ///< P × P, both triangles, and P × C
};

}  // namespace neuspec
