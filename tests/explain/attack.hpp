// An attack on a network that knows its neurons alone: how short can a change of the prediction be, found by descent from many starts.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "neuspec/network.hpp"
#include "support/random.hpp"

namespace neuspec::test {

using Vector = std::vector<double>;

inline double dot(const Vector& x, const Vector& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}
inline double norm(const Vector& x) { return std::sqrt(dot(x, x)); }
inline Vector moved(Vector x, double t, const Vector& u) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += t * u[i];
  return x;
}

/// Output k and its gradient, neuron by neuron.
inline double value_of(const Network& network, Index k, const Vector& x, Vector* gradient = nullptr) {
  long double sum = 0;
  if (gradient != nullptr) gradient->assign(x.size(), 0.0);
  for (Index j = 0; j < network.neurons(); ++j) {
    if (network.output[static_cast<std::size_t>(j)] != k) continue;
    const double* u = network.directions.data() + j * network.features;
    const double alpha = network.weights[static_cast<std::size_t>(j)];
    const auto [a, b, c] = network.activation;
    long double t = 0;
    for (std::size_t i = 0; i < x.size(); ++i) t += static_cast<long double>(u[i]) * x[i];
    sum += alpha * ((a * t + b) * t + c);
    for (std::size_t i = 0; gradient != nullptr && i < x.size(); ++i) (*gradient)[i] += alpha * (2 * a * static_cast<double>(t) + b) * u[i];
  }
  return static_cast<double>(sum);
}

/// h ≥ 0 where the prediction has changed: the competitor's output minus the predicted one's, or the output against its sign.
struct Crossing {
  const Network& network;
  Index prediction, competitor;  // of one output: the signs

  double operator()(const Vector& x, Vector* gradient = nullptr) const {
    if (network.outputs == 1) {
      const double f = value_of(network, 0, x, gradient), sign = static_cast<double>(competitor);
      for (std::size_t i = 0; gradient != nullptr && i < x.size(); ++i) (*gradient)[i] *= sign;
      return sign * f;
    }
    Vector other;
    const double h = value_of(network, competitor, x, gradient) - value_of(network, prediction, x, gradient == nullptr ? nullptr : &other);
    for (std::size_t i = 0; gradient != nullptr && i < x.size(); ++i) (*gradient)[i] -= other[i];
    return h;
  }
};

/// The smallest t > 0 with h(x + t u) ≥ 0, for h(x) < 0: along a line h is a parabola.
inline double first_crossing(const Crossing& h, const Vector& x, const Vector& u) {
  Vector gradient;
  const double c = h(x, &gradient), b = dot(gradient, u), a = h(moved(x, 1, u)) - c - b;
  const double discriminant = b * b - 4 * a * c;
  if (discriminant < 0) return std::numeric_limits<double>::infinity();
  const double root = std::sqrt(discriminant), q = -0.5 * (b + std::copysign(root, b));
  double least = std::numeric_limits<double>::infinity();
  for (const double t : {q / a, c / q})
    if (t > 0) least = std::min(least, t);
  return least;
}

/// Projected gradient descent of the first crossing over the sphere of directions, from `starts` random ones.
inline double attack(const Crossing& h, const Vector& x, Random& random, int starts) {
  double best = std::numeric_limits<double>::infinity();
  for (int start = 0; start < starts; ++start) {
    Vector u = random.unit(static_cast<Index>(x.size())), gradient;
    double t = first_crossing(h, x, u);
    if (std::isinf(t)) {
      for (double& value : u) value = -value;
      t = first_crossing(h, x, u);
    }
    for (double step = 0.5, iteration = 0; std::isfinite(t) && step > 1e-12 && iteration < 3000; ++iteration) {
      h(moved(x, t, u), &gradient);
      const double along = dot(gradient, u);
      Vector next = moved(u, step / norm(gradient), moved(gradient, -along, u));  // along > 0: into the other side
      const double length = norm(next);
      for (double& value : next) value /= length;
      const double shorter = first_crossing(h, x, next);
      if (shorter < t) {
        u = next;
        t = shorter;
        step *= 1.5;
      } else {
        step /= 3;
      }
    }
    best = std::min(best, t);
  }
  return best;
}

}  // namespace neuspec::test
