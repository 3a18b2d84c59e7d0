#include "lift/gram_operator.hpp"

#include <algorithm>
#include <cmath>

#include "neuspec/error.hpp"

namespace neuspec {

template <class Real>
GramOperator<Real>::GramOperator(Device<Real>& device, const Problem& problem, const Source& data)
    : SampleOperator<Real>(device, problem, data),
      K_(device.allocate(this->samples(), this->samples())),
      Ky_(device.allocate(this->samples(), this->outputs())),
      aw_(device.allocate(this->samples(), this->outputs())),
      t_(device.allocate(this->samples(), this->outputs())),
      u_(device.allocate(this->samples(), this->outputs())),
      v_(device.allocate(this->samples(), this->outputs())),
      gamma_(device.allocate(this->p(), this->blocks())),
      e_(device.allocate(this->samples(), 1)),
      trace_(device.allocate(1, 1)) {
  if (this->patches().whole()) {
    // e_i = s_i⟨A_i, G⟩ = s_i (a‖x_i‖² − c)
    std::vector<double> G(static_cast<std::size_t>(this->p()));
    for (Index j = 0; j < this->N(); ++j) G[static_cast<std::size_t>(packed::position(this->N(), j, j))] = j + 1 < this->N() ? 1.0 : -1.0;
    device.upload(G.data(), gamma_.view().column_range(0, 1));
    device.lifted_forward(this->activation(), this->x(), this->s(), gamma_.view().column_range(0, 1), e_);
  }
  form_gram();
  device.symm(Real(1), K_, this->y(), Real(0), Ky_);
}

template <class Real>
void GramOperator<Real>::form_gram() {
  if (formed_) return;
  if (this->patches().whole()) {
    this->device().kernel_gram(this->activation(), this->x(), this->s(), K_);
  } else {
    build_from_lifted();
  }
  this->set_scale(K_);
  centre_gram();
  formed_ = true;
}

// P K P = K − c ŝᵀ − ŝ cᵀ with c = K ŝ − ½ (ŝᵀK ŝ) ŝ.
template <class Real>
void GramOperator<Real>::centre_gram() {
  if (!this->bias()) return;
  Device<Real>& device = this->device();
  const ConstView<Real> unit = this->unit();
  const DeviceMatrix<Real> c = device.allocate(this->samples(), 1);
  device.symm(Real(1), K_, unit, Real(0), c);
  device.axpby(static_cast<Real>(-0.5 * device.dot(unit, c)), unit, Real(1), c);
  device.gemm(Transpose::no, Transpose::yes, Real(-1), c, unit, Real(1), K_);
  device.gemm(Transpose::no, Transpose::yes, Real(-1), unit, c, Real(1), K_);
}

// K = Σ_b L̄_bᵀL̄_b over the pools' lifted samples, each a mean over patches: 2 n² p B flops.
template <class Real>
void GramOperator<Real>::build_from_lifted() {
  Device<Real>& device = this->device();
  const Index P = this->patches().per_pool;
  const Activation share = shared_among(this->activation(), P);
  const DeviceMatrix<Real> lifted = device.allocate(this->p(), this->samples());
  for (Index pool = 0; pool < this->pools(); ++pool) {
    for (Index q = 0; q < P; ++q) device.lift_samples(share, this->patch(pool, q), this->s(), q == 0 ? Real(0) : Real(1), lifted);
    device.project_trace(this->N(), lifted);
    device.gemm(Transpose::yes, Transpose::no, Real(1), lifted, lifted, pool == 0 ? Real(0) : Real(1), K_);
  }
}

// D = Āᵀα with α = (K + shift I)⁻¹y. Not by ‖D‖² = αᵀKα: what of y no network reaches makes α large, and K's rounding would show in the product.
template <class Real>
double GramOperator<Real>::ridge_norm() {
  form_gram();
  Device<Real>& device = this->device();
  const DeviceMatrix<Real> alpha = conjugate_gradients<Real>(device, K_, this->ridge_shift(), this->y(), ridge_steps);
  this->centre(alpha);
  this->adjoint(alpha, gamma_);
  device.project_trace(this->N(), gamma_);
  return std::sqrt(device.dot(gamma_, gamma_));
}

template <class Real>
void GramOperator<Real>::prepare(double rho) {
  form_gram();
  formed_ = !one_matrix();
  this->invert(K_, rho, one_matrix() ? K_ : inverse_);
}

template <class Real>
void GramOperator<Real>::difference(ConstView<Real> V) {
  for (Index k = 0; k < this->blocks(); ++k) {
    const View<Real> to = gamma_.view().column_range(k, 1);
    this->device().copy(V.column_range(2 * k, 1), to);
    this->device().axpby(Real(-1), V.column_range(2 * k + 1, 1), Real(1), to);
  }
  this->device().project_trace(this->N(), gamma_);
}

// The carried state is Ā(V₊ − V₋), which the iteration changes linearly: it saves a product with all N columns a step.
template <class Real>
void GramOperator<Real>::start(ConstView<Real> V, View<Real> carry) {
  difference(V);
  this->forward(gamma_, carry);
  this->centre(carry);
}

// Rank-r factors take 4 n d r flops, W itself 2 n d²: where the rank is large, or nobody knows it, W is the cheaper.
template <class Real>
void GramOperator<Real>::forward_projected(const AdmmState<Real>& state) {
  if (this->patches().whole() && 2 * state.rank < this->N()) {
    forward_factors(state);
  } else {
    difference(state.W);
    this->forward(gamma_, aw_);
  }
  this->centre(aw_);
}

template <class Real>
void GramOperator<Real>::forward_factors(const AdmmState<Real>& state) {
  Device<Real>& device = this->device();
  const Index N = this->N(), rank = state.rank;
  if (rank == 0) {
    device.axpby(Real(0), aw_, Real(0), aw_);
    return;
  }
  if (H_.columns() < 2 * rank) H_ = device.allocate(this->samples(), std::min(2 * N, 2 * rank + 16));
  if (Z_.columns() < 2 * rank) Z_ = device.allocate(N, std::min(2 * N, 2 * rank + 16));
  FactorColumns columns{std::vector<double>(static_cast<std::size_t>(rank), 1.0), std::vector<Index>(static_cast<std::size_t>(2 * rank), 0)};
  columns.sign.resize(static_cast<std::size_t>(2 * rank), -1.0);
  const View<Real> Z = Z_.view().column_range(0, 2 * rank);
  for (Index k = 0; k < this->outputs(); ++k) {
    const View<Real> aw = aw_.view().column_range(k, 1);
    for (Index side = 0; side < 2; ++side) {
      const ConstView<Real> factor = state.factors.column_range((2 * k + side) * N, rank), vector = factor.reshaped(N * rank, 1),
                            corner = factor.row_range(N - 1, 1);
      device.copy(factor, Z.column_range(side * rank, rank));
      const Real sign = (side == 0 ? Real(1) : Real(-1)) / static_cast<Real>(N);  // trace_ = ⟨G, W₊ − W₋⟩/N
      device.gemm(Transpose::yes, Transpose::no, sign, vector, vector, side == 0 ? Real(0) : Real(1), trace_);
      device.gemm(Transpose::no, Transpose::yes, -2 * sign, corner, corner, Real(1), trace_);
    }
    device.factored_forward(this->activation(), this->x(), this->s(), columns, Z, H_.view().column_range(0, 2 * rank), aw);
    device.gemm(Transpose::no, Transpose::no, Real(-1), e_, trace_, Real(1), aw);
  }
}

// With targets t and Āh = K t + (ρ/2) ĀT: u = ĀD = (K + ρ/2 I)⁻¹ Āh, hence D = T − (2/ρ) Āᵀ(u − t).
// n² C flops for the inverse (as many again for K t where the targets move), n f² C a patch for the adjoint, 4 n d r C for the forward product of
// rank-r factors.
template <class Real>
void GramOperator<Real>::solve(const AdmmStep& step, const AdmmState<Real>& state) {
  Device<Real>& device = this->device();
  const double rho = step.rho / step.split_rho;
  const ConstView<Real> targets = this->targets(step, state);
  forward_projected(state);
  if (!this->squared()) device.symm(Real(1), K_, targets, Real(0), Ky_);
  device.copy(aw_, t_);
  device.axpby(Real(-1), state.carry, Real(2), t_);  // ĀT = 2 Ā(W₊ − W₋) − Ā(V₊ − V₋)
  device.axpby(Real(1), Ky_, static_cast<Real>(rho / 2), t_);
  device.symm(Real(1), one_matrix() ? K_ : inverse_, t_, Real(0), u_);
  device.copy(u_, state.carry_residual);
  device.axpby(static_cast<Real>(-step.relaxation), aw_, static_cast<Real>(step.relaxation), state.carry_residual);
  device.copy(u_, v_);
  device.axpby(Real(-1), targets, Real(1), v_);
  this->centre(v_);
  if (!this->squared()) {
    if (this->bias()) device.copy(targets, u_);
    if (this->bias()) device.axpby(Real(1), v_, Real(1), u_);
    this->split_residual(step, state, u_);
  }
  this->adjoint(v_, gamma_);
  device.project_trace(this->N(), gamma_);
  device.copy(state.T, state.D);
  device.axpby(static_cast<Real>(-2 / rho), gamma_, Real(1), state.D);
}

template <class Real>
DualCandidate GramOperator<Real>::dual_at(const AdmmStep& step, const AdmmState<Real>& state) {
  return this->squared() ? this->sums(v_, gamma_) : this->split_candidate(step, state);
}

template class GramOperator<float>;
template class GramOperator<double>;

}  // namespace neuspec
