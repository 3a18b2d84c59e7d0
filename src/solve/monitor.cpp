#include "solve/monitor.hpp"

#include <limits>
#include <numeric>

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

Monitor Monitor::of_some(Index problems, double share) const {
  static const Observer nobody;
  Monitor result(settings_, nobody, problems, start_);
  result.set_units(objective_, share * unit_);
  return result;
}

void Monitor::forget() {
  std::fill(primal_.begin(), primal_.end(), infinity);
  std::fill(dual_.begin(), dual_.end(), -infinity);
}

void Monitor::restart() {
  forget();
  iterations_ = before_ = 0;
  status_ = Status::stalled;
  history_.clear();
}

void Monitor::checkpoint(Index new_iterations) {
  if (!write_) return;
  write_(iterations() + new_iterations);
  written_at_ = seconds();
  written_in_a_hurry_ = in_a_hurry();
}

double Monitor::primal() const { return objective_ * sum(primal_); }
double Monitor::dual() const { return objective_ * sum(dual_); }
double Monitor::relative_gap() const { return relative_gap(primal_, dual_); }
double Monitor::relative_gap(const std::vector<double>& primal, const std::vector<double>& dual) const {
  return neuspec::relative_gap(objective_ * sum(primal), objective_ * sum(dual), unit_);
}

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
  history_.push_back({seconds(), iterations(), this->primal(), this->dual(), relative_gap(), neurons});
  if (checkpoint_due()) checkpoint();
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

std::vector<double> kappas(const std::vector<double>& maxima, Index problems) {
  const std::size_t of_each = maxima.size() / static_cast<std::size_t>(problems);
  std::vector<double> kappa(static_cast<std::size_t>(problems));
  for (std::size_t i = 0; i < maxima.size(); ++i) {
    double& largest = kappa[i / of_each];
    if (!(maxima[i] <= largest)) largest = maxima[i];
  }
  return kappa;
}

template <class Real>
std::vector<double> violations(DataOperator<Real>& data, const DualCandidate<Real>& candidate) {
  return kappas(data.device().sphere_maxima(data.N(), candidate.gamma), data.problems());
}

template <class Real>
std::vector<double> dual_bounds(const DualCandidate<Real>& candidate, const std::vector<double>& kappa, double beta) {
  std::vector<double> limits;
  for (const double largest : kappa) limits.push_back(largest > 0 ? beta / largest : largest == 0 ? infinity : 0.0);
  return candidate.bounds(limits);
}

template std::vector<double> violations(DataOperator<float>&, const DualCandidate<float>&);
template std::vector<double> violations(DataOperator<double>&, const DualCandidate<double>&);
template std::vector<double> dual_bounds(const DualCandidate<float>&, const std::vector<double>&, double);
template std::vector<double> dual_bounds(const DualCandidate<double>&, const std::vector<double>&, double);

}  // namespace neuspec
