#include "solve/admm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace neuspec {

namespace {
constexpr Index test_interval = 20;
constexpr double first_split_rho = 0.1;
constexpr double smallest_share = 5e-3;  // of ρ₂/ρ₁ in tr(ĀᵀĀ) at first: beside less, as for a tiny β, the linear step hardly hears of the blocks
constexpr Index first_repair = 160;      // steps after which a gap may be that of a bound whose multiplier is off by rounding alone
constexpr double sparing = 0.1;          // of the gap aimed at, for what a proof allows for rounding
constexpr int repair_turns = 59;         // the last one plain
constexpr Index repair_pairs = 5;        // of vectors of n numbers that Anderson's acceleration of the turns remembers
constexpr Index granted = 40;            // steps that a warm start is granted whatever the last cold one took
}  // namespace

template <class Real>
Admm<Real>::Admm(DataOperator<Real>& data, double beta, ProjectionKind projection)
    : data_(data),
      device_(data.device()),
      projection_(device_, projection),
      K_(data.blocks()),
      p_(data.p()),
      iteration_(device_, data.problems()),
      blocks_(iteration_.add(p_, 2 * K_, 1)),
      carry_(iteration_.add(data.carry_rows(), data.outputs(), 0)),
      split_(iteration_.add(data.split_rows(), data.outputs(), data.split_rows() > 0 ? 1 : 0)) {
  step_.N = data.N();
  step_.beta = beta;
  W_ = device_.allocate(p_, 2 * K_);
  previous_W_ = device_.allocate(p_, 2 * K_);
  factors_ = device_.allocate(step_.N, step_.N * 2 * K_);
  T_ = device_.allocate(p_, K_);
  D_ = device_.allocate(p_, K_);
  s_ = device_.allocate(data.split_rows(), data.outputs());
  previous_s_ = device_.allocate(data.split_rows(), data.outputs());
  best_.W = device_.allocate(p_, 2 * K_);
  best_.v = device_.allocate(data.split_rows(), data.outputs());
  summary_.all = device_.allocate(1, 10 * K_);
  Real* const at = summary_.all.view().data;
  summary_.moves = {at, 2, 2 * K_, 2};
  summary_.corners = {at + 4 * K_, 1, 2 * K_, 1};
  summary_.ranks = {at + 6 * K_, 2, 2 * K_, 2};
  forget_best();
  start();
}

template <class Real>
void Admm<Real>::forget_best() {
  best_.primal.assign(static_cast<std::size_t>(data_.problems()), std::numeric_limits<double>::infinity());
  best_.dual.assign(best_.primal.size(), -std::numeric_limits<double>::infinity());
  best_.is_latest = false;
}

template <class Real>
void Admm<Real>::start() {
  iteration_.restart();
  step_.rho = predicted_rho();
  step_.split_rho = has_split() ? std::min(first_split_rho, step_.rho / (smallest_share * data_.trace())) : 1;
  step_.rho = std::max(step_.rho, data_.smallest_rho() * step_.split_rho);
  split_.weight = has_split() ? step_.split_rho / step_.rho : 0;
  count_anew();
  prepared_ = warm_ = false;
}

template <class Real>
void Admm<Real>::count_anew() {
  iterations_ = tested_ = halved_at_ = changes_ = changed_at_ = 0;
  repair_at_ = first_repair;
  halved_gap_ = std::numeric_limits<double>::infinity();
  balance_pending_ = measure_pending_ = evaluated_ = on_the_way_ = false;
  gaps_.clear();
}

template <class Real>
void Admm<Real>::approach(Monitor& monitor, double gap) {
  run(monitor, gap);
  on_the_way_ = true;
}

template <class Real>
void Admm<Real>::run(Monitor& monitor, double target) {
  if (!std::exchange(on_the_way_, false) && iterations_ >= first_repair) repair_at_ = iterations_;  // again: what was found could not be proven
  if (std::exchange(evaluated_, false)) iteration_.advance(balance_pending_);                       // from where the last run ended
  while (true) {
    if (!prepared_) data_.prepare(step_.rho / step_.split_rho);
    prepared_ = true;
    evaluate();
    if (balance_pending_) balance();
    if (measure_pending_) measure();
    if (iterations_ % test_interval == test_interval / 4 || monitor.in_a_hurry()) {
      if (converged(monitor, target)) {
        evaluated_ = true;
        break;
      }
      if (stagnates(monitor.relative_gap())) {
        monitor.give_up();
        break;
      }
      if (warm_ && iterations_ >= std::max(granted, cold_iterations_) && !nears(target)) {
        start();
        continue;
      }
    }
    iteration_.advance(balance_pending_);
  }
  if (!warm_) cold_iterations_ = iterations_;
}

// A neighbour's optimum is a good start more often than not, and now and then one that takes a hundred times as long as zero. So it gets as many
// steps as the last start from zero took on these data, and half as many again where the gap falls fast enough to close within them.
template <class Real>
bool Admm<Real>::nears(double target) const {
  const std::size_t half = gaps_.size() / 2;
  const double rate = std::log(gaps_[half] / gaps_.back()) / (static_cast<double>(gaps_.size() - 1 - half) * test_interval);
  return rate > 0 && static_cast<double>(iterations_) + std::log(gaps_.back() / target) / rate <= 1.5 * static_cast<double>(cold_iterations_);
}

template <class Real>
void Admm<Real>::set_beta(double beta) {
  const bool near = is_near(beta, step_.beta);
  step_.beta = beta;
  forget_best();
  if (iterations_ == 0 || !near) return start();
  iteration_.forget();
  count_anew();
  warm_ = true;
}

template <class Real>
AdmmState<Real> Admm<Real>::state() {
  return {T_, factors_, W_, rank_, carry_.v, carry_.f, split_.v, split_.f, s_, D_};
}

template <class Real>
void Admm<Real>::evaluate() {
  rank_ = projection_.project(step_.N, blocks_.v, W_, factors_);
  device_.admm_difference(step_, blocks_.v, W_, T_);
  data_.solve(step_, state());
  device_.admm_residual(step_, blocks_.v, W_, D_, blocks_.f);
  ++iterations_;
}

template <class Real>
bool Admm<Real>::converged(Monitor& monitor, double target) {
  const Seen seen = summarise();
  std::vector<double> objective = data_.projected_loss(state(), summary_.moves);
  for (std::size_t k = 0; k < objective.size(); ++k) objective[k] += step_.beta * seen.corners[k];
  DualCandidate<Real> candidate = data_.dual_at(step_, state());
  double preferred = 0;
  if (iterations_ >= repair_at_ && has_room_for_repairs()) {
    repair_at_ = iterations_ + iterations_ / 2;
    candidate = repaired_dual(1 - spare(objective, seen.corners, target));
    preferred = 2 * sparing * target * std::accumulate(objective.begin(), objective.end(), 0.0);
  }
  const std::vector<double> bounds = dual_bounds(candidate, violations(data_, candidate), step_.beta);
  remember(objective, bounds, preferred);
  const bool stop = monitor.test(objective, bounds, seen.neurons, iterations_ - tested_, target);
  gaps_.push_back(monitor.relative_gap());
  tested_ = iterations_;
  projection_.review(step_.N, seen.rank, factors_);
  measure();
  return stop;
}

// How far κ of a repaired multiplier stays below β, so that a proof's allowance for rounding has room beneath a tiny β: the bound loses that share of
// the penalty, which may cost `sparing` of the gap aimed at.
template <class Real>
double Admm<Real>::spare(const std::vector<double>& objective, const std::vector<double>& corners, double target) const {
  const double primal = std::accumulate(objective.begin(), objective.end(), 0.0);
  const double penalty = step_.beta * std::accumulate(corners.begin(), corners.end(), 0.0);
  return penalty > 0 ? std::min(0.5, sparing * target * primal / penalty) : 0.5;
}

// Some vectors of n numbers a turn: where these are most of the memory, no bound is repaired.
template <class Real>
bool Admm<Real>::has_room_for_repairs() const {
  const double numbers = static_cast<double>((2 * repair_pairs + 4) * data_.split_rows() * data_.outputs());
  return has_split() && 2 * numbers * static_cast<double>(sizeof(Real)) < device_.free_memory();
}

// In v an error of rounding's size makes one of Γ(v) that beside a tiny β is large, while the blocks' multipliers (ρ/2)(T − D), which are of β's own
// size, have κ ≤ β to their own rounding. By turns v takes the least change to `share` of their Γ and goes back into the domain of ℓ*.
template <class Real>
DualCandidate<Real> Admm<Real>::repaired_dual(double share) {
  const DeviceMatrix<Real> gamma = device_.allocate(p_, K_);
  device_.copy(T_, gamma);
  device_.axpby(static_cast<Real>(-share * step_.rho / 2), D_, static_cast<Real>(share * step_.rho / 2), gamma);
  Anderson<Real> turns(device_, data_.problems(), repair_pairs);
  Part& v = turns.add(data_.split_rows(), data_.outputs(), 1);
  device_.copy(data_.multiplier(), v.v);
  for (int turn = 0; turn < repair_turns; ++turn) {
    data_.nearer(gamma, v.v, v.f);
    turns.advance(false);
  }
  return data_.dual_near(v.v);
}

template <class Real>
bool Admm<Real>::stagnates(double gap) {
  if (gap <= 0.5 * halved_gap_) {
    halved_gap_ = gap;
    halved_at_ = iterations_;
  }
  return static_cast<double>(iterations_ - halved_at_) > std::max(patience_, static_cast<double>(halved_at_));
}

// v is that of the bounds, which `dual_at` left behind.
template <class Real>
void Admm<Real>::remember(const std::vector<double>& objective, const std::vector<double>& bounds, double preferred) {
  const Index problems = data_.problems(), columns = 2 * K_ / problems, width = data_.outputs() / problems;
  best_.is_latest = true;
  for (Index k = 0; k < problems; ++k) {
    const auto at = static_cast<std::size_t>(k);
    if (objective[at] < best_.primal[at]) {
      best_.primal[at] = objective[at];
      device_.copy(W_.view().column_range(k * columns, columns), best_.W.view().column_range(k * columns, columns));
    } else {
      best_.is_latest = false;
    }
    if (!(bounds[at] + preferred > best_.dual[at])) continue;
    best_.dual[at] = bounds[at] + preferred;
    if (has_split()) device_.copy(data_.multiplier().column_range(k * width, width), best_.v.view().column_range(k * width, width));
  }
}

template <class Real>
typename Admm<Real>::Seen Admm<Real>::summarise() {
  if (!projection_.factored()) rank_ = projection_.factor(step_.N, blocks_.v, W_, factors_);
  device_.feasibility(step_.N, W_, summary_.moves, summary_.corners);
  device_.factor_ranks(step_.N, rank_, factors_, negligible_eigenvalue, summary_.ranks);
  std::vector<double> numbers(static_cast<std::size_t>(6 * K_));
  device_.download(summary_.all.view().column_range(4 * K_, 6 * K_), numbers.data());
  Seen seen{std::vector<double>(static_cast<std::size_t>(data_.problems())), 0, 0};
  const Index of_a_problem = 2 * K_ / data_.problems();
  const double* ranks = numbers.data() + 2 * K_;
  for (Index b = 0; b < 2 * K_; ++b) {
    seen.corners[static_cast<std::size_t>(b / of_a_problem)] += numbers[static_cast<std::size_t>(b)];
    seen.rank = std::max(seen.rank, static_cast<Index>(ranks[2 * b]));
    seen.neurons += static_cast<Index>(ranks[2 * b + 1]);
  }
  return seen;
}

template class Admm<float>;
template class Admm<double>;

}  // namespace neuspec
