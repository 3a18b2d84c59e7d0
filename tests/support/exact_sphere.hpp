// Numbers of 60 digits with exponents that no product of doubles leaves, and the largest value of a quadratic on the sphere in them: part of the
// exact judge (support/exact_judge.hpp).
#pragma once

#include <algorithm>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace exact {

using Real = boost::multiprecision::number<
    boost::multiprecision::cpp_bin_float<200, boost::multiprecision::digit_base_2, void, std::int64_t, -(1LL << 30), (1LL << 30)>,
    boost::multiprecision::et_off>;
using Reals = std::vector<Real>;

/// uᵀMu + qᵀu + t, M row-major.
struct Quadratic {
  Reals M, q;
  Real t = 0;

  explicit Quadratic(std::size_t size) : M(size * size), q(size) {}
  Real at(const Reals& u) const {
    Real value = t;
    for (std::size_t i = 0; i < q.size(); ++i) {
      Real row = q[i];
      for (std::size_t j = 0; j < q.size(); ++j) row += M[i * q.size() + j] * u[j];
      value += row * u[i];
    }
    return value;
  }
};

/// Eigenvalues of a small symmetric matrix, and its eigenvectors as columns of V, by Jacobi's rotations.
inline std::pair<Reals, Reals> eigen(Reals A, std::size_t n) {
  Reals V(n * n);
  for (std::size_t i = 0; i < n; ++i) V[i * n + i] = 1;
  const auto rotate = [](const Real& c, const Real& s, Real& x, Real& y) {
    const Real old = x;
    x = c * old - s * y;
    y = s * old + c * y;
  };
  bool rotated = true;
  for (int sweep = 0; sweep < 60 && rotated; ++sweep) {
    rotated = false;
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        const Real off = A[p * n + q], size = std::max(abs(A[p * n + p]), abs(A[q * n + q]));
        if (off == 0 || abs(off) <= ldexp(size, -220)) continue;
        rotated = true;
        const Real theta = (A[q * n + q] - A[p * n + p]) / (2 * off);
        const Real t = (theta >= 0 ? 1 : -1) / (abs(theta) + sqrt(Real(theta * theta + 1)));
        const Real c = 1 / sqrt(Real(t * t + 1)), s = t * c;
        for (std::size_t k = 0; k < n; ++k) rotate(c, s, A[k * n + p], A[k * n + q]);
        for (std::size_t k = 0; k < n; ++k) rotate(c, s, A[p * n + k], A[q * n + k]);
        for (std::size_t k = 0; k < n; ++k) rotate(c, s, V[k * n + p], V[k * n + q]);
      }
    }
  }
  Reals lambda;
  for (std::size_t i = 0; i < n; ++i) lambda.push_back(A[i * n + i]);
  return {std::move(lambda), std::move(V)};
}

struct SphereMaximum {
  Real bound;  ///< not below the largest value, and above it by some 50th digit of the quadratic's size
  Reals u;     ///< a unit vector near which it is
};

/// With ν = λ_max + δ every δ > 0 proves uᵀMu + qᵀu ≤ ν + Σ g_i²/(ν − λ_i) on the sphere, g = Vᵀq/2; the best one has Σ g_i²/(ν − λ_i)² = 1.
inline SphereMaximum sphere_maximum(const Quadratic& f) {
  const std::size_t n = f.q.size();
  const auto [lambda, V] = eigen(f.M, n);
  const auto top = static_cast<std::size_t>(std::max_element(lambda.begin(), lambda.end()) - lambda.begin());
  Reals gap(n), g(n);
  Real size = abs(f.t), norm = 0;
  for (std::size_t i = 0; i < n; ++i) {
    gap[i] = lambda[top] - lambda[i];
    for (std::size_t k = 0; k < n; ++k) g[i] += V[k * n + i] * f.q[k] / 2;
    size += abs(lambda[i]) + abs(g[i]);
    norm += g[i] * g[i];
  }
  // Newton's method on 1/√Σ from the left of the root, where no term alone is less than 1: its steps never go beyond it.
  Real delta = ldexp(Real(sqrt(norm)), -180);
  for (std::size_t i = 0; i < n; ++i) delta = std::max(delta, Real(abs(g[i]) - gap[i]));
  for (int step = 0; step < 300 && delta > 0; ++step) {
    Real square = 0, cube = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const Real ratio = g[i] / (delta + gap[i]);
      square += ratio * ratio;
      cube += ratio * ratio / (delta + gap[i]);
    }
    if (square <= 1) break;
    const Real next = (sqrt(square) - 1) * square / cube;
    delta += next;
    if (next <= ldexp(delta, -110)) break;
  }
  SphereMaximum maximum{lambda[top] + delta + f.t + ldexp(size, -170), Reals(n)};
  Reals y(n);
  Real missing = 1;
  for (std::size_t i = 0; i < n; ++i) {
    if (g[i] == 0) continue;
    y[i] = g[i] / (delta + gap[i]);
    maximum.bound += g[i] * y[i];
    missing -= y[i] * y[i];
  }
  if (missing > 0) y[top] += (y[top] < 0 ? -1 : 1) * sqrt(missing);
  Real length = 0;
  for (const Real& value : y) length += value * value;
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t i = 0; i < n; ++i) maximum.u[k] += V[k * n + i] * y[i] / sqrt(length);
  return maximum;
}

}  // namespace exact
