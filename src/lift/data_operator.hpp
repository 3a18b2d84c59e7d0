// The data operator A : D ↦ (⟨A_i, D⟩)_i and what solvers need of it, in three forms (SPEC.md section 5): moments, kernel Gram, matrix-free.
// D_k is the packed difference Z_k − Z'_k of output k. Squared loss: ½ Σ w (⟨A_i, D_k⟩ − y_ik)².
#pragma once

#include <limits>
#include <memory>
#include <vector>

#include "device/device.hpp"
#include "lift/packed.hpp"
#include "neuspec/problem.hpp"

namespace neuspec {

/// A dual vector v seen through the data: enough for the bound of SPEC.md section 3, one entry an output.
struct DualCandidate {
  std::vector<double> gamma;  ///< packed Γ(v_k), p × C (up to a multiple of G, which the sphere does not see)
  std::vector<double> vv;     ///< Σ v²/w
  std::vector<double> vy;     ///< Σ v y
};

/// The ADMM iteration's views that a linear step may read or write.
template <class Real>
struct AdmmState {
  ConstView<Real> T;        ///< P_G(T₊ − T₋), p × C
  ConstView<Real> factors;  ///< of the projected blocks (Device::project_psd)
  Index rank = 0;           ///< largest rank among them
  ConstView<Real> extra;    ///< the form's own part of the fixed-point state, extra_rows × C
  View<Real> extra_residual;
  View<Real> D;  ///< result, p × C
};

/// Samples that the forms ask a source for at a time.
inline constexpr Index chunk_samples = 8192;
/// Of `ridge_norm`: shift over the mean eigenvalue; only the size of D matters.
inline constexpr double ridge = 0.0025;

template <class Real>
class DataOperator {
 public:
  DataOperator(Device<Real>& device, const Activation& activation, Index samples, Index features, Index outputs)
      : device_(device), activation_(activation), samples_(samples), features_(features), outputs_(outputs) {}
  virtual ~DataOperator() = default;

  Device<Real>& device() const { return device_; }
  const Activation& activation() const { return activation_; }
  Index samples() const { return samples_; }
  Index features() const { return features_; }
  Index outputs() const { return outputs_; }
  Index N() const { return features_ + 1; }      ///< block size
  Index p() const { return packed::size(N()); }  ///< lifted parameters
  virtual OperatorKind kind() const = 0;

  // ADMM, for the forms that have a factor.
  /// About ‖D‖ of the ridge solution (ĀᵀĀ + ridge_shift() I)⁻¹Āᵀy: how large solutions are.
  virtual double ridge_norm() = 0;
  /// Below this ρ, rounding may make ĀᵀĀ + (ρ/2) I indefinite: 100 ε tr(ĀᵀĀ).
  double smallest_rho() const {
    return 100 * static_cast<double>(std::numeric_limits<Real>::epsilon()) * mean_eigenvalue_ * static_cast<double>(p());
  }
  virtual void prepare(double rho) = 0;  ///< factors ĀᵀĀ + (ρ/2) I
  virtual Index extra_rows() const { return 0; }
  /// Fills the extra state for V (p × 2C).
  virtual void start(ConstView<Real> /*V*/, View<Real> /*extra*/) {}
  /// D = (ĀᵀĀ + ρ/2 I)⁻¹(Āᵀy + (ρ/2) T).
  virtual void solve(const AdmmStep& step, const AdmmState<Real>& state) = 0;
  /// v = ∇ℓ(A D) at the D of the last `solve`, which leaves all of it behind.
  virtual DualCandidate dual_at(const AdmmStep& step, const AdmmState<Real>& state) = 0;
  /// Loss of each output at a packed D with ⟨G, D_k⟩ = 0.
  virtual std::vector<double> loss(ConstView<Real> D) = 0;

  // Burer–Monteiro.
  /// Loss at the factored point Z (N × m) and G_j = Γ_{output j} z_j (N × m).
  virtual double evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) = 0;
  /// Derivative of G along Ż at the point last evaluated: Ġ_j = Γ ż_j + Γ̇ z_j (N × m).
  virtual void differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) = 0;
  /// v = ∇ℓ at the factored point.
  virtual DualCandidate dual_of(const FactorColumns& columns, ConstView<Real> Z) = 0;

 protected:
  /// Learns the mean eigenvalue tr(ĀᵀĀ)/p from a matrix with the trace of ĀᵀĀ: S or K.
  void set_scale(ConstView<Real> M) {
    std::vector<double> diagonal(static_cast<std::size_t>(M.rows));
    device_.download(ConstView<Real>{M.data, 1, M.rows, M.stride + 1}, diagonal.data());  // a row of stride + 1 from entry to entry
    for (const double value : diagonal) mean_eigenvalue_ += value / static_cast<double>(p());
  }
  double ridge_shift() const { return ridge * mean_eigenvalue_; }

 private:
  Device<Real>& device_;
  Activation activation_;
  Index samples_, features_, outputs_;
  double mean_eigenvalue_ = 0;
};

/// Conjugate gradient steps of `ridge_norm`.
inline constexpr int ridge_steps = 40;

/// Approximates (M + shift I)⁻¹B column by column by `steps` conjugate gradient steps; M symmetric n × n. 2 n² C flops a step.
template <class Real>
DeviceMatrix<Real> conjugate_gradients(Device<Real>& device, ConstView<Real> M, double shift, ConstView<Real> B, int steps);

/// Reads the source and builds the form. \throws EnvironmentError when memory does not suffice.
template <class Real>
std::unique_ptr<DataOperator<Real>> make_operator(OperatorKind kind, Device<Real>& device, const Problem& problem, const Source& data);

}  // namespace neuspec
