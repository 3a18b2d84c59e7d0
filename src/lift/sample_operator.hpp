// The matrix-free form: the samples themselves in device memory, and nothing else. Any loss. What the other forms with samples are made of.
#pragma once

#include <algorithm>

#include "lift/data_operator.hpp"

namespace neuspec {

/// Of a view that may be none.
template <class T>
View<T> rows_of(View<T> view, Index first, Index count) {
  return view.data == nullptr ? view : view.row_range(first, count);
}

/// Where the features are: in the device's memory, or read again from their source by each product, chunk by chunk. Streamed, a source has to outlive
/// the form, which then has `forward` and `adjoint` alone: what ADMM needs of samples.
enum class Features { held, streamed };

template <class Real>
class SampleOperator : public DataOperator<Real> {
 public:
  SampleOperator(Device<Real>& device, const Problem& problem, const Source& data, Features features = Features::held);

  OperatorKind kind() const override { return OperatorKind::matrix_free; }
  ConstView<Real> multiplier() override { return v_; }
  void nearer(ConstView<Real> gamma, ConstView<Real> v, View<Real> f) override;
  DualCandidate<Real> dual_near(ConstView<Real> v) override;
  std::vector<double> loss(ConstView<Real> D) override;
  double evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) override;
  void differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) override;
  bool has_gauss_newton() const override { return true; }
  double gauss_newton_flops(double /*unknowns*/, double squares, Index samples) const override { return static_cast<double>(samples) * squares; }
  double gauss_newton_memory(double unknowns) const override {
    return 2 * static_cast<double>(std::min(this->samples(), gauss_newton_samples)) * unknowns;
  }
  double product_flops(double unknowns) const override { return 8 * static_cast<double>(this->samples() * this->patches().per_pool) * unknowns; }
  void gauss_newton(const FactorColumns& columns, ConstView<Real> Z, Index samples, View<Real> B) override;
  bool second_moments(View<Real> moments) override;
  bool has_linearisation() const override {
    return stream_ == nullptr && ranks_ == nullptr && this->patches().whole() && !this->bias() && !this->loss_function().coupled();
  }
  Linearisation<Real> linearised(const FactorColumns& columns, ConstView<Real> Z) override;
  DualCandidate<Real> dual_of(const FactorColumns& columns, ConstView<Real> Z) override;

 protected:
  bool squared() const { return this->split_rows() == 0; }
  ConstView<Real> x() const { return x_; }      // d × n
  ConstView<Real> y() const { return y_; }      // n × C, times s
  ConstView<Real> s() const { return scale_; }  // √w for squared loss, or null when all weights are 1
  /// The patch of every sample of x (d × any), f × any; valid until the next call.
  ConstView<Real> patch(Index pool, Index q, ConstView<Real> x);
  /// f = A D (n × C): 2 n f² C flops a patch.
  void forward(ConstView<Real> D, View<Real> f);
  /// n × C: room for a prediction, and its losses once the intercept is in.
  View<Real> prediction() { return f_; }
  std::vector<double> loss_of_prediction();
  /// Γ = Aᵀv (p × C·B): n f² C flops a patch.
  void adjoint(ConstView<Real> v, View<Real> gamma);
  /// Right-hand sides of the linear step: y, or 2s − split with s = prox(split).
  ConstView<Real> targets(const AdmmStep& step, const AdmmState<Real>& state);
  /// The split's residual ω (A D − s).
  void split_residual(const AdmmStep& step, const AdmmState<Real>& state, ConstView<Real> prediction);
  /// v = ρ₁ (split − s), a subgradient of the loss at s.
  DualCandidate<Real> split_candidate(const AdmmStep& step, const AdmmState<Real>& state);
  /// f = Ā (ĀᵀĀ + ρ/2 I)⁻¹ R with the ρ last prepared, the least change of v that takes R off Γ; R (p × C·B) may be overwritten.
  virtual void least_change(View<Real> /*R*/, View<Real> /*f*/) {}
  DualCandidate<Real> candidate(ConstView<Real> v);                    // v n × C = s·∇ℓ
  DualCandidate<Real> sums(ConstView<Real> v, ConstView<Real> gamma);  // the same where Γ(v) is known
  /// With an intercept: M ← P M for the n × columns M, over all ranks. 4 n flops a column.
  void centre(View<Real> M);
  ConstView<Real> unit() const { return unit_; }  // ŝ, n × 1
  ConstView<Real> ones() const { return ones_; }  // n × 1

  /// Takes a chunk's samples as those from `first` on.
  void load(const Chunk& chunk, const StoredForm& form, Index first);
  /// v_ = ∇ℓ at the factored point, its prediction in f_ and the preactivations of every patch in H_.
  void gradient_at(const FactorColumns& columns, ConstView<Real> Z);
  /// f_ for the factored point, without an intercept, and the preactivations.
  void predict(const FactorColumns& columns, ConstView<Real> Z);
  /// Ġ_j = Γ ż_j + Γ̇ z_j for v̇ = v_dot, the columns of Ḣ in Q_ where there is one patch.
  void adjoint_derivative(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, ConstView<Real> v_dot, View<Real> G_dot);
  /// curvature = ∇²ℓ direction (n × C) at f_.
  void curve(ConstView<Real> direction, View<Real> curvature);
  std::vector<double> losses() { return loss_sums(LossStep::value, f_); }  ///< at f_, a problem
  /// −Σ ℓ*(τ v) of each problem at τ = min(1, limit).
  std::vector<double> conjugate_bounds(ConstView<Real> v, const std::vector<double>& limits);
  /// With an intercept: predictions f ← f + b at the best b, for squared loss less what b and the targets' mean have in common. Losses other than
  /// squared give v as well where `v` is not null, for their kinks have more than one; they pass through the host's memory.
  virtual void add_intercept(View<Real> f, const View<Real>* v);

  DeviceMatrix<Real> f_, v_, v_dot_, Q_;  // n × C; n × m scratch

 private:
  void load_targets(const Chunk& chunk, Index first);
  /// body(x, first sample) for all samples, or chunk by chunk where they are streamed.
  template <class Body>
  void each_stretch(const Body& body);
  /// Σ of what a loss step gives, a problem.
  std::vector<double> loss_sums(LossStep step, ConstView<Real> a);
  /// v̇ ← v̇ + ∇²ℓ ḃ for the intercept that follows, which is at its best at f_.
  void let_intercept_follow(View<Real> v_dot);
  /// Room for m neurons, whose preactivations take `columns` columns.
  void reserve(Index neurons, Index columns);
  /// Calls body(columns of the pool, patch, its preactivations in H_, whether it is the pool's first patch).
  template <class Body>
  void each_patch(const FactorColumns& columns, const Body& body);
  /// J (f·m × count), the derivative of `count` samples' predictions from `first` on.
  void jacobian(const FactorColumns& columns, ConstView<Real> Z, Index first, View<Real> J);
  /// B −= S K⁺ Sᵀ for S = JᵀH E and K = EᵀH E of all ranks, from the first one's B, which are going to be added up.
  void take_off_intercept(View<Real> S, View<Real> K, View<Real> B);
  DeviceMatrix<Real> squares_of(ConstView<Real> e);

  const Source* stream_;  // where features are read from; null where they are held
  const Ranks* ranks_;    // that share the samples out, which have one intercept, or null
  DeviceMatrix<Real> x_, y_, scale_, weights_, ones_;
  DeviceMatrix<Real> f_dot_, part_, gamma_, gamma_part_;
  DeviceMatrix<Real> unit_, inner_;        // with an intercept: ŝ, n × 1, and ŝᵀM
  DeviceMatrix<Real> every_, curvature_;   // and its derivative, n × C: 1 or (coupled outputs) ḃ in every row; ∇²ℓ times it
  std::vector<double> levels_, coupling_;  // at the predictions last evaluated (Intercepts)
  DeviceMatrix<Real> off_;                 // p × C·B: Γ(v) less the one wanted
  DeviceMatrix<Real> target_;              // n × C: 2 prox(split) − split
  DeviceMatrix<Real> patch_, H_, G_;       // f × n; n × preactivations of all patches; N × m scratch
};

}  // namespace neuspec
