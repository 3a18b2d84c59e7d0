// The losses once more by their formulas alone, on one sample's row of outputs: part of the tests' own judge (support/naive.hpp).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "neuspec/problem.hpp"

namespace naive {

using neuspec::Index;
using neuspec::Loss;
using neuspec::LossKind;
using Row = std::vector<double>;

/// ℓ(f, y) of one output.
inline double loss_value(const Loss& loss, double f, double y) {
  const double r = std::abs(f - y), short_of_margin = std::max(0.0, 1 - y * f);
  switch (loss.kind) {
    case LossKind::squared:
      return r * r / 2;
    case LossKind::huber:
      return r <= loss.delta ? r * r / 2 : loss.delta * (r - loss.delta / 2);
    case LossKind::absolute:
      return r;
    case LossKind::logistic:
      return std::max(0.0, -y * f) + std::log1p(std::exp(-std::abs(f)));
    case LossKind::squared_hinge:
      return short_of_margin * short_of_margin / 2;
    default:
      return short_of_margin;  // hinge
  }
}

inline double loss_gradient(const Loss& loss, double f, double y) {
  const double r = f - y;
  switch (loss.kind) {
    case LossKind::squared:
      return r;
    case LossKind::huber:
      return std::clamp(r, -loss.delta, loss.delta);
    case LossKind::absolute:
      return r > 0 ? 1 : r < 0 ? -1 : 0;
    case LossKind::logistic:
      return -y / (1 + std::exp(y * f));
    case LossKind::squared_hinge:
      return -y * std::max(0.0, 1 - y * f);
    default:
      return y * f < 1 ? -y : 0;  // hinge
  }
}

/// The interval on which ℓ*(·, y) is finite.
inline std::pair<double, double> conjugate_domain(const Loss& loss, double y) {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto between_zero_and = [y](double far) { return std::pair(std::min(0.0, -y * far), std::max(0.0, -y * far)); };
  switch (loss.kind) {
    case LossKind::squared:
      return {-infinity, infinity};
    case LossKind::huber:
      return {-loss.delta, loss.delta};
    case LossKind::absolute:
      return {-1, 1};
    case LossKind::squared_hinge:
      return between_zero_and(infinity);
    default:
      return between_zero_and(1);  // logistic, hinge
  }
}

inline double entropy(double p) { return p > 0 ? p * std::log(p) : 0; }

/// ℓ*(v, y) = sup over f of v f − ℓ(f, y) on its domain.
inline double conjugate(const Loss& loss, double v, double y) {
  switch (loss.kind) {
    case LossKind::squared:
    case LossKind::huber:
      return v * v / 2 + v * y;
    case LossKind::absolute:
      return v * y;
    case LossKind::logistic:
      return entropy(-v * y) + entropy(1 + v * y);
    case LossKind::squared_hinge:
      return v * v / 2 + v * y;  // y² = 1
    default:
      return v * y;  // hinge
  }
}

// The same on a row of outputs; softmax couples them.

inline Row softmax(const Row& f) {
  const double top = *std::max_element(f.begin(), f.end());
  Row p;
  for (const double value : f) p.push_back(std::exp(value - top));
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& value : p) value /= sum;
  return p;
}

inline double loss_value(const Loss& loss, const Row& f, const Row& y) {
  double sum = 0;
  if (loss.kind == LossKind::softmax) {
    const double top = *std::max_element(f.begin(), f.end());
    for (const double value : f) sum += std::exp(value - top);
    return top + std::log(sum) - std::inner_product(f.begin(), f.end(), y.begin(), 0.0);
  }
  for (std::size_t k = 0; k < f.size(); ++k) sum += loss_value(loss, f[k], y[k]);
  return sum;
}

inline Row loss_gradient(const Loss& loss, const Row& f, const Row& y) {
  Row v = loss.kind == LossKind::softmax ? softmax(f) : f;
  for (std::size_t k = 0; k < f.size(); ++k) v[k] = loss.kind == LossKind::softmax ? v[k] - y[k] : loss_gradient(loss, f[k], y[k]);
  return v;
}

/// Any v pulled into the domain of ℓ*, unchanged where it lies inside.
inline Row into_domain(const Loss& loss, Row v, const Row& y) {
  if (loss.kind == LossKind::softmax) {  // v + y is on the simplex
    double sum = 0;
    for (std::size_t k = 0; k < v.size(); ++k) sum += v[k] = std::clamp(v[k] + y[k], 0.0, 1e200);
    for (std::size_t k = 0; k < v.size(); ++k) v[k] = sum > 0 ? v[k] / sum - y[k] : 0;
    return v;
  }
  for (std::size_t k = 0; k < v.size(); ++k) {
    const auto [low, high] = conjugate_domain(loss, y[k]);
    v[k] = std::clamp(v[k], low, high);
  }
  return v;
}

/// ℓ*(v, y) at v in the domain, to rounding.
inline double conjugate(const Loss& loss, const Row& v, const Row& y) {
  double sum = 0;
  for (std::size_t k = 0; k < v.size(); ++k) sum += loss.kind == LossKind::softmax ? entropy(v[k] + y[k]) : conjugate(loss, v[k], y[k]);
  return sum;
}

}  // namespace naive
