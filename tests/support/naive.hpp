// SPEC.md sections 1 and 3 once more, in plain loops: the tests' own judge, sharing nothing with the library but its types.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "neuspec/network.hpp"
#include "neuspec/problem.hpp"

namespace naive {

using neuspec::Dataset;
using neuspec::Index;
using neuspec::Network;
using neuspec::Problem;

inline double& at(std::vector<double>& a, Index i) { return a[static_cast<std::size_t>(i)]; }
inline double at(const std::vector<double>& a, Index i) { return a[static_cast<std::size_t>(i)]; }
inline double weight(const Dataset& data, Index i) { return data.weights().empty() ? 1.0 : at(data.weights(), i); }

/// f(x_i) for every sample and output, n × C row-major.
inline std::vector<double> predict(const Network& network, const Dataset& data) {
  std::vector<double> f(static_cast<std::size_t>(data.samples() * data.targets()), 0.0);
  for (Index i = 0; i < data.samples(); ++i) {
    for (Index j = 0; j < network.neurons(); ++j) {
      double t = 0;
      for (Index k = 0; k < data.features(); ++k) t += at(network.directions, j * data.features() + k) * at(data.x(), i * data.features() + k);
      const auto& s = network.activation;
      f[static_cast<std::size_t>(i * data.targets() + network.output[static_cast<std::size_t>(j)])] +=
          at(network.weights, j) * (s.a * t * t + s.b * t + s.c);
    }
  }
  return f;
}

/// P(f) = Σ w_i ½ (f(x_i) − y_i)² + β Σ |α_j|.
inline double primal(const Network& network, const Problem& problem, const Dataset& data) {
  const auto f = predict(network, data);
  double sum = 0;
  for (Index i = 0; i < data.samples() * data.targets(); ++i) sum += weight(data, i / data.targets()) * 0.5 * std::pow(at(f, i) - at(data.y(), i), 2);
  for (const double alpha : network.weights) sum += problem.beta * std::abs(alpha);
  return sum;
}

/// Eigenvalues and eigenvectors (columns, column-major) of a symmetric n × n matrix by cyclic Jacobi rotations.
inline std::pair<std::vector<double>, std::vector<double>> jacobi(Index n, std::vector<double> a) {
  std::vector<double> v(a.size(), 0.0);
  for (Index i = 0; i < n; ++i) at(v, i * n + i) = 1;
  double scale = 0;
  for (const double x : a) scale += x * x;
  for (int sweep = 0; sweep < 60; ++sweep) {
    double off = 0;
    for (Index p = 0; p < n; ++p)
      for (Index q = 0; q < p; ++q) off += std::pow(at(a, p * n + q), 2);
    if (off <= 1e-32 * scale) break;
    for (Index p = 0; p < n; ++p) {
      for (Index q = p + 1; q < n; ++q) {
        if (at(a, p * n + q) == 0) continue;
        const double theta = (at(a, q * n + q) - at(a, p * n + p)) / (2 * at(a, p * n + q));
        const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
        const double c = 1 / std::sqrt(t * t + 1), s = t * c;
        const auto rotate = [c, s](double& x, double& y) {
          const double old = x;
          x = c * old - s * y;
          y = s * old + c * y;
        };
        for (Index k = 0; k < n; ++k) rotate(at(a, k * n + p), at(a, k * n + q));
        for (Index k = 0; k < n; ++k) rotate(at(a, p * n + k), at(a, q * n + k));
        for (Index k = 0; k < n; ++k) rotate(at(v, p * n + k), at(v, q * n + k));
      }
    }
  }
  std::vector<double> values;
  for (Index i = 0; i < n; ++i) values.push_back(at(a, i * n + i));
  return {values, v};
}

/// max over ‖u‖ = 1 of uᵀMu + qᵀu from above: min over μ > λ_max of μ + Σ g_i²/(μ − λ_i), g = Vᵀq/2, by bisection on the slope.
inline double sphere_maximum(const std::vector<double>& lambda, const std::vector<double>& g) {
  const double top = *std::max_element(lambda.begin(), lambda.end());
  double norm = 0, size = std::abs(top);
  for (const double x : g) norm += x * x;
  for (const double x : lambda) size = std::max(size, std::abs(x));
  double low = top, high = top + std::sqrt(norm) + 1e-14 * size + 1e-300;
  for (int step = 0; step < 200; ++step) {
    const double mu = 0.5 * (low + high);
    double slope = 1;
    for (std::size_t i = 0; i < g.size(); ++i) slope -= g[i] == 0 ? 0 : std::pow(g[i] / (mu - lambda[i]), 2);
    (slope < 0 ? low : high) = mu;
  }
  double value = high;
  for (std::size_t i = 0; i < g.size(); ++i) value += g[i] == 0 ? 0 : g[i] * g[i] / (high - lambda[i]);
  return value;
}

/// κ(v) of one output: max over ‖u‖ = 1 of |Σ_i v_i σ(uᵀx_i)|.
inline double kappa(const Problem& problem, const Dataset& data, const std::vector<double>& v) {
  const Index d = data.features();
  const auto& sigma = problem.activation;
  std::vector<double> M(static_cast<std::size_t>(d * d), 0.0), q(static_cast<std::size_t>(d), 0.0);
  double t = 0;
  for (Index i = 0; i < data.samples(); ++i) {
    const double* x = data.x().data() + i * d;
    for (Index k = 0; k < d; ++k)
      for (Index l = 0; l < d; ++l) at(M, k * d + l) += sigma.a * at(v, i) * x[k] * x[l];
    for (Index k = 0; k < d; ++k) at(q, k) += sigma.b * at(v, i) * x[k];
    t += sigma.c * at(v, i);
  }
  auto [lambda, V] = jacobi(d, M);
  std::vector<double> g(static_cast<std::size_t>(d), 0.0);
  for (Index k = 0; k < d; ++k)
    for (Index l = 0; l < d; ++l) at(g, k) += 0.5 * at(V, k * d + l) * at(q, l);
  const double positive = sphere_maximum(lambda, g) + t;
  for (double& x : lambda) x = -x;
  return std::max(positive, sphere_maximum(lambda, g) - t);
}

/// A lower bound on the optimum of (P) from any n × C numbers v: each output's column is scaled to its best feasible multiple.
inline double dual(const Problem& problem, const Dataset& data, const std::vector<double>& v) {
  double bound = 0;
  for (Index output = 0; output < data.targets(); ++output) {
    std::vector<double> column;
    double vv = 0, vy = 0;
    for (Index i = 0; i < data.samples(); ++i) {
      const double value = at(v, i * data.targets() + output);
      column.push_back(value);
      vy += value * at(data.y(), i * data.targets() + output);
      if (value != 0) vv += value * value / weight(data, i);
    }
    const double limit = kappa(problem, data, column);
    if (vv == 0) continue;
    const double tau = std::clamp(-vy / vv, 0.0, limit > 0 ? problem.beta / limit : 1.0);
    bound -= 0.5 * tau * tau * vv + tau * vy;
  }
  return bound;
}

/// The bound from v = ∇ℓ(f), what a certificate of `network` must at least reach.
inline double dual(const Network& network, const Problem& problem, const Dataset& data) {
  auto v = predict(network, data);
  for (Index i = 0; i < data.samples() * data.targets(); ++i) at(v, i) = weight(data, i / data.targets()) * (at(v, i) - at(data.y(), i));
  return dual(problem, data, v);
}

inline double relative_gap(const Network& network, const Problem& problem, const Dataset& data) {
  const double p = primal(network, problem, data);
  return (p - dual(network, problem, data)) / std::max(1.0, std::abs(p));
}

/// β_max: κ at v = ∇ℓ(0) = −w y, largest over outputs.
inline double beta_max(const Problem& problem, const Dataset& data) {
  double largest = 0;
  for (Index output = 0; output < data.targets(); ++output) {
    std::vector<double> v;
    for (Index i = 0; i < data.samples(); ++i) v.push_back(-weight(data, i) * at(data.y(), i * data.targets() + output));
    largest = std::max(largest, kappa(problem, data, v));
  }
  return largest;
}

}  // namespace naive
