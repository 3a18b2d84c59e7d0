// docs/mathematics.md sections 1 to 3 once more, in plain loops, for every loss and architecture: the tests' own judge, sharing nothing with the
// library but its types.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "neuspec/network.hpp"
#include "neuspec/problem.hpp"
#include "support/naive_loss.hpp"
#include "support/naive_sphere.hpp"

namespace naive {

using neuspec::Architecture;
using neuspec::Dataset;
using neuspec::Network;
using neuspec::Problem;

inline double weight(const Dataset& data, Index i) { return data.weights().empty() ? 1.0 : at(data.weights(), i); }
/// Row i of n × C numbers.
inline Row row(const std::vector<double>& values, Index i, Index C) { return {values.begin() + i * C, values.begin() + (i + 1) * C}; }

using Pools = std::vector<std::vector<Row>>;  ///< patches of a sample, pool by pool

/// Filters slide over the image with its rim of zeros; pools tile the grid of their positions, both row by row.
inline Pools pools_of(const Architecture& shape, const Row& x) {
  if (shape.kind == Architecture::Kind::dense) return {{x}};
  const auto pixel = [&](Index r, Index c, Index channel) {
    const bool inside = r >= 0 && r < shape.image.height && c >= 0 && c < shape.image.width;
    return inside ? at(x, (r * shape.image.width + c) * shape.channels + channel) : 0.0;
  };
  std::vector<std::vector<Row>> grid;
  for (Index top = -shape.padding.height; top + shape.filter.height <= shape.image.height + shape.padding.height; top += shape.stride.height) {
    grid.emplace_back();
    for (Index left = -shape.padding.width; left + shape.filter.width <= shape.image.width + shape.padding.width; left += shape.stride.width) {
      Row patch;
      for (Index r = 0; r < shape.filter.height; ++r)
        for (Index c = 0; c < shape.filter.width; ++c)
          for (Index channel = 0; channel < shape.channels; ++channel) patch.push_back(pixel(top + r, left + c, channel));
      grid.back().push_back(patch);
    }
  }
  Pools pools;
  for (std::size_t top = 0; top < grid.size(); top += static_cast<std::size_t>(shape.pool.height)) {
    for (std::size_t left = 0; left < grid[top].size(); left += static_cast<std::size_t>(shape.pool.width)) {
      pools.emplace_back();
      for (std::size_t r = top; r < top + static_cast<std::size_t>(shape.pool.height); ++r)
        for (std::size_t c = left; c < left + static_cast<std::size_t>(shape.pool.width); ++c) pools.back().push_back(grid.at(r).at(c));
    }
  }
  return pools;
}

/// f(x_i) for every sample and output, n × C row-major.
inline std::vector<double> predict(const Network& network, const Dataset& data) {
  const Index C = data.targets();
  std::vector<double> f(static_cast<std::size_t>(data.samples() * C), 0.0);
  const auto& s = network.activation;
  for (Index i = 0; i < data.samples(); ++i) {
    const Pools pools = pools_of(network.architecture, row(data.x(), i, data.features()));
    for (Index j = 0; j < network.neurons(); ++j) {
      const auto& patches = pools.at(network.pool.empty() ? 0 : static_cast<std::size_t>(network.pool[static_cast<std::size_t>(j)]));
      double mean = 0;
      for (const Row& patch : patches) {
        const auto size = static_cast<Index>(patch.size());
        double t = 0;
        for (Index k = 0; k < size; ++k) t += at(network.directions, j * size + k) * at(patch, k);
        mean += (s.a * t * t + s.b * t + s.c) / static_cast<double>(patches.size());
      }
      at(f, i * C + network.output[static_cast<std::size_t>(j)]) += at(network.weights, j) * mean;
    }
  }
  return f;
}

/// P(f) = Σ w_i ℓ(f(x_i), y_i) + β Σ |α_j|.
inline double primal(const Network& network, const Problem& problem, const Dataset& data) {
  const auto f = predict(network, data);
  double sum = 0;
  for (Index i = 0; i < data.samples(); ++i)
    sum += weight(data, i) * loss_value(problem.loss, row(f, i, data.targets()), row(data.y(), i, data.targets()));
  for (const double alpha : network.weights) sum += problem.beta * std::abs(alpha);
  return sum;
}

/// κ(v) of one output, v of n numbers: the largest over pools of max over ‖u‖ = 1 of |Σ_i v_i mean σ(uᵀp)|.
inline double kappa(const Problem& problem, const Dataset& data, const std::vector<double>& v) {
  const auto& sigma = problem.activation;
  std::vector<Pools> samples;
  for (Index i = 0; i < data.samples(); ++i) samples.push_back(pools_of(problem.architecture, row(data.x(), i, data.features())));
  double largest = 0;
  for (std::size_t pool = 0; pool < samples.front().size(); ++pool) {
    const auto f = static_cast<Index>(samples.front()[pool].front().size());
    std::vector<double> M(static_cast<std::size_t>(f * f), 0.0), q(static_cast<std::size_t>(f), 0.0);
    double t = 0;
    for (Index i = 0; i < data.samples(); ++i) {
      const auto& patches = samples[static_cast<std::size_t>(i)][pool];
      for (const Row& x : patches) {
        const double share = at(v, i) / static_cast<double>(patches.size());
        for (Index k = 0; k < f; ++k)
          for (Index l = 0; l < f; ++l) at(M, k * f + l) += sigma.a * share * at(x, k) * at(x, l);
        for (Index k = 0; k < f; ++k) at(q, k) += sigma.b * share * at(x, k);
        t += sigma.c * share;
      }
    }
    largest = std::max(largest, largest_magnitude(f, M, q, t));
  }
  return largest;
}
inline std::vector<double> column(const std::vector<double>& v, Index k, Index C) {
  std::vector<double> result;
  for (Index i = k; i < static_cast<Index>(v.size()); i += C) result.push_back(at(v, i));
  return result;
}

/// w ∇ℓ(f), n × C.
inline std::vector<double> gradient(const Problem& problem, const Dataset& data, const std::vector<double>& f) {
  const Index C = data.targets();
  std::vector<double> v;
  for (Index i = 0; i < data.samples(); ++i)
    for (const double value : loss_gradient(problem.loss, row(f, i, C), row(data.y(), i, C))) v.push_back(weight(data, i) * value);
  return v;
}

/// −Σ w ℓ*(τ v/w) over outputs first … first + count − 1, the sample's row taken as a whole where the loss couples them.
inline double bound_at(const Problem& problem, const Dataset& data, const std::vector<double>& v, double tau, Index first, Index count) {
  double sum = 0;
  for (Index i = 0; i < data.samples(); ++i) {
    const double w = weight(data, i);
    if (w == 0) continue;
    const Index at_row = i * data.targets() + first;
    Row scaled = row(std::vector<double>(v.begin() + at_row, v.begin() + at_row + count), 0, count);
    for (double& value : scaled) value *= tau / w;
    sum -= w * conjugate(problem.loss, scaled, Row(data.y().begin() + at_row, data.y().begin() + at_row + count));
  }
  return sum;
}

/// The largest concave g on [0, limit], by golden section.
template <class Function>
double largest_on(double limit, const Function& g) {
  const double golden = (std::sqrt(5.0) - 1) / 2;
  double low = 0, high = limit;
  for (int step = 0; step < 60; ++step) {
    const double left = high - golden * (high - low), right = low + golden * (high - low);
    (g(left) < g(right) ? low : high) = g(left) < g(right) ? left : right;
  }
  return std::max({g(low), g(high), g(limit), g(0)});
}

/// The same of the parabola through 0 that squared loss has.
template <class Function>
double largest_of_parabola(double limit, const Function& g) {
  const double curvature = 2 * g(1) - g(2), slope = g(1) + curvature / 2;
  return g(curvature > 0 ? std::clamp(slope / curvature, 0.0, limit) : 0);
}

/// A lower bound on the optimum of (P) from any n × C numbers v, pulled into the domain of ℓ* and scaled to their best feasible multiple: one
/// multiple an output, or one for all where the loss couples them. Beyond τ = 1 only squared loss is tried, whose domain has no end.
inline double dual(const Problem& problem, const Dataset& data, std::vector<double> v) {
  const Index C = data.targets(), n = data.samples();
  for (Index i = 0; i < n; ++i) {
    const double w = weight(data, i);
    Row scaled = row(v, i, C);
    for (double& value : scaled) value = w > 0 ? value / w : 0;
    scaled = into_domain(problem.loss, scaled, row(data.y(), i, C));
    for (Index k = 0; k < C; ++k) at(v, i * C + k) = w * at(scaled, k);
  }
  std::vector<double> limits;
  for (Index k = 0; k < C; ++k) {
    const double largest = kappa(problem, data, column(v, k, C)), end = problem.loss.kind == LossKind::squared ? 1e6 : 1;
    limits.push_back(largest > 0 ? std::min(end, problem.beta / largest) : end);
  }
  const bool coupled = problem.loss.kind == LossKind::softmax;
  if (coupled) limits.assign(1, *std::min_element(limits.begin(), limits.end()));
  double bound = 0;
  for (Index k = 0; k < static_cast<Index>(limits.size()); ++k) {
    const auto g = [&](double tau) { return bound_at(problem, data, v, tau, k, coupled ? C : 1); };
    bound += problem.loss.kind == LossKind::squared ? largest_of_parabola(at(limits, k), g) : largest_on(at(limits, k), g);
  }
  return bound;
}

/// The bound from v = ∇ℓ(f), what a certificate of `network` must at least reach, or from a dual vector that was given.
inline double dual(const Network& network, const Problem& problem, const Dataset& data, const std::vector<double>& dual_vector = {}) {
  return dual(problem, data, dual_vector.empty() ? gradient(problem, data, predict(network, data)) : dual_vector);
}

inline double relative_gap(const Network& network, const Problem& problem, const Dataset& data, const std::vector<double>& dual_vector = {}) {
  const double p = primal(network, problem, data);
  return (p - dual(network, problem, data, dual_vector)) / std::max(1.0, std::abs(p));
}

/// β_max: κ at v = ∇ℓ(0), largest over outputs.
inline double beta_max(const Problem& problem, const Dataset& data) {
  const auto v = gradient(problem, data, std::vector<double>(data.y().size(), 0.0));
  double largest = 0;
  for (Index k = 0; k < data.targets(); ++k) largest = std::max(largest, kappa(problem, data, column(v, k, data.targets())));
  return largest;
}

}  // namespace naive
