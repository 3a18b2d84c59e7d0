// The largest value of a quadratic on the sphere in plain loops: part of the tests' own judge (support/naive.hpp).
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "neuspec/dataset.hpp"

namespace naive {

using neuspec::Index;

inline double& at(std::vector<double>& a, Index i) { return a[static_cast<std::size_t>(i)]; }
inline double at(const std::vector<double>& a, Index i) { return a[static_cast<std::size_t>(i)]; }

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

/// max over ‖u‖ = 1 of |uᵀMu + qᵀu + t|.
inline double largest_magnitude(Index d, const std::vector<double>& M, const std::vector<double>& q, double t) {
  auto [lambda, V] = jacobi(d, M);
  std::vector<double> g(static_cast<std::size_t>(d), 0.0);
  for (Index k = 0; k < d; ++k)
    for (Index l = 0; l < d; ++l) at(g, k) += 0.5 * at(V, k * d + l) * at(q, l);
  const double positive = sphere_maximum(lambda, g) + t;
  for (double& x : lambda) x = -x;
  return std::max(positive, sphere_maximum(lambda, g) - t);
}

}  // namespace naive
