// How the predictions of held samples follow the neurons of a factored point: what a Newton step sees of the samples.
#pragma once

#include <vector>

#include "device/device.hpp"

namespace neuspec {

/// A = H^½ J (n × d·m) at a factored point of one output in a single pool of whole samples. J is the derivative of the predictions in the neurons' w
/// and H the diagonal of the loss's second derivatives: row i of A is u_ij x_i + g_ib w_j in the columns of neuron j of block b. Views are into what
/// the form of the data holds, and live as long.
template <class Real>
class Linearisation {
 public:
  /// `H`: the preactivations xᵀw (n × m); `root`: the roots of ℓ'' (n × 1).
  Linearisation(Device<Real>& device, const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                ConstView<Real> Z, ConstView<Real> H, ConstView<Real> root);

  /// f = A V, n × 1, for directions V of all neurons, d × m: 2 n d m flops.
  void times(ConstView<Real> V, View<Real> f);
  /// V = Aᵀ f: 2 n d m flops.
  void transposed_times(ConstView<Real> f, View<Real> V);
  /// K = A B Aᵀ (n × n, lower triangle) for B block diagonal, the same symmetric d × d matrix for each neuron of a block: a block takes n² d flops
  /// and n² for each of its neurons.
  void kernel(const std::vector<DeviceMatrix<Real>>& B, View<Real> K);
  Index samples() const { return H_.rows(); }

  /// The first neuron of each block, and the number of neurons behind the last.
  static std::vector<Index> starts_of_blocks(const FactorColumns& columns);

 private:
  /// K = beta K + (U Uᵀ)∘(xᵀ B x) for the block's U = u, in strips of rows.
  void add_samples(ConstView<Real> U, ConstView<Real> B, Real beta, View<Real> K);
  /// K += what comes through ‖W‖ of the block, whose g it is.
  void add_norm(ConstView<Real> W, ConstView<Real> U, ConstView<Real> g, ConstView<Real> B, View<Real> K);

  Device<Real>& device_;
  Activation activation_;
  ConstView<Real> x_, s_;
  FactorColumns columns_;
  DeviceMatrix<Real> Z_, H_, root_;
  DeviceMatrix<Real> Z_dot_, Q_, G_, f_;  // scratch
};

}  // namespace neuspec
