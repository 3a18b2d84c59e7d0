// The inverse of a Hessian that few samples and the neurons' own curvature make.
#pragma once

#include <optional>
#include <vector>

#include "lift/linearisation.hpp"

namespace neuspec {

/// P⁻¹ = D⁻¹ − D⁻¹Aᵀ(I + A D⁻¹Aᵀ)⁻¹A D⁻¹ for P = AᵀA + D (Woodbury's identity), D block diagonal, the same d × d matrix for each neuron of a block:
/// where there are fewer samples than unknowns, less than P itself takes.
template <class Real>
class Woodbury {
 public:
  explicit Woodbury(Device<Real>& device) : device_(device) {}

  /// D: of each block, less `shift` on its diagonal; false where one or the inner matrix is not positive definite to rounding. n³ + Σ_blocks (n² d +
  /// 2 n d²) flops.
  bool learn(Linearisation<Real> A, const FactorColumns& columns, std::vector<DeviceMatrix<Real>> D, double shift);
  /// result = P⁻¹ residual, d × m both: 4 n d m + 2 n² flops.
  void apply(ConstView<Real> residual, View<Real> result);

  static double flops(double n, double d, double neurons, double blocks) { return n * n * (n + blocks * d + neurons) + 2 * blocks * n * d * d; }
  /// In words.
  static double memory(double n, double d, double neurons) { return n * (n + 5 * neurons + d + 1024); }

 private:
  void divide(ConstView<Real> from, View<Real> to);  ///< D⁻¹ of all neurons

  Device<Real>& device_;
  std::optional<Linearisation<Real>> A_;     // once it is known
  std::vector<Index> starts_;                // of blocks
  std::vector<DeviceMatrix<Real>> inverse_;  // of D's
  DeviceMatrix<Real> inner_, f_, solved_, through_, divided_;
};

}  // namespace neuspec
