#include "lift/moments_operator.hpp"

#include <cmath>
#include <numeric>

#include "lift/pool_columns.hpp"
#include "neuspec/error.hpp"

namespace neuspec {

template <class Real>
MomentsOperator<Real>::MomentsOperator(Device<Real>& device, const Problem& problem, const Source& data)
    : DataOperator<Real>(device, problem, data),
      r_(device.allocate(this->p(), this->blocks())),
      right_(device.allocate(this->p(), this->blocks())),
      product_(device.allocate(this->p(), this->blocks())) {
  auto lifted = std::make_shared<DeviceMatrix<Real>>(device.allocate(this->p() * this->pools(), this->p() * this->pools()));
  LiftedSums sums = sum_moments<Real>(device, problem, data, true, *lifted, this->by_output(r_.view()));
  yy_ = std::move(sums.yy);
  S_ = std::move(lifted);
  this->set_scale(this->S(), sums.removed);
}

template <class Real>
MomentsOperator<Real>::MomentsOperator(Device<Real>& device, const Problem& problem, const ScaledMoments& data)
    : DataOperator<Real>(device, problem, data.moments.samples(), data.moments.features(), data.moments.targets()),
      r_(device.allocate(this->p(), this->blocks())),
      right_(device.allocate(this->p(), this->blocks())),
      product_(device.allocate(this->p(), this->blocks())) {
  StoredLift lift = lift_of(problem, data);
  auto lifted = std::make_shared<DeviceMatrix<Real>>(device.allocate(this->p(), this->p()));
  device.upload(lift.S.data(), *lifted);
  device.upload(lift.r.data(), r_);
  yy_ = std::move(lift.yy);
  S_ = std::move(lifted);
  this->set_scale(this->S());
}

template <class Real>
MomentsOperator<Real>::MomentsOperator(const MomentsOperator& all, Index first, Index count)
    : DataOperator<Real>(all, count),
      S_(all.S_),
      r_(this->device().allocate(this->p(), this->blocks())),
      right_(this->device().allocate(this->p(), this->blocks())),
      product_(this->device().allocate(this->p(), this->blocks())),
      yy_(all.yy_.begin() + first, all.yy_.begin() + first + count) {
  this->device().copy(ConstView<Real>(all.r_).column_range(first * this->pools(), this->blocks()), r_);
}

template <class Real>
double MomentsOperator<Real>::ridge_norm() {
  return this->ridge_norm_of(S(), this->by_output(ConstView<Real>(r_)));
}

template <class Real>
void MomentsOperator<Real>::prepare(double rho) {
  this->invert_moments(S(), rho, inverse_);
}

// 2 p² B² C flops.
template <class Real>
void MomentsOperator<Real>::solve(const AdmmStep& step, const AdmmState<Real>& state) {
  Device<Real>& device = this->device();
  device.copy(r_, right_);
  device.axpby(static_cast<Real>(step.rho / 2), state.T, Real(1), right_);
  device.symm(Real(1), inverse_, this->by_output(right_.view()), Real(0), this->by_output(state.D));
}

// Γ = S D − r = (ρ/2)(T − D) by the linear step itself.
template <class Real>
DualCandidate<Real> MomentsOperator<Real>::dual_at(const AdmmStep& step, const AdmmState<Real>& state) {
  this->device().copy(state.T, product_);
  this->device().axpby(static_cast<Real>(-step.rho / 2), state.D, static_cast<Real>(step.rho / 2), product_);
  return candidate(state.D, product_);
}

// ½⟨D, S D⟩ − ⟨r, D⟩ + ½ yᵀy: 2 p² B² C flops.
template <class Real>
std::vector<double> MomentsOperator<Real>::loss(ConstView<Real> D) {
  const ConstView<Real> d = this->by_output(D), r = this->by_output(ConstView<Real>(r_));
  const View<Real> Sd = this->by_output(product_.view());
  this->device().symm(Real(1), S(), d, Real(0), Sd);
  const std::vector<double> products = this->device().column_dots({{d, Sd}, {d, r}});
  std::vector<double> losses;
  for (std::size_t k = 0; k < yy_.size(); ++k) losses.push_back(0.5 * products[k] - products[k + yy_.size()] + 0.5 * yy_[k]);
  return losses;
}

// With v = A D − y: vᵀv = ⟨D, Γ⟩ − ⟨r, D⟩ + yᵀy and vᵀy = ⟨r, D⟩ − yᵀy; the loss is half the former.
template <class Real>
DualCandidate<Real> MomentsOperator<Real>::candidate(ConstView<Real> D, ConstView<Real> gamma) {
  DualCandidate<Real> result{.gamma = gamma};
  const ConstView<Real> d = this->by_output(D), g = this->by_output(gamma), r = this->by_output(ConstView<Real>(r_));
  const std::vector<double> products = this->device().column_dots({{d, g}, {r, d}});
  std::vector<double> vv, vy;
  for (std::size_t k = 0; k < yy_.size(); ++k) {
    const double dg = products[k], rd = products[k + yy_.size()];
    vv.push_back(dg - rd + yy_[k]);
    vy.push_back(rd - yy_[k]);
    result.loss.push_back(vv.back() / 2);
  }
  set_squared_bounds(std::move(vv), std::move(vy), result);
  return result;
}

// D of the factored point in right_, Γ = S D − r in product_.
template <class Real>
void MomentsOperator<Real>::lift_point(const FactorColumns& columns, ConstView<Real> Z) {
  pack(columns, Z, Z);
  this->device().symm(Real(1), S(), this->by_output(right_.view()), Real(0), this->by_output(product_.view()));
  this->device().axpby(Real(-1), r_, Real(1), product_);
}

// right_ = D of two factors: pools without neurons have none.
template <class Real>
void MomentsOperator<Real>::pack(const FactorColumns& columns, ConstView<Real> Y, ConstView<Real> Z) {
  if (this->pools() > 1) this->device().axpby(Real(0), right_, Real(0), right_);
  for (const PoolColumns& group : columns_by_pool(columns)) {
    this->device().pack_factors(group.columns, Y.column_range(group.first, group.count), Z.column_range(group.first, group.count),
                                this->of_pool(right_.view(), group.pool));
  }
}

template <class Real>
void MomentsOperator<Real>::apply(const FactorColumns& columns, ConstView<Real> gamma, ConstView<Real> Z, View<Real> G) {
  for (const PoolColumns& group : columns_by_pool(columns)) {
    this->device().apply_packed(group.columns, this->of_pool(gamma, group.pool), Z.column_range(group.first, group.count),
                                G.column_range(group.first, group.count));
  }
}

template <class Real>
DualCandidate<Real> MomentsOperator<Real>::dual_of(const FactorColumns& columns, ConstView<Real> Z) {
  lift_point(columns, Z);
  return candidate(right_, product_);
}

// ½⟨D, S D⟩ − ⟨r, D⟩ + ½ yᵀy = ½⟨D, Γ − r⟩ + ½ yᵀy.
template <class Real>
double MomentsOperator<Real>::evaluate(const FactorColumns& columns, ConstView<Real> Z, View<Real> G) {
  Device<Real>& device = this->device();
  lift_point(columns, Z);
  apply(columns, product_, Z, G);
  const std::vector<double> products = device.dots({{right_, product_}, {right_, r_}});
  return 0.5 * (products[0] - products[1] + std::accumulate(yy_.begin(), yy_.end(), 0.0));
}

// 2 p² B² C flops for Γ̇ = S Ḋ; Γ is what `evaluate` left.
template <class Real>
void MomentsOperator<Real>::differentiate(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> Z_dot, View<Real> G_dot) {
  Device<Real>& device = this->device();
  if (derivative_.rows() == 0) derivative_ = device.allocate(this->p(), this->blocks());
  if (scratch_.columns() < Z.columns) scratch_ = device.allocate(this->N(), Z.columns);
  const View<Real> scratch = scratch_.view().column_range(0, Z.columns);
  pack(columns, Z, Z_dot);
  device.symm(Real(2), S(), this->by_output(right_.view()), Real(0), this->by_output(derivative_.view()));
  apply(columns, derivative_, Z, G_dot);
  apply(columns, product_, Z_dot, scratch);
  device.axpby(Real(1), scratch, Real(1), G_dot);
}

template class MomentsOperator<float>;
template class MomentsOperator<double>;

}  // namespace neuspec
