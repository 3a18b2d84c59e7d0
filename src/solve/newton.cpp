#include "solve/newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace neuspec {

namespace {
constexpr Index products_a_step = 400;
constexpr double accept = 1e-4, shrink_below = 0.25, grow_above = 0.75;
constexpr int rejections = 30;
constexpr double margin = 0.03;  // below the last norm that a step aims
constexpr double reach = 1;      // first radius in a new norm, relative to a Newton step
}  // namespace

template <class Real>
Newton<Real>::Newton(Device<Real>& device, Index size)
    : device_(device),
      gradient_(device.allocate(size, 1)),
      trial_gradient_(device.allocate(size, 1)),
      trial_(device.allocate(size, 1)),
      step_(device.allocate(size, 1)),
      residual_(device.allocate(size, 1)),
      direction_(device.allocate(size, 1)),
      product_(device.allocate(size, 1)),
      scalars_(device.cg_scalars()) {}

template <class Real>
ConstView<Real> Newton<Real>::preconditioned(const Function& function) {
  if (!shaped_) return residual_;
  function.precondition(residual_, product_);
  return product_;
}

// The host may hear how it went a step late: the last product is then one too many, changes nothing and does not count.
template <class Real>
double Newton<Real>::solve_model(const Function& function, double radius, double tolerance, Index& products, double& length) {
  device_.copy(gradient_, residual_);
  ConstView<Real> y = preconditioned(function);
  device_.cg_begin(radius, tolerance, residual_, y, direction_, step_, scalars_);
  // As long as no P is learnt, no longer than that takes.
  const Index most = function.learn && !learnt_ ? std::min(products_a_step, function.learning) : products_a_step;
  Index unanswered = 0;
  std::vector<double> heard;
  const auto goes_on = [&] {
    device_.ask(scalars_);
    for (++unanswered; unanswered > device_.ahead(); --unanswered) heard = device_.answer();
    return heard.empty() || heard[cg::running] != 0;
  };
  bool running = goes_on();
  for (Index k = 0; k < most && running && !function.abandon(); ++k) {
    function.curvature(direction_, product_);
    device_.cg_stride(direction_, product_, step_, residual_, scalars_);
    y = preconditioned(function);
    device_.cg_turn(residual_, y, direction_, scalars_);
    running = goes_on();
  }
  for (; unanswered > 0; --unanswered) heard = device_.answer();
  products += static_cast<Index>(heard[cg::strides]);
  length = std::sqrt(std::max(heard[cg::zz], 0.0));
  const std::vector<double> model = device_.dots({{gradient_, step_}, {residual_, step_}});
  return -0.5 * (model[0] + model[1]);
}

template <class Real>
void Newton<Real>::shape(const Function& function, double norm, Index& products, Index& learnt_at, double& radius) {
  const bool before = shaped_, learns = function.learn && function.due(products, products - learnt_at, norm);
  if (learns) {
    learnt_ = function.learn();
    learnt_at = products;
  }
  if (!learnt_ && function.prepare) {
    products += function.prepare(gradient_);
  } else if (!learns) {
    return;
  }
  shaped_ = learnt_ || function.prepare;
  if (!shaped_ || (before && !learns)) return;
  device_.copy(gradient_, residual_);
  radius = std::max(before ? radius : 0.0, reach * std::sqrt(device_.dot(residual_, preconditioned(function))));
}

template <class Real>
Index Newton<Real>::minimise(View<Real> x, const Function& function, const Stop& stop) {
  Index products = 1;
  double value = function.value(x, gradient_), norm = std::sqrt(device_.dot(gradient_, gradient_));
  const double first_norm = norm;
  double radius = std::max(0.1 * std::sqrt(device_.dot(x, x)), 1e-3);
  Index learnt_at = 0;
  learnt_ = shaped_ = false;
  for (int rejected = 0; rejected < rejections && !stop(products, norm);) {
    if (rejected == 0) shape(function, norm, products, learnt_at, radius);
    double length = 0;
    const double tolerance = std::max(std::min(0.1, std::sqrt(norm / first_norm)), margin * function.last_norm() / norm);
    const double promised = solve_model(function, radius, tolerance, products, length);
    if (!(promised > 0)) return products;
    device_.copy(x, trial_);
    axpy(1, step_, trial_);
    const double trial_value = function.value(trial_, trial_gradient_), trial_norm = std::sqrt(device_.dot(trial_gradient_, trial_gradient_));
    ++products;
    // Below rounding of the value itself, only the gradient can tell progress.
    const double rounding = 10 * static_cast<double>(std::numeric_limits<Real>::epsilon()) * std::abs(value);
    const double ratio = promised > rounding ? (value - trial_value) / promised : (trial_norm < norm ? 1.0 : -1.0);
    if (ratio > accept) {
      device_.copy(trial_, x);
      device_.copy(trial_gradient_, gradient_);
      value = trial_value;
      norm = trial_norm;
      rejected = 0;
    } else {
      ++rejected;
      if (promised <= rounding) return products;
      function.value(x, gradient_);  // brings the curvature back to x
      ++products;
    }
    if (!(ratio >= shrink_below)) radius = shrink_below * length;
    if (ratio > grow_above && length > 0.8 * radius) radius *= 2.5;
  }
  return products;
}

template class Newton<float>;
template class Newton<double>;

}  // namespace neuspec
