#include "solve/burer_monteiro.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "certify/sphere_quadratic.hpp"
#include "decompose/neural_decomposition.hpp"
#include "neuspec/error.hpp"
#include "solve/factored_blocks.hpp"
#include "solve/violators.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {
constexpr Index neurons_a_round = 3;      // violating directions added per output and sign
constexpr double start_weight = 1e-2;     // of a new neuron, relative to the heaviest
constexpr double negligible = 1e-12;      // weight relative to the heaviest of its block below which a neuron has vanished
constexpr double first_polish = 0.3;      // of the precision of other rounds, where a polish's first one ends: later ones cost a proof each
constexpr double smaller = 0.1;           // the gradient at which a polish's next round ends
constexpr double same_objective = 1e-11;  // relative: of two points so near the later one has the better gradient to prove it with
constexpr Index products_a_round = 4000;  // gradients and Hessian products
constexpr Index products_a_polish = 300;  // a point that needs more is better served by further ADMM steps
constexpr Index most_rounds = 2;          // of as many products as a descent may take that is given up for another method
constexpr int rounds_a_polish = 3;        // likewise
constexpr double rounds_of_a_good_polish = 2;
constexpr double relevant = 0.5;  // of the target: how far, relative to β, the κ of a neuron that a polished point misses lies above β
std::size_t at(Index i) { return static_cast<std::size_t>(i); }
}  // namespace

template <class Real>
BurerMonteiro<Real>::BurerMonteiro(DataOperator<Real>& data, double beta)
    : data_(data),
      device_(data.device()),
      beta_(beta),
      cheap_(data, beta),
      point_(empty_network(data.activation(), data.patches(), data.outputs())),
      best_(point_) {}

template <class Real>
void BurerMonteiro<Real>::set_beta(double beta) {
  if (!is_near(beta, beta_)) point_ = empty_network(data_.activation(), data_.patches(), data_.outputs());
  beta_ = beta;
  cheap_.set_beta(beta);
  best_objective_.clear();
}

template <class Real>
SolverState BurerMonteiro<Real>::save() {
  SolverState state;
  state.network = point_;
  return state;
}

template <class Real>
void BurerMonteiro<Real>::restore(const SolverState& state) {
  const auto pools = [](const Network& network) { return network.pool.empty() ? 0 : *std::max_element(network.pool.begin(), network.pool.end()); };
  const Network& point = state.network;
  const bool fits = point.features == point_.features && point.outputs == point_.outputs && point.direction_size() == point_.direction_size() &&
                    pools(point) < data_.pools();
  if (!state.blocks.empty() || !fits) throw DataError("the checkpoint is of a problem of another size");
  point_ = point;
  point_.activation = data_.activation();
}

template <class Real>
void BurerMonteiro<Real>::run(Monitor& monitor, double target) {
  descend(monitor, target, any_number);
}

template <class Real>
bool BurerMonteiro<Real>::descend(Monitor& monitor, double target, Index most_products) {
  const bool limited = most_products < any_number;
  Index products = 0;
  for (Index all = 0; !test(monitor, target, products); all += products) {
    if (limited && all > most_rounds * most_products) return false;
    const Improved round = improve(monitor, {precision(monitor, target), std::min(products_a_round, most_products), false, limited}, &monitor);
    products = round.products;
    if (!round.gave_up) continue;
    monitor.count(products);
    return false;
  }
  return true;
}

// A later round, begun for neurons whose weights are small still, wants a smaller gradient to see theirs.
template <class Real>
std::optional<typename BurerMonteiro<Real>::Proof> BurerMonteiro<Real>::polish(Network point, const Monitor& monitor, double target,
                                                                               Index most_products) {
  const bool limited = most_products < any_number;
  point_ = std::move(point);
  best_objective_.clear();
  double last = first_polish * precision(monitor, target);
  for (int round = 0; round < rounds_a_polish && most_products > 0; ++round, last *= smaller) {
    const Improved improved = improve(monitor, {last, limited ? most_products : products_a_polish, true, limited});
    if (round == 0) best_ = point_;
    if (monitor.in_a_hurry() || improved.gave_up) return std::nullopt;
    most_products -= improved.products;
    Proof own = prove();
    remember(own.objective);
    if (monitor.relative_gap(own.objective, own.bounds) <= target) return own;
    if (round + 1 == rounds_a_polish) return std::nullopt;
    const Index before = point_.neurons();
    const std::vector<double> slopes = add_violators(own, beta_ * (1 + relevant * target));
    if (point_.neurons() == before) return std::nullopt;
    scale_from(before, own.objective, slopes);
  }
  return std::nullopt;
}

template <class Real>
double BurerMonteiro<Real>::polish_flops(Index neurons) const {
  if (!data_.has_linearisation()) return std::numeric_limits<double>::infinity();
  const auto n = static_cast<double>(data_.samples()), d = static_cast<double>(data_.N() - 1), C = static_cast<double>(data_.outputs()),
             m = static_cast<double>(neurons);
  const double learning = C * Woodbury<Real>::flops(n, d, m / C, 2);
  return rounds_of_a_good_polish * (learning + products_with_it * data_.product_flops(d * m));
}

template <class Real>
bool BurerMonteiro<Real>::goes_through_samples(const Network& point) const {
  return Preconditioner<Real>(data_, blocks_of(point).table, beta_).through_samples();
}

template <class Real>
typename BurerMonteiro<Real>::Proof BurerMonteiro<Real>::value() {
  const auto [columns, factors] = blocks_of(point_);
  const auto m = static_cast<Index>(columns.sign.size());
  DeviceMatrix<Real> W = device_.allocate(data_.N() - 1, m), Z = device_.allocate(data_.N(), m);
  device_.upload(factors.data(), W);
  device_.lift_neurons(columns, W, Z);
  Proof proof{.columns = m, .candidate = data_.dual_of(columns, Z), .objective = {}, .maxima = {}, .bounds = {}};
  proof.objective = proof.candidate.loss;
  for (Index j = 0; j < point_.neurons(); ++j) proof.objective[problem_of(point_.output[at(j)])] += beta_ * std::abs(point_.weights[at(j)]);
  return proof;
}

template <class Real>
typename BurerMonteiro<Real>::Proof BurerMonteiro<Real>::prove() {
  Proof proof = value();
  proof.maxima = device_.sphere_maxima(data_.N(), proof.candidate.gamma);
  proof.bounds = dual_bounds(proof.candidate, kappas(proof.maxima, data_.problems()), beta_);
  return proof;
}

template <class Real>
bool BurerMonteiro<Real>::test(Monitor& monitor, double target, Index new_iterations) {
  const Proof own = prove();
  remember(own.objective);
  const bool stop = monitor.test(own.objective, own.bounds, own.columns, new_iterations, target);
  if (!stop) add_violators(own, beta_);
  return stop;
}

template <class Real>
void BurerMonteiro<Real>::remember(const std::vector<double>& objective) {
  best_objective_.resize(objective.size(), std::numeric_limits<double>::infinity());
  const auto improved = [&](Index output) {
    const std::size_t k = problem_of(output);
    return objective[k] <= best_objective_[k] * (1 + same_objective);
  };
  Network kept = empty_network(data_.activation(), data_.patches(), data_.outputs());
  for (const Network* network : {&best_, &point_}) {
    for (Index j = 0; j < network->neurons(); ++j) {
      const Index k = network->output[at(j)];
      if (improved(k) == (network == &point_))
        kept.add(network->directions.data() + j * network->direction_size(), network->weights[at(j)], k, network->pool_of(j));
    }
  }
  best_ = std::move(kept);
  for (std::size_t k = 0; k < objective.size(); ++k) best_objective_[k] = std::fmin(best_objective_[k], objective[k]);
}

// All of the same weight: which of them matter descent finds out.
template <class Real>
std::vector<double> BurerMonteiro<Real>::add_violators(const Proof& proof, double least) {
  const Index blocks = data_.blocks(), pools = data_.pools();
  std::vector<double> gamma(at(proof.candidate.gamma.size())), slopes(proof.objective.size());
  device_.download(proof.candidate.gamma, gamma.data());
  std::vector<std::vector<Violator>> found(at(blocks));
  parallel_pieces(blocks, [&](Index block) {
    if (std::max(proof.maxima[at(2 * block)], proof.maxima[at(2 * block + 1)]) > least)
      found[at(block)] = violators(data_.N(), gamma.data() + block * data_.p(), least, neurons_a_round);
  });
  for (Index block = 0; block < blocks; ++block) {
    double heaviest = 0;
    for (const double alpha : point_.weights) heaviest = std::max(heaviest, std::abs(alpha));
    const double weight = heaviest > 0 ? start_weight * heaviest : start_weight;
    for (const Violator& violator : found[at(block)]) {
      point_.add(violator.u.data(), -violator.sign * weight, block / pools, block % pools);
      slopes[problem_of(block / pools)] += (beta_ - violator.kappa) * weight;
    }
  }
  return slopes;
}

// Along the new neurons' weights an objective is convex, and of squared loss the parabola that a value and a slope before them and the value with
// them make.
template <class Real>
void BurerMonteiro<Real>::scale_from(Index first, const std::vector<double>& before, const std::vector<double>& slopes) {
  constexpr double least = 1e-8;
  const std::vector<double> with = value().objective;
  for (Index j = first; j < point_.neurons(); ++j) {
    const std::size_t k = problem_of(point_.output[at(j)]);
    const double curvature = with[k] - before[k] - slopes[k];
    if (curvature > 0) point_.weights[at(j)] *= std::clamp(-slopes[k] / (2 * curvature), least, 1.0);
  }
}

template <class Real>
typename BurerMonteiro<Real>::Improved BurerMonteiro<Real>::improve(const Monitor& monitor, const Effort& effort, Monitor* keeper) {
  const Blocks start = blocks_of(point_);
  if (start.table.sign.empty()) return {1, false};  // nothing violates and nothing is there: only rounding separates the bounds
  Descent<Real> descent(data_, cheap_, beta_, start, effort);
  const auto after_step = [&](Index products) {
    if (keeper == nullptr || !keeper->checkpoint_due()) return;
    point_ = network_of(start.table, descent.W());
    keeper->checkpoint(products);
  };
  const Index products = descent.run([&] { return monitor.in_a_hurry(); }, after_step);
  point_ = network_of(start.table, descent.W());
  return {products, descent.gave_up()};
}

// Each block's factor is decomposed: at most rank many neurons, vanished ones gone.
template <class Real>
Network BurerMonteiro<Real>::network_of(const FactorColumns& columns, ConstView<Real> W) {
  const Index d = W.rows, N = d + 1, m = W.columns;
  std::vector<double> w(at(d * m));
  device_.download(W, w.data());
  Network result = empty_network(data_.activation(), data_.patches(), data_.outputs());
  for (Index first = 0, last = 0; first < m; first = last) {
    while (last < m && columns.lead[at(last)] == first) ++last;
    std::vector<double> P(at(N * (last - first)));
    for (Index j = first; j < last; ++j) std::copy_n(w.data() + j * d, d, P.data() + (j - first) * N);
    P[at(d)] = std::sqrt(std::inner_product(P.begin(), P.end(), P.begin(), 0.0));
    decompose_factor(std::move(P), N, columns.sign[at(first)], {columns.output[at(first)], columns.pool.empty() ? 0 : columns.pool[at(first)]},
                     negligible, result);
  }
  return result;
}

template class BurerMonteiro<float>;
template class BurerMonteiro<double>;

}  // namespace neuspec
