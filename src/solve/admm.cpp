#include "solve/admm.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "decompose/neural_decomposition.hpp"

namespace neuspec {

namespace {
constexpr Index memory = 15;  // Anderson's past pairs
constexpr Index anderson_interval = 10;
constexpr Index test_interval = 20;
constexpr double balance_threshold = 2.5;
constexpr double negligible = 1e-10;     // of the largest eigenvalue: no neuron
constexpr double multiplier_size = 1.0;  // ‖ρU‖ ≈ this·β·√(rows of all blocks) at the optimum; seen within a third on every data set tried
}  // namespace

template <class Real>
Admm<Real>::Admm(DataOperator<Real>& data, double beta) : data_(data), device_(data.device()), K_(data.outputs()), p_(data.p()) {
  const Index N = data.N(), extra = data.extra_rows();
  step_.N = N;
  step_.beta = beta;
  step_.rho = predicted_rho();
  const auto matrix = [&](Index rows, Index columns) { return device_.allocate(rows, columns); };
  V_ = matrix(p_, 2 * K_);
  W_ = matrix(p_, 2 * K_);
  F_ = matrix(p_, 2 * K_);
  fallback_ = matrix(p_, 2 * K_);
  previous_W_ = matrix(p_, 2 * K_);
  factors_ = matrix(N, N * 2 * K_);
  T_ = matrix(p_, K_);
  D_ = matrix(p_, K_);
  past_F_ = matrix(2 * p_, K_ * memory);
  past_Y_ = matrix(2 * p_, K_ * memory);
  extra_ = matrix(extra, K_);
  extra_F_ = matrix(extra, K_);
  extra_fallback_ = matrix(extra, K_);
  past_extra_ = matrix(extra, K_ * memory);
  coefficients_ = matrix(memory, K_);
  squares_ = matrix(1, K_);
  before_ = matrix(1, K_);
}

// ADMM does best where the multipliers ρU and the point W have norms in the ratio ρ. Both can be foretold before the first step: the former from β
// alone, the latter from a ridge solution. It saves the two or three refactorisations that balancing from a blind start takes.
template <class Real>
double Admm<Real>::predicted_rho() {
  const double size = data_.ridge_norm(), multiplier = multiplier_size * step_.beta * std::sqrt(static_cast<double>(2 * K_ * step_.N));
  const double rho = multiplier / size;
  return std::max(std::isfinite(rho) && rho > 0 ? rho : step_.beta, data_.smallest_rho());
}

template <class Real>
void Admm<Real>::run(Monitor& monitor, double target) {
  if (!prepared_) {
    data_.prepare(step_.rho);
    prepared_ = true;
  }
  while (true) {
    evaluate();
    if (balance_pending_) balance();
    if (iterations_ % test_interval == test_interval / 4 && converged(monitor, target)) return;
    advance();
  }
}

template <class Real>
void Admm<Real>::set_beta(double beta) {
  step_.beta = beta;
  stored_ = next_slot_ = 0;
  candidate_pending_ = false;
}

template <class Real>
AdmmState<Real> Admm<Real>::state() {
  return {T_, factors_, rank_, extra_, extra_F_, D_};
}

template <class Real>
void Admm<Real>::evaluate() {
  rank_ = device_.project_psd(step_.N, V_, W_, factors_);
  device_.admm_difference(step_, V_, W_, T_);
  data_.solve(step_, state());
  device_.admm_residual(step_, V_, W_, D_, F_);
  ++iterations_;
}

// One accelerated candidate every `anderson_interval` steps, judged by its own residual at the next step: kept if that is not larger than the
// residual it started from, else the plain step from there is taken after all. No value travels to the host.
template <class Real>
void Admm<Real>::advance() {
  const View<Real> v = V_.view().reshaped(2 * p_, K_), f = F_.view().reshaped(2 * p_, K_), fallback = fallback_.view().reshaped(2 * p_, K_);
  if (candidate_pending_) {
    candidate_pending_ = false;
    remember(v, extra_, Real(1));
    device_.column_squares(f, squares_);
    device_.advance_or_fall_back(f, fallback, squares_, before_, v);
    device_.advance_or_fall_back(extra_F_, extra_fallback_, squares_, before_, extra_);
  } else if (iterations_ % anderson_interval == 0 && stored_ >= 2 && !balance_pending_) {
    const Index slots = stored_;
    device_.anderson_coefficients(past_F_, slots, f, coefficients_);
    device_.column_squares(f, before_);
    sum_to(v, f, fallback);
    sum_to(extra_, extra_F_, extra_fallback_);
    device_.anderson_combine(past_Y_, slots, coefficients_, f, v);
    device_.anderson_combine(past_extra_, slots, coefficients_, extra_F_, extra_);
    remember(fallback, extra_fallback_, Real(0));
    candidate_pending_ = true;
  } else {
    remember(v, extra_, Real(1));
    device_.axpby(Real(1), f, Real(1), v);
    device_.axpby(Real(1), extra_F_, Real(1), extra_);
  }
}

template <class Real>
void Admm<Real>::sum_to(ConstView<Real> a, ConstView<Real> b, View<Real> to) {
  device_.copy(a, to);
  device_.axpby(Real(1), b, Real(1), to);
}

// Writes F and Y = v + weight·F into the ring.
template <class Real>
void Admm<Real>::remember(ConstView<Real> v, ConstView<Real> extra, Real weight) {
  const View<Real> f = F_.view().reshaped(2 * p_, K_);
  const View<Real> y = past_Y_.view().column_range(next_slot_ * K_, K_), y_extra = past_extra_.view().column_range(next_slot_ * K_, K_);
  device_.copy(f, past_F_.view().column_range(next_slot_ * K_, K_));
  device_.copy(v, y);
  device_.copy(extra, y_extra);
  if (weight != Real(0)) {
    device_.axpby(weight, f, Real(1), y);
    device_.axpby(weight, extra_F_, Real(1), y_extra);
  }
  next_slot_ = (next_slot_ + 1) % memory;
  stored_ = std::min(stored_ + 1, memory);
}

template <class Real>
bool Admm<Real>::converged(Monitor& monitor, double target) {
  const std::vector<double> objective = primal();
  const bool stop =
      monitor.test(objective, dual_bounds(data_.dual_at(step_, state()), step_.N, step_.beta), neurons(), iterations_ - tested_, target);
  tested_ = iterations_;
  if (!candidate_pending_) {
    primal_residual_ = std::sqrt(device_.dot(F_, F_)) / step_.relaxation;
    device_.copy(W_, previous_W_);
    balance_pending_ = true;
  }
  return stop;
}

// Objective of W made feasible: what ⟨G, W⟩ lacks goes to its corner or to the identity of its leading block.
template <class Real>
std::vector<double> Admm<Real>::primal() {
  const Index N = step_.N, d = N - 1;
  std::vector<double> W(static_cast<std::size_t>(p_ * 2 * K_)), D(static_cast<std::size_t>(p_ * K_)), penalty(static_cast<std::size_t>(K_));
  device_.download(W_, W.data());
  for (Index b = 0; b < 2 * K_; ++b) {
    double* block = W.data() + b * p_;
    double trace = 0;
    for (Index j = 0; j < d; ++j) trace += block[packed::position(N, j, j)];
    const double excess = trace - block[p_ - 1];
    if (excess > 0) block[p_ - 1] += excess;
    for (Index j = 0; excess < 0 && j < d; ++j) block[packed::position(N, j, j)] -= excess / static_cast<double>(d);
    penalty[static_cast<std::size_t>(b / 2)] += step_.beta * block[p_ - 1];
    const double sign = b % 2 == 0 ? 1.0 : -1.0;
    double* difference = D.data() + b / 2 * p_;
    for (Index i = 0; i < p_; ++i) difference[i] += sign * block[i];
  }
  DeviceMatrix<Real> point = device_.allocate(p_, K_);
  device_.upload(D.data(), point);
  std::vector<double> objective = data_.loss(point);
  for (std::size_t k = 0; k < objective.size(); ++k) objective[k] += penalty[k];
  return objective;
}

// Residual balance: primal ‖Z − W‖/‖W‖ against dual ‖W_next − W‖/‖U‖, both at the step after a test.
template <class Real>
void Admm<Real>::balance() {
  balance_pending_ = false;
  device_.axpby(Real(-1), W_, Real(1), previous_W_);
  const double change = std::sqrt(device_.dot(previous_W_, previous_W_)), size_of_W = std::sqrt(device_.dot(W_, W_));
  device_.copy(V_, previous_W_);
  device_.axpby(Real(-1), W_, Real(1), previous_W_);
  const double size_of_U = std::sqrt(device_.dot(previous_W_, previous_W_));
  if (!(size_of_W > 0 && size_of_U > 0 && change > 0 && primal_residual_ > 0)) return;
  const double wanted = std::clamp(std::sqrt(primal_residual_ / size_of_W / (change / size_of_U)), 0.2, 5.0);
  const double factor = std::max(wanted, data_.smallest_rho() / step_.rho);
  if (std::max(factor, 1 / factor) > balance_threshold) change_rho(factor);
}

// The scaled multiplier U = V − W shrinks as ρ grows; W, and with it the point, stays.
template <class Real>
void Admm<Real>::change_rho(double factor) {
  device_.axpby(static_cast<Real>(1 - 1 / factor), W_, static_cast<Real>(1 / factor), V_);
  step_.rho *= factor;
  data_.prepare(step_.rho);
  data_.start(V_, extra_);
  stored_ = next_slot_ = 0;
  candidate_pending_ = false;
  evaluate();
}

// Σ ranks: columns of the factors that carry weight.
template <class Real>
Index Admm<Real>::neurons() const {
  Index count = 0;
  for (const std::vector<double>& P : factors()) {
    double largest = 0;
    std::vector<double> squares;
    for (auto column = P.begin(); column != P.end(); column += step_.N) {
      squares.push_back(std::inner_product(column, column + step_.N, column, 0.0));
      largest = std::max(largest, squares.back());
    }
    count += std::count_if(squares.begin(), squares.end(), [&](double square) { return square > negligible * largest; });
  }
  return count;
}

template <class Real>
std::vector<std::vector<double>> Admm<Real>::factors() const {
  const Index N = step_.N;
  std::vector<std::vector<double>> result;
  for (Index b = 0; b < 2 * K_; ++b) {
    std::vector<double> P(static_cast<std::size_t>(N * rank_));
    device_.download(factors_.view().column_range(b * N, rank_), P.data());
    result.push_back(std::move(P));
  }
  return result;
}

template <class Real>
Network Admm<Real>::network() {
  Network result = empty_network(data_.activation(), data_.features(), K_);
  Index block = 0;
  for (std::vector<double>& P : factors()) {
    decompose_factor(std::move(P), step_.N, block % 2 == 0 ? 1.0 : -1.0, block / 2, negligible, result);
    ++block;
  }
  return result;
}

template class Admm<float>;
template class Admm<double>;

}  // namespace neuspec
