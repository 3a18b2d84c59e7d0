// The two ρ of ADMM: foretold, then balanced by residuals.
#include <algorithm>
#include <cmath>
#include <tuple>

#include "solve/admm.hpp"

namespace neuspec {

namespace {
constexpr double multiplier_size = 1.0;  // ‖ρU‖ ≈ this·β·√(rows of all blocks) at the optimum; seen within a third on every data set tried
constexpr double balance_threshold = 2.5;
constexpr double most_at_once = 5;   // by which a ρ is multiplied, or divided
constexpr double same_factor = 1.5;  // factors of the two ρ that are closer than this become one, which spares the factorisation
constexpr Index quick_changes = 4;   // of ρ; further ones come at twice the iterations of the last, or the iteration would never settle
constexpr double far = 0.1;          // residual of the split over ‖s‖ beside which nothing has begun to settle yet
}  // namespace

// ADMM does best where the multipliers ρU and the point W have norms in the ratio ρ. Both can be foretold before the first step: the former from β
// alone, the latter from a ridge solution. It saves the two or three refactorisations that balancing from a blind start takes.
template <class Real>
double Admm<Real>::predicted_rho() {
  if (std::isnan(size_)) size_ = data_.ridge_norm();
  const double multiplier = multiplier_size * step_.beta * std::sqrt(static_cast<double>(2 * K_ * step_.N));
  const double rho = multiplier / size_;
  return std::isfinite(rho) && rho > 0 ? rho : step_.beta;
}

// The first of two consecutive plain steps. A candidate of the acceleration is none: the step after it is.
template <class Real>
void Admm<Real>::measure() {
  measure_pending_ = iteration_.candidate_pending();
  if (measure_pending_) return;
  const std::vector<double> squares = device_.dots({{blocks_.f, blocks_.f}, {split_.f, split_.f}});
  primal_residual_ = std::sqrt(squares[0]) / step_.relaxation;
  split_residual_ = std::sqrt(squares[1]) / step_.relaxation;
  device_.copy(W_, previous_W_);
  device_.copy(s_, previous_s_);
  balance_pending_ = true;
}

// Residual balance: primal ‖Z − W‖/‖W‖ against dual ‖W_next − W‖/‖U‖, both at the step after a test; the same for the split.
template <class Real>
void Admm<Real>::balance() {
  balance_pending_ = false;
  const DeviceMatrix<Real> U = device_.allocate(p_, 2 * K_), u = device_.allocate(s_.rows(), s_.columns());
  for (const auto& [v, point, before, multiplier] : {std::tuple{blocks_.v.view(), W_.view(), previous_W_.view(), U.view()},
                                                     std::tuple{split_.v.view(), s_.view(), previous_s_.view(), u.view()}}) {
    device_.copy(v, multiplier);
    device_.axpby(Real(-1), point, Real(1), multiplier);
    device_.axpby(Real(-1), point, Real(1), before);
  }
  const std::vector<double> squares = device_.dots({{previous_W_, previous_W_}, {W_, W_}, {U, U}, {previous_s_, previous_s_}, {s_, s_}, {u, u}});
  const bool none_yet = has_split() && split_residual_ > far * std::sqrt(squares[4]);
  if (changes_ >= quick_changes && iterations_ < 2 * changed_at_ && !none_yet) return;
  double factor = wanted_factor(primal_residual_, squares.data());
  double split_factor = has_split() ? wanted_factor(split_residual_, squares.data() + 3) : 1;
  const double ratio = factor / split_factor;
  if (has_split() && std::max(ratio, 1 / ratio) < same_factor) factor = split_factor = std::sqrt(factor * split_factor);
  factor = std::max(factor, data_.smallest_rho() * step_.split_rho * split_factor / step_.rho);
  if (std::max({factor, 1 / factor, split_factor, 1 / split_factor}) > balance_threshold) change_rho(factor, split_factor);
}

template <class Real>
double Admm<Real>::wanted_factor(double primal_residual, const double* squares) {
  const double change = std::sqrt(squares[0]), size = std::sqrt(squares[1]), multiplier = std::sqrt(squares[2]);
  if (!(size > 0 && multiplier > 0 && primal_residual > 0)) return 1;
  if (change == 0) return primal_residual > far * size ? most_at_once : 1;  // all of s at kinks, where it stays while the multiplier moves
  return std::clamp(std::sqrt(primal_residual / size / (change / multiplier)), 1 / most_at_once, most_at_once);
}

// A scaled multiplier shrinks as its ρ grows; the point it belongs to stays.
template <class Real>
void Admm<Real>::change_rho(double factor, double split_factor) {
  device_.axpby(static_cast<Real>(1 - 1 / factor), W_, static_cast<Real>(1 / factor), blocks_.v);
  device_.axpby(static_cast<Real>(1 - 1 / split_factor), s_, static_cast<Real>(1 / split_factor), split_.v);
  ++changes_;
  changed_at_ = iterations_;
  step_.rho *= factor;
  step_.split_rho *= split_factor;
  if (has_split()) split_.weight = step_.split_rho / step_.rho;
  if (factor != split_factor) data_.prepare(step_.rho / step_.split_rho);
  data_.start(blocks_.v, carry_.v);
  iteration_.forget();
  evaluate();
}

template double Admm<float>::predicted_rho();
template void Admm<float>::measure();
template void Admm<float>::balance();
template double Admm<float>::wanted_factor(double, const double*);
template void Admm<float>::change_rho(double, double);
template double Admm<double>::predicted_rho();
template void Admm<double>::measure();
template void Admm<double>::balance();
template double Admm<double>::wanted_factor(double, const double*);
template void Admm<double>::change_rho(double, double);

}  // namespace neuspec
