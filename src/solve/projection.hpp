// How ADMM projects its blocks onto the positive semidefinite cone: from the eigenvectors of the step before, by eigendecompositions, or large blocks
// by products alone (Settings::projection).
#pragma once

#include "solve/product_projection.hpp"

namespace neuspec {

/// Error of a projection by products that is tolerated, over the block's norm. ADMM stops at gaps a thousand times as large.
template <class Real>
inline constexpr double projection_accuracy = sizeof(Real) == sizeof(double) ? 1e-9 : 1e-4;

/// As ADMM's iterates settle, the few positive eigenvectors of a block's V are one step of subspace iteration away from those of the step before. So
/// once ranks are small they are kept as a basis, with some guard vectors beyond them, and moved on; the error of the projection falls with the steps
/// by itself. A full projection is made where a guard vector's Ritz value turns positive: then there may be more positive ones. Where only the device
/// knows, the host hears of it at the next test of convergence. Another is made every tenth test, for an eigenvector that all of the basis is
/// orthogonal to would go unseen. No certificate rests on any of it.
template <class Real>
class Projection {
 public:
  explicit Projection(Device<Real>& device, ProjectionKind kind = ProjectionKind::automatic, double accuracy = projection_accuracy<Real>)
      : device_(device), products_(device), may_keep_basis_(kind == ProjectionKind::automatic), kind_(kind), accuracy_(accuracy) {}

  /// W = Π₊(V) and its factors, as Device::project_psd; returns a bound on the rank. Where products made it, the rank is N and the factors are those
  /// of another time.
  Index project(Index N, ConstView<Real> V, View<Real> W, View<Real> factors);
  /// The same by eigendecomposition, with factors.
  Index factor(Index N, ConstView<Real> V, View<Real> W, View<Real> factors);
  /// At a test of convergence, where the host hears of the last projection's largest rank: what it says of the next ones.
  void review(Index N, Index rank, ConstView<Real> factors);
  /// How many of the projections made were by eigendecompositions of whole blocks or by products.
  Index full() const { return full_; }
  /// Whether the last projection left its factors.
  bool factored() const { return factored_; }

 private:
  bool by_products(Index N, ConstView<Real> V, View<Real> W);
  Index renew(Index N, ConstView<Real> V, View<Real> W, View<Real> factors);
  void choose(Index N, ConstView<Real> V, View<Real> W, View<Real> factors);
  bool settled(Index N, Index rank);
  void narrow(Index N, Index width);
  void rebase(Index N, Index rank, ConstView<Real> factors);

  Device<Real>& device_;
  ProductProjection<Real> products_;
  SpectralBasis<Real> basis_;
  bool may_keep_basis_;
  ProjectionKind kind_;
  double accuracy_;
  Index rank_ = 0, full_ = 0;
  int refusals_ = 0;  // in a row
  int reviews_ = 0;   // with a basis
  bool factored_ = false, renew_ = false;
};

}  // namespace neuspec
