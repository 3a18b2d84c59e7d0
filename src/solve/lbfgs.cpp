#include "solve/lbfgs.hpp"

#include <cmath>

namespace neuspec {

namespace {
constexpr double sufficient_decrease = 1e-4, enough_curvature = 0.9;
constexpr int line_search_steps = 25;
std::size_t at(Index i) { return static_cast<std::size_t>(i); }
}  // namespace

template <class Real>
Lbfgs<Real>::Lbfgs(Device<Real>& device, Index size)
    : device_(device),
      size_(size),
      basis_(device.allocate(size, 2 * memory)),
      gradient_(device.allocate(size, 1)),
      trial_gradient_(device.allocate(size, 1)),
      trial_(device.allocate(size, 1)),
      direction_(device.allocate(size, 1)),
      products_(device.allocate(2 * memory, 1)),
      coefficients_(device.allocate(2 * memory, 1)),
      gram_(at(4 * memory * memory)) {}

template <class Real>
double Lbfgs<Real>::minimise(View<Real> x, const Function& function, const Stop& stop) {
  double value = function(x, gradient_);
  for (Index iteration = 1;; ++iteration) {
    double slope = direction();
    if (!(slope < 0)) {  // memory spoilt by rounding, or a stationary point
      if (stored_ == 0) return value;
      stored_ = next_ = 0;
      slope = direction();
      if (!(slope < 0)) return value;
    }
    if (!line_search(x, function, slope, value)) {
      if (stored_ == 0) return value;
      stored_ = next_ = 0;
      continue;
    }
    if (stop(iteration, value)) return value;
  }
}

// Two-loop recursion in the coordinates of (s_1 … s_m, y_1 … y_m, g).
template <class Real>
double Lbfgs<Real>::direction() {
  const Index m = memory;
  device_.gemm(Transpose::yes, Transpose::no, Real(1), basis_, gradient_, Real(0), products_);
  std::vector<double> g(at(2 * m)), c(at(2 * m)), alpha(at(m));
  device_.download(products_, g.data());
  const double gg = device_.dot(gradient_, gradient_);
  double cg = -1;  // coefficient of g in q
  const auto dot = [&](Index row) {  // basis row · q
    double sum = cg * g[at(row)];
    for (Index j = 0; j < 2 * m; ++j) sum += gram_[at(row * 2 * m + j)] * c[at(j)];
    return sum;
  };
  for (Index i = 0; i < stored_; ++i) {
    const Index slot = (next_ - 1 - i + 2 * m) % m;
    alpha[at(slot)] = dot(slot) / gram_[at(slot * 2 * m + m + slot)];
    c[at(m + slot)] -= alpha[at(slot)];
  }
  double scale = 1 / std::max(std::sqrt(gg), 1e-300);
  if (stored_ > 0) {
    const Index last = (next_ - 1 + m) % m;
    scale = gram_[at(last * 2 * m + m + last)] / gram_[at((m + last) * 2 * m + m + last)];
  }
  cg *= scale;
  for (double& value : c) value *= scale;
  for (Index i = stored_ - 1; i >= 0; --i) {
    const Index slot = (next_ - 1 - i + 2 * m) % m;
    const double beta = dot(m + slot) / gram_[at(slot * 2 * m + m + slot)];
    c[at(slot)] += alpha[at(slot)] - beta;
  }
  device_.upload(c.data(), coefficients_);
  device_.copy(gradient_, direction_);
  device_.gemm(Transpose::no, Transpose::no, Real(1), basis_, coefficients_, static_cast<Real>(cg), direction_);
  double slope = cg * gg;
  for (Index j = 0; j < 2 * m; ++j) slope += c[at(j)] * g[at(j)];
  return slope;
}

// Bisection and doubling to the weak Wolfe conditions, unit step first; remembers the accepted pair.
template <class Real>
bool Lbfgs<Real>::line_search(View<Real> x, const Function& function, double slope, double& value) {
  double low = 0, high = std::numeric_limits<double>::infinity(), step = 1;
  for (int trial = 0; trial < line_search_steps; ++trial) {
    device_.copy(x, trial_);
    device_.axpby(static_cast<Real>(step), direction_, Real(1), trial_);
    const double trial_value = function(trial_, trial_gradient_);
    if (!(trial_value <= value + sufficient_decrease * step * slope)) {
      high = step;
    } else if (device_.dot(trial_gradient_, direction_) < enough_curvature * slope) {
      low = step;
    } else {
      value = trial_value;
      remember(step);
      device_.copy(trial_, x);
      device_.copy(trial_gradient_, gradient_);
      return true;
    }
    step = std::isinf(high) ? 2 * step : (low + high) / 2;
  }
  return false;
}

template <class Real>
void Lbfgs<Real>::remember(double step) {
  const Index m = memory;
  const View<Real> s = basis_.view().column_range(next_, 1), y = basis_.view().column_range(m + next_, 1);
  device_.axpby(static_cast<Real>(step), direction_, Real(0), s);
  device_.copy(trial_gradient_, y);
  device_.axpby(Real(-1), gradient_, Real(1), y);
  std::vector<double> column(at(2 * m));
  for (const Index row : {next_, m + next_}) {
    device_.gemm(Transpose::yes, Transpose::no, Real(1), basis_, basis_.view().column_range(row, 1), Real(0), products_);
    device_.download(products_, column.data());
    for (Index j = 0; j < 2 * m; ++j) gram_[at(row * 2 * m + j)] = gram_[at(j * 2 * m + row)] = column[at(j)];
  }
  if (gram_[at(next_ * 2 * m + m + next_)] <= 0) return;  // no curvature: the pair is overwritten next time
  next_ = (next_ + 1) % m;
  stored_ = std::min(stored_ + 1, m);
}

template class Lbfgs<float>;
template class Lbfgs<double>;

}  // namespace neuspec
