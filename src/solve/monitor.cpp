#include "solve/monitor.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "certify/sphere_bound.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }
}  // namespace

Monitor::Monitor(const Settings& settings, const Observer& observer, Index problems, Clock::time_point start)
    : settings_(settings),
      observer_(observer),
      start_(start),
      primal_(static_cast<std::size_t>(problems), infinity),
      dual_(primal_.size(), -infinity) {}

void Monitor::restart() {
  std::fill(primal_.begin(), primal_.end(), infinity);
  std::fill(dual_.begin(), dual_.end(), -infinity);
  iterations_ = 0;
  status_ = Status::stalled;
  history_.clear();
}

double Monitor::primal() const { return objective_ * sum(primal_); }
double Monitor::dual() const { return objective_ * sum(dual_); }
double Monitor::relative_gap() const { return neuspec::relative_gap(primal(), dual(), unit_); }

bool Monitor::out_of_budget() {
  if (iterations_ >= settings_.max_iterations) {
    status_ = Status::iteration_limit;
  } else if (seconds() >= settings_.time_limit) {
    status_ = Status::time_limit;
  } else {
    return false;
  }
  return true;
}

bool Monitor::test(const std::vector<double>& primal, const std::vector<double>& dual, Index neurons, Index new_iterations, double target) {
  iterations_ += new_iterations;
  for (std::size_t k = 0; k < primal_.size(); ++k) {
    if (primal[k] < primal_[k]) primal_[k] = primal[k];  // a comparison that NaN fails
    if (dual[k] > dual_[k]) dual_[k] = dual[k];
  }
  history_.push_back({seconds(), iterations_, this->primal(), this->dual(), relative_gap(), neurons});
  if ((observer_ && !observer_(history_.back())) || stop_requested()) {
    status_ = Status::interrupted;
    return true;
  }
  if (relative_gap() <= target) {
    status_ = Status::optimal;
    return true;
  }
  return out_of_budget();
}

QuadraticForm quadratic_form(const double* gamma, Index N) {
  const Index d = N - 1;
  QuadraticForm form{std::vector<double>(static_cast<std::size_t>(d * d)), std::vector<double>(static_cast<std::size_t>(d)),
                     gamma[packed::size(N) - 1]};
  for (Index j = 0; j < d; ++j) {
    const double* column = gamma + packed::position(N, j, j);
    form.M[static_cast<std::size_t>(j * d + j)] = column[0];
    for (Index i = j + 1; i < d; ++i) {
      form.M[static_cast<std::size_t>(j * d + i)] = form.M[static_cast<std::size_t>(i * d + j)] = column[i - j] / packed::root_two;
    }
    form.q[static_cast<std::size_t>(j)] = packed::root_two * column[d - j];  // 2 Γ_jN
  }
  return form;
}

namespace {
/// κ(v) of every block.
std::vector<double> violations(const DualCandidate& candidate, Index N) {
  const Index p = packed::size(N), blocks = static_cast<Index>(candidate.gamma.size()) / p;
  std::vector<double> kappa(static_cast<std::size_t>(blocks));
  parallel_pieces(blocks, [&](Index k) {
    const QuadraticForm form = quadratic_form(candidate.gamma.data() + k * p, N);
    const SphereBounds bounds = sphere_quadratic_maxima(N - 1, form.M.data(), form.q.data(), form.t);
    kappa[static_cast<std::size_t>(k)] = std::max({bounds.plus, bounds.minus, 0.0});
  });
  return kappa;
}
}  // namespace

std::vector<double> dual_bounds(const DualCandidate& candidate, Index N, double beta, Index problems) {
  const std::vector<double> kappa = violations(candidate, N);
  const auto of_each = static_cast<std::ptrdiff_t>(kappa.size()) / problems;
  std::vector<double> bounds;
  for (Index k = 0; k < problems; ++k) {
    const double largest = *std::max_element(kappa.begin() + k * of_each, kappa.begin() + (k + 1) * of_each);
    bounds.push_back(candidate.bound(k, largest > 0 ? beta / largest : infinity));
  }
  return bounds;
}

double largest_violation(const DualCandidate& candidate, Index N) {
  const std::vector<double> kappa = violations(candidate, N);
  return *std::max_element(kappa.begin(), kappa.end());
}

}  // namespace neuspec
