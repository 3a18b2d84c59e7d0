#include "lift/gram_operator.hpp"

#include <algorithm>
#include <cmath>

#include "neuspec/error.hpp"

namespace neuspec {

template <class Real>
GramOperator<Real>::GramOperator(Device<Real>& device, const Problem& problem, const Source& data)
    : SampleOperator<Real>(device, problem, data),
      Ky_(device.allocate(this->samples(), this->outputs())),
      aw_(device.allocate(this->samples(), this->outputs())),
      t_(device.allocate(this->samples(), this->outputs())),
      u_(device.allocate(this->samples(), this->outputs())),
      v_(device.allocate(this->samples(), this->outputs())),
      gamma_(device.allocate(this->p(), this->blocks())),
      diagonal_(device.allocate(this->samples(), 4 * this->pools())),
      e_(device.allocate(this->samples(), 2)),
      traces_(device.allocate(1, 2 * this->outputs())) {
  lift_diagonal();
}

// A E = s c, A diag(I, 0) = s a‖x‖², of which Ā removes e⟨G, ·⟩/N with e = A G, G their difference.
template <class Real>
void GramOperator<Real>::lift_diagonal() {
  Device<Real>& device = this->device();
  const Index N = this->N(), P = this->patches().per_pool;
  const Activation share = shared_among(this->activation(), P);
  std::vector<double> diagonals(static_cast<std::size_t>(2 * this->p()));
  for (Index j = 0; j < N; ++j) diagonals[static_cast<std::size_t>((j + 1 < N ? this->p() : 0) + packed::position(N, j, j))] = 1;
  const DeviceMatrix<Real> basis = device.allocate(this->p(), 2), part = device.allocate(this->samples(), 2), e = device.allocate(this->samples(), 1);
  device.upload(diagonals.data(), basis);
  for (Index pool = 0; pool < this->pools(); ++pool) {
    const View<Real> own = diagonal_.view().column_range(4 * pool, 2), corner = own.column_range(0, 1), others = own.column_range(1, 1);
    for (Index q = 0; q < P; ++q) {
      device.lifted_forward(share, this->patch(pool, q, this->x()), this->s(), basis, part);
      device.axpby(Real(1), part, q == 0 ? Real(0) : Real(1), own);
    }
    device.copy(others, e);
    device.axpby(Real(-1), corner, Real(1), e);
    device.axpby(static_cast<Real>(1.0 / static_cast<double>(N)), e, Real(1), corner);
    device.axpby(static_cast<Real>(-static_cast<double>(N - 1) / static_cast<double>(N)), e, Real(1), others);
    this->centre(own);
    device.copy(own, diagonal_.view().column_range(4 * pool + 2, 2));
  }
  if (!this->patches().whole()) return;
  device.axpby(Real(-1), e, Real(0), e_.view().column_range(0, 1));
  device.copy(e, e_.view().column_range(1, 1));
}

template <class Real>
void GramOperator<Real>::form_gram() {
  if (formed_) return;
  const bool again = K_.rows() > 0;
  if (!again) K_ = this->device().allocate(this->samples(), this->samples());
  if (this->patches().whole()) {
    this->device().kernel_gram(this->activation(), this->x(), this->s(), K_);
  } else {
    build_from_lifted();
  }
  this->set_scale(K_);
  centre_gram();
  if (!again) this->device().symm(Real(1), K_, this->y(), Real(0), Ky_);
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
    for (Index q = 0; q < P; ++q) device.lift_samples(share, this->patch(pool, q, this->x()), this->s(), q == 0 ? Real(0) : Real(1), lifted);
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
  this->factor(K_, rho, one_matrix() ? K_ : factor_);
}

template <class Real>
void GramOperator<Real>::difference(ConstView<Real> V) {
  const Index K = this->blocks();
  const ConstView<Real> plus{V.data, V.rows, K, 2 * V.stride}, minus{V.data + V.stride, V.rows, K, 2 * V.stride};
  this->device().copy(plus, gamma_);
  this->device().axpby(Real(-1), minus, Real(1), gamma_);
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

// Preactivations take an eighth of K's room, or twice that of the samples.
template <class Real>
Index GramOperator<Real>::outputs_at_a_time(Index rank) const {
  return std::clamp<Index>(std::max(2 * this->N(), this->samples() / 8) / (2 * rank), 1, this->outputs());
}

template <class Real>
void GramOperator<Real>::forward_factors(const AdmmState<Real>& state) {
  Device<Real>& device = this->device();
  const Index N = this->N(), rank = state.rank, outputs = this->outputs();
  if (rank == 0) {
    device.axpby(Real(0), aw_, Real(0), aw_);
    return;
  }
  const Index at_a_time = outputs_at_a_time(rank), most = 2 * rank * at_a_time;
  if (H_.columns() < most) H_ = device.allocate(this->samples(), most + 16);
  if (Z_.columns() < most) Z_ = device.allocate(N, most + 16);
  for (Index first = 0; first < outputs; first += at_a_time) {
    const Index count = std::min(at_a_time, outputs - first), columns = 2 * rank * count;
    FactorColumns table;
    for (Index j = 0; j < columns; ++j) {
      table.sign.push_back(j / rank % 2 == 0 ? 1.0 : -1.0);
      table.output.push_back(j / (2 * rank));
    }
    const View<Real> Z = Z_.view().column_range(0, columns);
    const ConstView<Real> factors = state.factors.column_range(2 * first * N, 2 * count * N);
    device.copy({factors.data, N * rank, 2 * count, N * factors.stride}, Z.reshaped(N * rank, 2 * count));  // without gaps, as factors are
    device.factored_forward(this->activation(), this->x(), this->s(), table, Z, H_.view().column_range(0, columns),
                            aw_.view().column_range(first, count));
  }
  device.traces(N, state.W, traces_);
  device.gemm(Transpose::no, Transpose::no, Real(1), e_, traces_.view().reshaped(2, outputs), Real(1), aw_);
}

template <class Real>
std::vector<double> GramOperator<Real>::projected_loss(const AdmmState<Real>& /*state*/, ConstView<Real> moves) {
  const View<Real> f = this->prediction();
  this->device().copy(aw_, f);
  this->device().gemm(Transpose::no, Transpose::no, Real(1), diagonal_, moves.reshaped(diagonal_.columns(), this->outputs()), Real(1), f);
  return this->loss_of_prediction();
}

// With targets t and Āh = K t + (ρ/2) ĀT: u = ĀD = (K + ρ/2 I)⁻¹ Āh, hence D = T − (2/ρ) Āᵀ(u − t).
// 2 n² C flops with the factor (as many for K t where the targets move), n f² C a patch for the adjoint, 4 n d r C for the forward product of
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
  device.solve_factored(one_matrix() ? K_ : factor_, t_, u_);
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
DualCandidate<Real> GramOperator<Real>::dual_at(const AdmmStep& step, const AdmmState<Real>& state) {
  return this->squared() ? this->sums(v_, gamma_) : this->split_candidate(step, state);
}

// Ā (ĀᵀĀ + ρ/2 I)⁻¹ R = (K + ρ/2 I)⁻¹ Ā R.
template <class Real>
void GramOperator<Real>::least_change(View<Real> R, View<Real> f) {
  this->forward(R, u_);
  this->centre(u_);
  this->device().solve_factored(one_matrix() ? K_ : factor_, u_, f);
}

template class GramOperator<float>;
template class GramOperator<double>;

}  // namespace neuspec
