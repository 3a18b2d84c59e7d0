#include "solve/units.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace neuspec {

namespace {
constexpr int ordinary = 4;  // exponents up to which data are left as they are
}  // namespace

int exponent_of(double value) {
  return value > 0 && std::isfinite(value) ? std::clamp(static_cast<int>(std::lround(std::log2(value))), -Units::most, Units::most) : 0;
}

void Units::set(const Exponents& units) {
  s_ = units.s;
  tau_ = units.tau;
  omega_ = units.omega;
  kappa_ = kappa();
  if (std::max({std::abs(s_), std::abs(tau_), std::abs(omega_), std::abs(kappa_)}) <= ordinary) s_ = tau_ = omega_ = kappa_ = 0;
}

void Units::finish(bool centred) {
  trivial_ = !centred && s_ == 0 && tau_ == 0 && omega_ == 0 && kappa_ == 0;
  if (trivial_) return;
  scaled_.activation = {std::ldexp(problem_.activation.a, 2 * s_ - kappa_), std::ldexp(problem_.activation.b, s_ - kappa_),
                        std::ldexp(problem_.activation.c, -kappa_)};
  scaled_.loss.delta = std::ldexp(problem_.loss.delta, -tau_);
  scaled_.beta = beta(problem_.beta);
}

// |a| s² + |b| s + |c| relative to the largest of them, for s² may be beyond any number.
int Units::kappa() const {
  const std::array<double, 3> sigma = {problem_.activation.c, problem_.activation.b, problem_.activation.a};
  int largest = std::numeric_limits<int>::min(), exponent = 0;
  for (const double value : sigma) {
    if (value != 0 && std::isfinite(value)) largest = std::max(largest, std::ilogb(value) + exponent);
    exponent += s_;
  }
  if (largest == std::numeric_limits<int>::min()) return 0;
  double sum = 0;
  exponent = 0;
  for (const double value : sigma) {
    sum += std::abs(std::ldexp(value, exponent - largest));
    exponent += s_;
  }
  return largest + exponent_of(sum);
}

int Units::objective_exponent() const { return omega_ + (problem_.loss.kind == LossKind::absolute ? tau_ : 2 * tau_); }

double Units::objective() const { return std::ldexp(1.0, objective_exponent()); }

double Units::beta(double of_the_data) const {
  const double scaled = std::ldexp(of_the_data, tau_ - kappa_ - objective_exponent());
  return std::clamp(scaled, std::numeric_limits<double>::min(), std::numeric_limits<double>::max());
}

double Units::beta_of_the_data(double beta) const { return std::ldexp(beta, kappa_ + objective_exponent() - tau_); }

Network Units::network_of_the_data(Network network) const {
  network.activation = problem_.activation;
  for (double& alpha : network.weights) alpha = std::ldexp(alpha, tau_ - kappa_);
  return network;
}

Network Units::network_in_units(Network network) const {
  network.activation = scaled_.activation;
  for (double& alpha : network.weights) alpha = std::ldexp(alpha, kappa_ - tau_);
  return network;
}

std::vector<double> Units::dual_vector_of_the_data(std::vector<double> v) const {
  for (double& value : v) value = std::ldexp(value, objective_exponent() - tau_);
  return v;
}

}  // namespace neuspec
