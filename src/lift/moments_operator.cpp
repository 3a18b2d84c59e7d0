#include "lift/moments_operator.hpp"

#include <cmath>
#include <numeric>

#include "neuspec/error.hpp"

namespace neuspec {

template <class Real>
MomentsOperator<Real>::MomentsOperator(Device<Real>& device, const Problem& problem, const Source& data)
    : DataOperator<Real>(device, problem.activation, data.samples(), data.features(), data.targets()),
      S_(device.allocate(this->p(), this->p())),
      r_(device.allocate(this->p(), this->outputs())),
      right_(device.allocate(this->p(), this->outputs())),
      product_(device.allocate(this->p(), this->outputs())),
      yy_(static_cast<std::size_t>(this->outputs())) {
  const auto accumulator = device.moment_accumulator(this->features(), this->outputs());
  data.visit(chunk_samples, [&](const Chunk& chunk) {
    accumulator->add(chunk);
    for (Index i = 0; i < chunk.samples; ++i) {
      const double w = chunk.weights == nullptr ? 1.0 : chunk.weights[i];
      for (std::size_t k = 0; k < yy_.size(); ++k) {
        const double y = chunk.y[static_cast<std::size_t>(i) * yy_.size() + k];
        yy_[k] += w * y * y;
      }
    }
  });
  accumulator->finish(this->activation(), S_, r_);
  this->set_scale(S_);
}

template <class Real>
double MomentsOperator<Real>::ridge_norm() {
  const DeviceMatrix<Real> D = conjugate_gradients<Real>(this->device(), S_, this->ridge_shift(), r_, ridge_steps);
  return std::sqrt(this->device().dot(D, D));
}

template <class Real>
void MomentsOperator<Real>::prepare(double rho) {
  if (inverse_.rows() == 0) inverse_ = this->device().allocate(this->p(), this->p());
  if (!this->device().invert_shifted(S_, rho / 2, inverse_)) throw EnvironmentError("the shifted moment matrix is not positive definite");
}

// 2 p² C flops.
template <class Real>
void MomentsOperator<Real>::solve(const AdmmStep& step, const AdmmState<Real>& state) {
  Device<Real>& device = this->device();
  device.copy(r_, right_);
  device.axpby(static_cast<Real>(step.rho / 2), state.T, Real(1), right_);
  device.symm(Real(1), inverse_, right_, Real(0), state.D);
}

// Γ = S D − r = (ρ/2)(T − D) by the linear step itself.
template <class Real>
DualCandidate MomentsOperator<Real>::dual_at(const AdmmStep& step, const AdmmState<Real>& state) {
  this->device().copy(state.T, product_);
  this->device().axpby(static_cast<Real>(-step.rho / 2), state.D, static_cast<Real>(step.rho / 2), product_);
  return candidate(state.D, product_);
}

// ½⟨D, S D⟩ − ⟨r, D⟩ + ½ yᵀy: 2 p² C flops.
template <class Real>
std::vector<double> MomentsOperator<Real>::loss(ConstView<Real> D) {
  Device<Real>& device = this->device();
  device.symm(Real(1), S_, D, Real(0), product_);
  std::vector<double> losses;
  for (Index k = 0; k < this->outputs(); ++k) {
    const ConstView<Real> Dk = D.column_range(k, 1);
    losses.push_back(0.5 * device.dot(Dk, product_.view().column_range(k, 1)) - device.dot(Dk, r_.view().column_range(k, 1)) +
                     0.5 * yy_[static_cast<std::size_t>(k)]);
  }
  return losses;
}

// With v = A D − y: vᵀv = ⟨D, Γ⟩ − ⟨r, D⟩ + yᵀy and vᵀy = ⟨r, D⟩ − yᵀy.
template <class Real>
DualCandidate MomentsOperator<Real>::candidate(ConstView<Real> D, ConstView<Real> gamma) {
  DualCandidate result{std::vector<double>(static_cast<std::size_t>(gamma.size())), {}, {}};
  this->device().download(gamma, result.gamma.data());
  for (Index k = 0; k < this->outputs(); ++k) {
    const double yy = yy_[static_cast<std::size_t>(k)];
    const double rd = this->device().dot(r_.view().column_range(k, 1), D.column_range(k, 1));
    result.vv.push_back(this->device().dot(D.column_range(k, 1), gamma.column_range(k, 1)) - rd + yy);
    result.vy.push_back(rd - yy);
  }
  return result;
}

// D of the factored point in right_, Γ = S D − r in product_.
template <class Real>
void MomentsOperator<Real>::lift_point(const FactorColumns& columns, ConstView<Real> Z) {
  this->device().pack_factors(columns, Z, Z, right_);
  this->device().symm(Real(1), S_, right_, Real(0), product_);
  this->device().axpby(Real(-1), r_, Real(1), product_);
}

template <class Real>
DualCandidate MomentsOperator<Real>::dual_of(const FactorColumns& columns, ConstView<Real> Z) {
  lift_point(columns, Z);
  return candidate(right_, product_);
}

// ½⟨D, S D⟩ − ⟨r, D⟩ + ½ yᵀy = ½⟨D, Γ − r⟩ + ½ yᵀy.
template <class Real>
double MomentsOperator<Real>::evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) {
  Device<Real>& device = this->device();
  lift_point(columns, Z);
  device.apply_packed(columns, product_, Z, G);
  return 0.5 * (device.dot(right_, product_) - device.dot(right_, r_) + std::accumulate(yy_.begin(), yy_.end(), 0.0));
}

// 2 p² C flops for Γ̇ = S Ḋ; Γ is what `evaluate` left.
template <class Real>
void MomentsOperator<Real>::differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) {
  Device<Real>& device = this->device();
  if (derivative_.rows() == 0) derivative_ = device.allocate(this->p(), this->outputs());
  if (scratch_.columns() < Z.columns) scratch_ = device.allocate(this->N(), Z.columns);
  const View<Real> scratch = scratch_.view().column_range(0, Z.columns);
  device.pack_factors(columns, Z, Z_dot, right_);
  device.symm(Real(2), S_, right_, Real(0), derivative_);
  device.apply_packed(columns, derivative_, Z, G_dot);
  device.apply_packed(columns, product_, Z_dot, scratch);
  device.axpby(Real(1), scratch, Real(1), G_dot);
}

template class MomentsOperator<float>;
template class MomentsOperator<double>;

}  // namespace neuspec
