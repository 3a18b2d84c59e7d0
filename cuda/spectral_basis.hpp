// Projection onto the positive semidefinite cone from the eigenvectors of the last one, all blocks in one batch.
#pragma once

#include "device/device.hpp"
#include "eigensolver.hpp"

namespace neuspec::cuda {

/// Device::start_basis and Device::project_psd_near: products of a block with k columns, k × k and 2k × 2k eigendecompositions, nothing that the host
/// waits for.
template <class Real>
class SpectralSteps {
 public:
  explicit SpectralSteps(Context& context)
      : context_(context),
        gram_solver_(context),
        ritz_solver_(context),
        space_(context),
        image_(context),
        small_(context),
        reduced_(context),
        largest_(context),
        lengths_(context) {}

  /// X (N × k a block) ← an orthonormal basis of its own columns, zero ones replaced.
  void orthonormalise(Index N, Index k, Index blocks, Real* X);
  /// `full` holds the blocks V (N × N each) and is lost; it then holds the blocks of W.
  void project(Index N, Index blocks, Real* full, SpectralBasis<Real>& basis, View<Real> factors);

 private:
  /// k columns of each block at `columns`, N × width a block, become orthonormal, after those of `beside` (N × k) were taken off where there are any.
  void orthonormalise(Index N, Index k, Index blocks, Index width, Real* columns, const Real* beside);
  void krylov_space(Index N, Index k, Index blocks, const Real* full, ConstView<Real> X);

  Context& context_;
  Eigensolver<Real> gram_solver_, ritz_solver_;
  Buffer<Real> space_, image_, small_, reduced_, largest_;  // S and VS, N × 2k a block; k × k; SᵀVS, 2k × 2k; 2k × k
  Buffer<double> lengths_;
};

}  // namespace neuspec::cuda
