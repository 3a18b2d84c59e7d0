// The data operator A : D ↦ (Σ_b ⟨A_ib, D_b⟩)_i and what solvers need of it, in three forms (docs/mathematics.md section 5): moments, kernel Gram,
// matrix-free. D is p × C·B: column k·B + b is the packed difference Z − Z' of output k and pool b. Each output's B columns follow one another, so
// that the same storage is also one vector of p·B entries an output.
//
// With an intercept (Problem::bias) every form stands for the problem in D that is left when the best intercept is put in: a loss is the smallest
// over b, v sums to zero in every output. For squared loss that is the same problem for P A and P y, P = I − ŝŝᵀ with the samples' roots of weights s
// (or 1); for others the linear step sees P A and P t (P with s = 1), while A D + b is P A D + (I − P) t there, and b follows from the samples
// elsewhere.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "device/device.hpp"
#include "lift/linearisation.hpp"
#include "neuspec/error.hpp"
#include "neuspec/problem.hpp"
#include "numeric/packed.hpp"

namespace neuspec {

/// A dual vector v seen through the data: enough for the bound of docs/mathematics.md section 3.
template <class Real>
struct DualCandidate {
  /// Packed Γ(v), p × C·B (up to multiples of G, which the sphere does not see), in the operator's memory until it is next asked for anything.
  ConstView<Real> gamma = {};
  /// The largest −Σ ℓ*(τ v) over multiples 0 ≤ τ ≤ limit of each problem (DataOperator::problems).
  std::function<std::vector<double>(const std::vector<double>& limits)> bounds = {};
  std::vector<double> loss = {};         ///< at the point where v = ∇ℓ, a problem; empty where v comes from elsewhere
  std::vector<double> vv = {}, vy = {};  ///< of squared loss Σ v²/w and Σ v y, an output, from which `bounds` are made; of others empty
};

/// Gives a candidate the bound of squared loss, −(τ²/2) Σ v²/w − τ Σ v y at its best multiple, an output.
template <class Real>
void set_squared_bounds(std::vector<double> of_vv, std::vector<double> of_vy, DualCandidate<Real>& candidate) {
  candidate.vv = std::move(of_vv);
  candidate.vy = std::move(of_vy);
  candidate.bounds = [vv = candidate.vv, vy = candidate.vy](const std::vector<double>& limits) {
    std::vector<double> bounds;
    for (std::size_t k = 0; k < vv.size(); ++k) {
      const double tau = vv[k] > 0 ? std::clamp(-vy[k] / vv[k], 0.0, limits[k]) : 0.0;
      bounds.push_back(-0.5 * tau * tau * vv[k] - tau * vy[k]);
    }
    return bounds;
  };
}

/// The ADMM iteration's views that a linear step may read or write.
template <class Real>
struct AdmmState {
  ConstView<Real> T;        ///< P_G(T₊ − T₋), p × C·B
  ConstView<Real> factors;  ///< of the projected blocks (Device::project_psd)
  ConstView<Real> W;        ///< the projected blocks, p × 2·C·B
  Index rank = 0;           ///< largest rank among them, or N where nobody knows it
  ConstView<Real> carry;    ///< the form's own linear part of the state, carry_rows × C
  View<Real> carry_residual;
  ConstView<Real> split;  ///< s + u of the split s = A D, n × C; without rows for squared loss
  View<Real> split_residual;
  View<Real> s;  ///< result, n × C: prox(split)
  View<Real> D;  ///< result, p × C·B
};

/// Samples that the forms ask a source for at a time.
inline constexpr Index chunk_samples = 8192;
/// Neighbours that `gauss_newton` takes together, with 2·f·m words for each: enough for GEMM's inner dimension, few for what lies between.
inline constexpr Index gauss_newton_samples = 256;
/// Of `ridge_norm`: shift over the mean eigenvalue; only the size of D matters.
inline constexpr double ridge = 0.0025;

template <class Real>
class DataOperator {
 public:
  DataOperator(Device<Real>& device, const Problem& problem, const Source& data)
      : DataOperator(device, problem, data.samples(), data.features(), data.targets()) {}
  DataOperator(Device<Real>& device, const Problem& problem, Index samples, Index features, Index targets)
      : device_(device),
        activation_(problem.activation),
        loss_(problem.loss),
        bias_(problem.bias),
        patches_(problem.architecture, features),
        samples_(samples),
        outputs_(targets) {}
  virtual ~DataOperator() = default;
  DataOperator(const DataOperator&) = delete;
  DataOperator& operator=(const DataOperator&) = delete;

  Device<Real>& device() const { return device_; }
  const Activation& activation() const { return activation_; }
  const Loss& loss_function() const { return loss_; }
  bool bias() const { return bias_; }
  const Patches& patches() const { return patches_; }
  Index samples() const { return samples_; }
  Index outputs() const { return outputs_; }
  Index pools() const { return patches_.pools; }
  Index blocks() const { return outputs_ * patches_.pools; }         ///< C·B
  Index problems() const { return loss_.coupled() ? 1 : outputs_; }  ///< that have nothing in common but the data
  Index N() const { return patches_.size + 1; }                      ///< block size
  Index p() const { return packed::size(N()); }                      ///< lifted parameters of a block
  virtual OperatorKind kind() const = 0;

  // ADMM, for the forms that have a factor; others throw.
  /// About ‖D‖ of the ridge solution (ĀᵀĀ + ridge_shift() I)⁻¹Āᵀy: how large solutions are. To be asked for before `prepare`.
  virtual double ridge_norm() { no_factor(); }
  double trace() const { return mean_eigenvalue_ * static_cast<double>(p() * pools()); }  ///< tr(ĀᵀĀ)
  /// Below this ρ, rounding may make ĀᵀĀ + (ρ/2) I indefinite.
  double smallest_rho() const { return 100 * static_cast<double>(std::numeric_limits<Real>::epsilon()) * trace(); }
  virtual void prepare(double /*rho*/) { no_factor(); }  ///< factors ĀᵀĀ + (ρ/2) I
  virtual Index carry_rows() const { return 0; }
  Index split_rows() const { return loss_.kind == LossKind::squared ? 0 : samples_; }
  /// Fills the carried state for V (p × 2·C·B).
  virtual void start(ConstView<Real> /*V*/, View<Real> /*carry*/) {}
  /// D = (ĀᵀĀ + ρ/2 I)⁻¹(Āᵀt + (ρ/2) T) with t = y for squared loss, else t = 2s − split with s = prox(split) and the split's residual.
  virtual void solve(const AdmmStep& /*step*/, const AdmmState<Real>& /*state*/) { no_factor(); }
  /// v of the last `solve`, which leaves all of it behind: ∇ℓ(A D), or the multiplier of the split, which is a subgradient at s.
  virtual DualCandidate<Real> dual_at(const AdmmStep& /*step*/, const AdmmState<Real>& /*state*/) { no_factor(); }
  /// For losses other than squared: f = v' − v, where v' is v after the least change that brings Γ(v) to `gamma` and back into the domain of ℓ*.
  virtual void nearer(ConstView<Real> /*gamma*/, ConstView<Real> /*v*/, View<Real> /*f*/) { no_factor(); }
  /// The dual candidate of the point of that domain nearest v, which becomes the multiplier.
  virtual DualCandidate<Real> dual_near(ConstView<Real> /*v*/) { no_factor(); }
  /// The multiplier behind the last `dual_at` or `dual_near`, n × C, for losses other than squared.
  virtual ConstView<Real> multiplier() { return {}; }
  /// Loss of each problem at a packed D with ⟨G, D_b⟩ = 0.
  virtual std::vector<double> loss(ConstView<Real> /*D*/) { no_factor(); }
  /// The same at the projected blocks of the last `solve`, made feasible by `moves` (Device::feasibility).
  virtual std::vector<double> projected_loss(const AdmmState<Real>& state, ConstView<Real> moves) {
    if (point_.rows() == 0) point_ = device_.allocate(p(), blocks());
    device_.feasible_difference(N(), state.W, moves, point_);
    return loss(point_);
  }

  // Burer–Monteiro. Columns come by ascending pool, within a pool by ascending output.
  /// Loss at the factored point Z (N × m) and G_j = Γ_{block j} z_j (N × m).
  virtual double evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) = 0;
  /// Derivative of G along Ż at the point last evaluated: Ġ_j = Γ ż_j + Γ̇ z_j (N × m).
  virtual void differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) = 0;
  /// Whether `gauss_newton` works.
  virtual bool has_gauss_newton() const { return false; }
  /// B ← B + n/|I| Σ_{i in I} J_iᵀ ∇²ℓ_i J_i, lower triangle, J_i the derivative of sample i's predictions in the
  /// neurons' w (f·m × f·m), I about `samples` samples spread over the data, all of them where there are no more. Evaluates what it needs at Z.
  virtual void gauss_newton(const FactorColumns& /*columns*/, ConstView<Real> /*Z*/, Index /*samples*/, View<Real> /*B*/) {}
  /// How many samples an unknown pay: where a product costs a pass over a file, as many as make a step worth it.
  virtual double gauss_newton_samples_an_unknown() const { return 0.5; }
  /// Its flops for so many unknowns in all, the squares of each problem's added up, and its scratch in words for so many in one problem.
  virtual double gauss_newton_flops(double /*unknowns*/, double /*squares*/, Index /*samples*/) const { return 0; }
  virtual double gauss_newton_memory(double /*unknowns*/) const { return 0; }
  /// Whether `linearised` works: where samples are held whole, for losses that are sums over outputs.
  virtual bool has_linearisation() const { return false; }
  /// The predictions of one output's columns, linear about the factored point Z of these alone, which is evaluated.
  virtual Linearisation<Real> linearised(const FactorColumns& /*columns*/, ConstView<Real> /*Z*/) { no_factor(); }
  /// Σ s² x̃ x̃ᵀ over all samples and patches, x̃ = [x; 1], packed (p × 1), where samples are streamed over those held, whose s² for squared loss stand
  /// for all; false where the form does not know it.
  virtual bool second_moments(View<Real> /*moments*/) { return false; }
  /// Flops of `differentiate`.
  virtual double product_flops(double /*unknowns*/) const { return 0; }
  /// v = ∇ℓ at the factored point.
  virtual DualCandidate<Real> dual_of(const FactorColumns& columns, ConstView<Real> Z) = 0;

  /// Where ranks share the samples out, the solver is rank 0's, and the others do their part of what it asks this form for, until it is released.
  virtual void serve() {}
  virtual void release() {}

 protected:
  /// Of so many of another's outputs.
  DataOperator(const DataOperator& all, Index outputs)
      : device_(all.device_),
        activation_(all.activation_),
        loss_(all.loss_),
        bias_(all.bias_),
        patches_(all.patches_),
        samples_(all.samples_),
        outputs_(outputs),
        mean_eigenvalue_(all.mean_eigenvalue_) {}

  /// body(to) for the first term of a sum, which thereby begins; of others body(part), which is added to it.
  template <class Body>
  void sum_up(bool first, View<Real> to, View<Real> part, const Body& body) {
    body(first ? to : part);
    if (!first) device_.axpby(Real(1), part, Real(1), to);
  }
  /// The columns of a matrix over all blocks that belong to a pool, one an output.
  template <class T>
  View<T> of_pool(View<T> blocks, Index pool) const {
    return {blocks.data + pool * blocks.stride, blocks.rows, outputs_, pools() * blocks.stride};
  }
  /// A p × C·B matrix as p·B × C; with several pools it has to be contiguous.
  template <class T>
  View<T> by_output(View<T> blocks) const {
    return pools() == 1 ? blocks : blocks.reshaped(p() * pools(), outputs_);
  }
  /// Learns the mean eigenvalue tr(ĀᵀĀ)/(p·B) from a matrix with the trace of ĀᵀĀ: S or K.
  /// `removed` is the part of the trace that centring has taken off, while its rounding stayed.
  void set_scale(ConstView<Real> M, double removed = 0) {
    mean_eigenvalue_ = removed / static_cast<double>(p() * pools());
    std::vector<double> diagonal(static_cast<std::size_t>(M.rows));
    device_.download(ConstView<Real>{M.data, 1, M.rows, M.stride + 1}, diagonal.data());  // a row of stride + 1 from entry to entry
    for (const double value : diagonal) mean_eigenvalue_ += value / static_cast<double>(p() * pools());
  }
  double ridge_shift() const { return ridge * mean_eigenvalue_; }
  /// `ridge_norm` from moments S = ĀᵀĀ and r = Āᵀy (p·B × C).
  double ridge_norm_of(ConstView<Real> S, ConstView<Real> r) const;
  /// What solves with M + ρ/2 I (Device::factor_shifted). \throws EnvironmentError where rounding has made that indefinite
  void factor(ConstView<Real> M, double rho, DeviceMatrix<Real>& factor) const;
  /// Its inverse. \throws likewise
  void invert(ConstView<Real> M, double rho, DeviceMatrix<Real>& inverse) const;
  /// The same of S where ⟨G, ·⟩ = 0. S itself is zero along G, which would make its inverse 2/ρ there and rounding of that size, by the 2/ρ of a tiny
  /// β, everywhere.
  void invert_moments(ConstView<Real> S, double rho, DeviceMatrix<Real>& inverse);

 private:
  [[noreturn]] static void no_factor() {
    throw UsageError("solver admm needs operator moments or gram; with operator matrix-free or streamed use solver bm");
  }

  Device<Real>& device_;
  Activation activation_;
  Loss loss_;
  bool bias_;
  Patches patches_;
  Index samples_, outputs_;
  double mean_eigenvalue_ = 0;
  DeviceMatrix<Real> traces_;  // p·B × B: G/√N of every pool
  DeviceMatrix<Real> point_;   // p × C·B, of `projected_loss`
};

/// Conjugate gradient steps of `ridge_norm`.
inline constexpr int ridge_steps = 40;

/// Approximates (M + shift I)⁻¹B column by column by `steps` conjugate gradient steps; M symmetric n × n. 2 n² C flops a step.
template <class Real>
DeviceMatrix<Real> conjugate_gradients(Device<Real>& device, ConstView<Real> M, double shift, ConstView<Real> B, int steps);

/// Reads the source and builds the form, of streamed samples with what the solver needs: by default descent where the loss is smooth, else ADMM.
/// \throws EnvironmentError when memory does not suffice.
template <class Real>
std::unique_ptr<DataOperator<Real>> make_operator(OperatorKind kind, Device<Real>& device, const Problem& problem, const Source& data,
                                                  SolverKind solver = SolverKind::automatic);

struct ScaledMoments;
/// The moments form of sums that were stored.
template <class Real>
std::unique_ptr<DataOperator<Real>> make_operator(Device<Real>& device, const Problem& problem, const ScaledMoments& data);

/// Visits of samples whose features a device takes in that form (Device::stored_form_of) by Device::upload_features, or by MomentAccumulator::add.
inline void visit_samples(const Source& data, const StoredForm& form, Index most_samples, const std::function<void(const Chunk&)>& visitor) {
  if (form.stored == nullptr)
    data.visit(most_samples, visitor);
  else
    data.visit_targets(most_samples, visitor);
}

}  // namespace neuspec
