#include "solve/interior_point.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "decompose/neural_decomposition.hpp"
#include "numeric/packed.hpp"

namespace neuspec {

namespace {

constexpr double steps_of_a_solve = 45;
constexpr double sparing = 0.1;    // of the gap aimed at, for what a proof allows for rounding
constexpr double finished = 0.01;  // of the gap aimed at, that the pairs' products may add up to where the path has arrived
constexpr double as_good = 0.05;   // of the gap aimed at, for neurons left out
constexpr std::array thresholds{1e-4, 1e-6, 1e-8, 1e-10, 1e-12};  // of eigenvalues that are none, from few neurons to all
std::size_t at(Index i) { return static_cast<std::size_t>(i); }

void append(const Network& from, Index output, Network& to) {
  for (Index j = 0; j < from.neurons(); ++j) {
    if (from.output[at(j)] == output) to.add(from.directions.data() + j * from.direction_size(), from.weights[at(j)], output, from.pool_of(j));
  }
}

}  // namespace

double InteriorPoint::flops(Index n, Index N, Index pools, Index outputs) {
  const double q = static_cast<double>(2 * pools * packed::size(N)), samples = static_cast<double>(n), least = std::min(q, samples);
  return steps_of_a_solve * static_cast<double>(outputs) * (2 * (q + samples) * least * least + 8 * samples * static_cast<double>(pools * N * N * N));
}

double InteriorPoint::bytes(Index n, Index N, Index pools, Index outputs) {
  const double q = static_cast<double>(2 * pools * packed::size(N)), samples = static_cast<double>(n), least = std::min(q, samples);
  const double lifted = samples * (q / 2 + static_cast<double>(4 * outputs));
  return 8 * (lifted + static_cast<double>(outputs) * samples * q + (samples + q) * least + least * least);
}

InteriorPoint::InteriorPoint(const Problem& problem, const Source& samples) : problem_(problem), samples_(problem, samples) {}

InteriorPoint::Point InteriorPoint::point_of(const Network& network, Index output) const {
  const Index N = samples_.N;
  Point point;
  point.D.resize(at(samples_.rows()));
  for (Index j = 0; j < network.neurons(); ++j) {
    if (network.output[at(j)] != output) continue;
    const double alpha = network.weights[at(j)];
    const double* u = network.directions.data() + j * (N - 1);
    double* to = point.D.data() + network.pool_of(j) * samples_.p();
    const auto entry = [&](Index i) { return i + 1 < N ? u[i] : 1.0; };
    for (Index column = 0; column < N; ++column) {
      for (Index i = column; i < N; ++i) *to++ += alpha * entry(i) * entry(column) * (i == column ? 1 : packed::root_two);
    }
    point.penalty += std::abs(alpha);
  }
  return point;
}

void InteriorPoint::start(double beta, Known known) {
  beta_ = beta;
  known_ = std::move(known);
  outputs_.clear();
  outputs_.resize(at(samples_.outputs));
  for (Index k = 0; k < samples_.outputs; ++k) {
    Output& output = outputs_[at(k)];
    const Point point = point_of(known_.network, k);
    output.path.emplace(samples_, problem_, k, beta);
    output.objective = output.path->objective(point.D, point.penalty);
  }
}

bool InteriorPoint::advance(double target, const Monitor& monitor) {
  bool any = false;
  for (Output& output : outputs_) {
    CentralPath& path = *output.path;
    if (path.gap() < finished * target * path.primal() || monitor.in_a_hurry()) continue;
    any = path.advance(sparing * target, [&] { return monitor.in_a_hurry(); }) || any;
  }
  return any;
}

// By bounds of its own: another solver's may be those that could not be proven.
bool InteriorPoint::arrived(double target) const {
  return std::all_of(outputs_.begin(), outputs_.end(), [&](const Output& output) {
    const double primal = std::min(output.objective, output.path->primal());
    return primal - output.path->dual() <= target * primal;
  });
}

void InteriorPoint::run(Monitor& monitor, double target) {
  target_ = target;
  for (bool moving = true; moving;) {
    moving = advance(target, monitor);
    std::vector<double> primal, dual;
    for (const Output& output : outputs_) {
      primal.push_back(output.path->primal());
      dual.push_back(output.path->dual());
    }
    if (monitor.test(primal, dual, 0, 1, target) && (monitor.status() != Status::optimal || arrived(target))) return;
  }
  monitor.give_up();
}

void InteriorPoint::decompose_path(Index output, Network& network) const {
  const CentralPath& path = *outputs_[at(output)].path;
  for (const double threshold : thresholds) {
    Network own = empty_network(known_.network);
    for (std::size_t b = 0; b < path.factors().size(); ++b) {
      decompose_factor(path.factors()[b], samples_.N, b % 2 == 0 ? 1.0 : -1.0, {output, static_cast<Index>(b) / 2}, threshold, own);
    }
    const Point point = point_of(own, output);
    if (threshold != thresholds.back() && path.objective(point.D, point.penalty) > (1 + as_good * target_) * path.primal()) continue;
    return append(own, output, network);
  }
}

Network InteriorPoint::network() const {
  Network network = empty_network(known_.network);
  for (Index k = 0; k < samples_.outputs; ++k) {
    const Output& output = outputs_[at(k)];
    const bool better = output.path->primal() < output.objective;
    better ? decompose_path(k, network) : append(known_.network, k, network);
  }
  return network;
}

std::vector<double> InteriorPoint::dual_vector() const {
  std::vector<double> v = known_.dual_vector;
  const Index C = samples_.outputs;
  for (Index k = 0; k < C; ++k) {
    const Output& output = outputs_[at(k)];
    if (!(output.path->dual() > known_.bounds[at(k)] - target_ * output.objective)) continue;
    for (Index i = 0; i < samples_.samples; ++i) v[at(i * C + k)] = 0;
    for (Index i = 0; i < samples_.n; ++i) v[at(samples_.position[at(i)] * C + k)] = output.path->dual_vector()[at(i)];
  }
  return v;
}

}  // namespace neuspec
