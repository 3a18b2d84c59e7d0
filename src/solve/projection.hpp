// How ADMM projects its blocks onto the positive semidefinite cone: by eigendecompositions, or large blocks by products alone (Settings::projection).
#pragma once

#include "solve/product_projection.hpp"

namespace neuspec {

/// Error of a projection by products that is tolerated, over the block's norm. ADMM stops at gaps a thousand times as large.
template <class Real>
inline constexpr double projection_accuracy = sizeof(Real) == sizeof(double) ? 1e-9 : 1e-4;

template <class Real>
class Projection {
 public:
  explicit Projection(Device<Real>& device, ProjectionKind kind = ProjectionKind::automatic, double accuracy = projection_accuracy<Real>)
      : device_(device), products_(device), kind_(kind), accuracy_(accuracy) {}

  /// W = Π₊(V) and its factors, as Device::project_psd. Where products made it, the rank is N and the factors are those of another time.
  Index project(Index N, ConstView<Real> V, View<Real> W, View<Real> factors);
  /// The same by eigendecomposition, with factors.
  Index factor(Index N, ConstView<Real> V, View<Real> W, View<Real> factors);
  /// Whether the last projection left its factors.
  bool factored() const { return factored_; }

 private:
  bool by_products(Index N, ConstView<Real> V, View<Real> W);
  void choose(Index N, ConstView<Real> V, View<Real> W, View<Real> factors);

  Device<Real>& device_;
  ProductProjection<Real> products_;
  ProjectionKind kind_;
  double accuracy_;
  int refusals_ = 0;  // in a row
  bool factored_ = false;
};

}  // namespace neuspec
