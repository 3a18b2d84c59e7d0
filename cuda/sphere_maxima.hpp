// The trust-region problem on the sphere (docs/mathematics.md section 3) for many blocks, in double.
#pragma once

#include "device/matrix.hpp"
#include "eigensolver.hpp"

namespace neuspec::cuda {

/// Device::sphere_maxima. Small blocks by their eigendecomposition. Of large ones g = q/2 and some other vector span, with their products with M, a
/// space of `krylov` dimensions, in which the maximum is found to about the square of the accuracy of its vector: 2 N² krylov flops a block, nothing
/// that the host waits for. Started from g alone it would not see what M keeps apart from g.
class SphereMaxima {
 public:
  explicit SphereMaxima(Context& context)
      : context_(context),
        eigensolver_(context),
        M_(context),
        g_(context),
        t_(context),
        space_(context),
        image_(context),
        reduced_(context),
        product_(context),
        weights_(context),
        gram_(context),
        maxima_(context) {}

  /// 2 K numbers on the device, for packed Γ (p × K).
  template <class Real>
  const double* solve(Index N, ConstView<Real> Gamma);

  static constexpr Index krylov = 128;

 private:
  void krylov_space(Index d, Index blocks);
  /// Columns first and first + 1 of each space: the pair at `from` in each image, made orthonormal to those before and to each other.
  void append_pair(Index d, Index first, Index blocks, const double* from);

  Context& context_;
  Eigensolver<double> eigensolver_;
  Buffer<double> M_, g_, t_;                    // of each block: d × d, d, 1
  Buffer<double> space_, image_;                // S and MS, d × krylov
  Buffer<double> reduced_, product_, weights_;  // SᵀMS and the same of fewer columns, krylov × krylov; Sᵀg; that in eigenvectors
  Buffer<double> gram_, maxima_;
};

}  // namespace neuspec::cuda
