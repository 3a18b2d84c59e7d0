// Better networks in 60 digits: an upper bound on the optimum of (P) that owes nothing to the library, by exact minimisation along one weight or
// intercept after the other and by the neurons that violate the dual constraint most.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "support/exact_judge.hpp"

namespace exact {

class Descent {
 public:
  Descent(const Judge& judge, Network start) : judge_(judge), network_(std::move(start)), f_(judge.predict(network_)) {
    for (const Neuron& neuron : network_.neurons) h_.push_back(judge.activations(neuron.u, neuron.pool));
  }

  const Network& network() const { return network_; }
  Real objective() const { return judge_.loss(f_) + judge_.penalty(network_); }

  /// Each round adds the neurons that violate most and goes along every coordinate `sweeps` times. \returns the objective
  Real run(int rounds, int sweeps) {
    for (int round = 0; round < rounds; ++round) {
      minimise_biases();
      add_violators();
      for (int sweep = 0; sweep < sweeps; ++sweep) {
        for (std::size_t j = 0; j < network_.neurons.size(); ++j) minimise_weight(j);
        minimise_biases();
      }
    }
    return objective();
  }

  void minimise_biases() {
    const Reals one(judge_.samples(), Real(1));
    for (std::size_t k = 0; judge_.problem().bias && k < judge_.outputs(); ++k)
      move(network_.bias[k], line_minimum(one, k, network_.bias[k], 0), one, k);
  }

 private:
  void minimise_weight(std::size_t j) {
    Neuron& neuron = network_.neurons[j];
    move(neuron.alpha, line_minimum(h_[j], neuron.output, neuron.alpha, judge_.beta()), h_[j], neuron.output);
  }

  void move(Real& coordinate, const Real& to, const Reals& h, std::size_t k) {
    for (std::size_t i = 0; i < judge_.samples(); ++i) f_[i * judge_.outputs() + k] += (to - coordinate) * h[i];
    coordinate = to;
  }

  void add_violators() {
    const Reals v = judge_.gradient(f_);
    for (std::size_t k = 0; k < judge_.outputs(); ++k) {
      for (std::size_t pool = 0; pool < judge_.pools(); ++pool) {
        Quadratic sum = judge_.violation(v, k, pool);
        for (int sign = 0; sign < 2; ++sign) {
          Reals u = sphere_maximum(sum).u;
          if (sum.at(u) > judge_.beta()) {
            h_.push_back(judge_.activations(u, pool));
            network_.neurons.push_back({std::move(u), 0, k, pool});
          }
          for (Real& value : sum.M) value = -value;
          for (Real& value : sum.q) value = -value;
          sum.t = -sum.t;
        }
      }
    }
  }

  /// The loss and penalty along one coordinate, up to what does not depend on it.
  struct Line {
    const Judge& judge;
    const Reals &f, &h;
    std::size_t k;
    Real from, penalty;

    Reals moved(std::size_t i, const Real& x) const {
      Reals row = judge.row(f, i);
      row[k] += (x - from) * h[i];
      return row;
    }
    Real value(const Real& x) const {
      Real sum = penalty * abs(x);
      for (std::size_t i = 0; i < judge.samples(); ++i)
        if (h[i] != 0 && judge.weight(i) > 0) sum += judge.weight(i) * naive::loss_value(judge.problem().loss, moved(i, x), judge.targets(i));
      return sum;
    }
    /// At an x that is neither 0 nor a kink.
    Real slope(const Real& x) const {
      Real sum = x > 0 ? penalty : Real(-penalty);
      for (std::size_t i = 0; i < judge.samples(); ++i)
        if (h[i] != 0 && judge.weight(i) > 0)
          sum += judge.weight(i) * naive::loss_gradient(judge.problem().loss, moved(i, x), judge.targets(i))[k] * h[i];
      return sum;
    }
    /// Where the slope jumps or changes its own slope.
    Reals kinks() const {
      Reals points{0};
      const LossKind kind = judge.problem().loss.kind;
      const Real delta = kind == LossKind::huber ? judge.problem().loss.delta : 0.0;
      const bool smooth = kind == LossKind::squared || kind == LossKind::logistic || kind == LossKind::softmax;
      for (std::size_t i = 0; !smooth && i < judge.samples(); ++i) {
        if (h[i] == 0 || judge.weight(i) == 0) continue;
        const Real to = judge.targets(i)[k] - judge.row(f, i)[k];
        points.push_back(from + (to - delta) / h[i]);
        if (delta > 0) points.push_back(from + (to + delta) / h[i]);
      }
      std::sort(points.begin(), points.end());
      return points;
    }
  };

  Real line_minimum(const Reals& h, std::size_t k, const Real& from, const Real& penalty) const {
    const Line line{judge_, f_, h, k, from, penalty};
    const LossKind kind = judge_.problem().loss.kind;
    const bool curved = kind == LossKind::logistic || kind == LossKind::softmax;
    Real best = from, least = line.value(from);
    const auto consider = [&](const Real& x) {
      const Real value = line.value(x);
      if (value >= least) return;
      least = value;
      best = x;
    };
    Reals points = line.kinks();
    for (const Real& point : points) consider(point);
    if (curved) {
      for (const int sign : {-1, 1}) consider(curved_root(line, sign));
      return best;
    }
    // The slope is straight between the kinks and beyond them.
    const Real beyond = points.back() - points.front() + ldexp(Real(1), -10000);
    points.insert(points.begin(), points.front() - beyond);
    points.push_back(points.back() + beyond);
    for (std::size_t i = 0; i + 1 < points.size(); ++i) {
      const Real third = (points[i + 1] - points[i]) / 3, x = points[i] + third, at_x = line.slope(x), rise = line.slope(Real(x + third)) - at_x;
      if (rise > 0) consider(x - at_x / rise * third);
    }
    return best;
  }

  /// A zero of the slope on one side of 0 to some ten digits, by bisection of its exponent first; 0 where there is none.
  static Real curved_root(const Line& line, int sign) {
    const auto before = [&](const Real& x) { return sign * line.slope(Real(sign * x)) < 0; };
    int low = -8000, high = 8000;
    if (!before(ldexp(Real(1), low)) || before(ldexp(Real(1), high))) return 0;
    while (high - low > 1) {
      const int middle = (low + high) / 2;
      (before(ldexp(Real(1), middle)) ? low : high) = middle;
    }
    Real left = ldexp(Real(1), low), right = ldexp(Real(1), high);
    for (int step = 0; step < 16; ++step) {
      const Real middle = (left + right) / 2;
      (before(middle) ? left : right) = middle;
    }
    const Real at_left = line.slope(Real(sign * left)), at_right = line.slope(Real(sign * right));
    return sign * (left + (right - left) * (at_left / (at_left - at_right)));
  }

  const Judge& judge_;
  Network network_;
  Reals f_;
  std::vector<Reals> h_;
};

/// The best network without neurons: zero, or constants where there is an intercept. Those of logistic loss and softmax are logarithms of the
/// classes' shares of the weight; where all is of one class there is no best one and they are 0.
inline Network best_constant(const Judge& judge) {
  const std::size_t C = judge.outputs();
  Network network{{}, Reals(C)};
  const LossKind kind = judge.problem().loss.kind;
  if (!judge.problem().bias) return network;
  if (kind != LossKind::logistic && kind != LossKind::softmax) {
    Descent descent(judge, std::move(network));
    descent.minimise_biases();
    return descent.network();
  }
  std::size_t classes = 0;
  for (std::size_t k = 0; k < C; ++k) {
    Real of_class = 0, others = 0;
    for (std::size_t i = 0; i < judge.samples(); ++i) (judge.targets(i)[k] > 0 ? of_class : others) += judge.weight(i);
    classes += of_class > 0 ? 1 : 0;
    if (kind == LossKind::softmax) network.bias[k] = of_class > 0 ? Real(log(of_class)) : Real(-1e6);
    if (kind == LossKind::logistic && of_class > 0 && others > 0) network.bias[k] = log(of_class) - log(others);
  }
  if (kind == LossKind::softmax && classes < 2) network.bias.assign(C, Real(0));
  return network;
}

}  // namespace exact
