// The losses once more by their formulas alone, on one sample's row of outputs, in any arithmetic: part of the tests' own judges (support/naive.hpp,
// support/exact_judge.hpp).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "neuspec/problem.hpp"

namespace naive {

using neuspec::Index;
using neuspec::Loss;
using neuspec::LossKind;
using Row = std::vector<double>;

/// ℓ(f, y) of one output.
template <class T>
T loss_value(const Loss& loss, const T& f, const T& y) {
  using std::abs;
  using std::exp;
  using std::log1p;
  const T r = abs(T(f - y)), short_of_margin = std::max(T(0), T(1 - y * f)), delta = loss.delta;
  switch (loss.kind) {
    case LossKind::squared:
      return r * r / 2;
    case LossKind::huber:
      return r <= delta ? T(r * r / 2) : T(delta * (r - delta / 2));
    case LossKind::absolute:
      return r;
    case LossKind::logistic:
      return std::max(T(0), T(-y * f)) + log1p(T(exp(T(-abs(f)))));
    case LossKind::squared_hinge:
      return short_of_margin * short_of_margin / 2;
    default:
      return short_of_margin;  // hinge
  }
}

template <class T>
T loss_gradient(const Loss& loss, const T& f, const T& y) {
  using std::exp;
  const T r = f - y, delta = loss.delta;
  switch (loss.kind) {
    case LossKind::squared:
      return r;
    case LossKind::huber:
      return std::clamp(r, T(-delta), delta);
    case LossKind::absolute:
      return T(r > 0 ? 1 : r < 0 ? -1 : 0);
    case LossKind::logistic:
      return -y / (1 + exp(T(y * f)));
    case LossKind::squared_hinge:
      return -y * std::max(T(0), T(1 - y * f));
    default:
      return y * f < 1 ? T(-y) : T(0);  // hinge
  }
}

/// The ends of the interval on which ℓ*(·, y) is finite, the lower one first; none where it has no end.
template <class T>
std::pair<std::optional<T>, std::optional<T>> conjugate_domain(const Loss& loss, const T& y) {
  using Ends = std::pair<std::optional<T>, std::optional<T>>;
  const T zero = 0, delta = loss.delta;
  switch (loss.kind) {
    case LossKind::squared:
      return {};
    case LossKind::huber:
      return Ends(T(-delta), delta);
    case LossKind::absolute:
      return Ends(T(-1), T(1));
    case LossKind::squared_hinge:
      return y > 0 ? Ends(std::nullopt, zero) : Ends(zero, std::nullopt);
    default:
      return Ends(std::min(zero, T(-y)), std::max(zero, T(-y)));  // logistic, hinge
  }
}

template <class T>
T entropy(const T& p) {
  using std::log;
  return p > 0 ? T(p * log(p)) : T(0);
}
/// (1 − p) log(1 − p), whose p may be next to nothing.
template <class T>
T entropy_of_rest(const T& p) {
  using std::log1p;
  return p < 1 ? T((1 - p) * log1p(T(-p))) : T(0);
}

/// ℓ*(v, y) = sup over f of v f − ℓ(f, y) on its domain.
template <class T>
T conjugate(const Loss& loss, const T& v, const T& y) {
  switch (loss.kind) {
    case LossKind::squared:
    case LossKind::huber:
      return v * v / 2 + v * y;
    case LossKind::absolute:
      return v * y;
    case LossKind::logistic:
      return entropy(T(-v * y)) + entropy_of_rest(T(-v * y));
    case LossKind::squared_hinge:
      return v * v / 2 + v * y;  // y² = 1
    default:
      return v * y;  // hinge
  }
}

// The same on a row of outputs; softmax couples them.

/// e^{f_k − max f}, and their sum less 1, the largest one's.
template <class T>
std::pair<std::vector<T>, T> exponentials(const std::vector<T>& f) {
  using std::exp;
  const auto top = std::max_element(f.begin(), f.end());
  std::vector<T> values;
  T others = 0;
  for (auto at = f.begin(); at != f.end(); ++at) {
    values.push_back(exp(T(*at - *top)));
    if (at != top) others += values.back();
  }
  return {values, others};
}

template <class T>
std::vector<T> softmax(const std::vector<T>& f) {
  auto [p, others] = exponentials(f);
  for (T& value : p) value /= 1 + others;
  return p;
}

template <class T>
T loss_value(const Loss& loss, const std::vector<T>& f, const std::vector<T>& y) {
  using std::log1p;
  T sum = 0;
  if (loss.kind == LossKind::softmax) {
    const T top = *std::max_element(f.begin(), f.end());
    for (std::size_t k = 0; k < f.size(); ++k) sum += y[k] * (top - f[k]);
    return sum + log1p(exponentials(f).second);
  }
  for (std::size_t k = 0; k < f.size(); ++k) sum += loss_value(loss, f[k], y[k]);
  return sum;
}

template <class T>
std::vector<T> loss_gradient(const Loss& loss, const std::vector<T>& f, const std::vector<T>& y) {
  std::vector<T> v = f;
  if (loss.kind == LossKind::softmax) {
    v = softmax(f);
    T others = 0;
    for (std::size_t k = 0; k < f.size(); ++k) others += y[k] == 1 ? T(0) : v[k];
    for (std::size_t k = 0; k < f.size(); ++k) v[k] = y[k] == 1 ? T(-others) : v[k];
    return v;
  }
  for (std::size_t k = 0; k < f.size(); ++k) v[k] = loss_gradient(loss, f[k], y[k]);
  return v;
}

/// Any v pulled into the domain of ℓ*, unchanged where it lies inside.
template <class T>
std::vector<T> into_domain(const Loss& loss, std::vector<T> v, const std::vector<T>& y) {
  if (loss.kind == LossKind::softmax) {  // the others' entries are probabilities, the label's is their sum's negative
    T others = 0;
    for (std::size_t k = 0; k < v.size(); ++k) others += v[k] = y[k] == 1 ? T(0) : std::max(v[k], T(0));
    const T size = std::max(others, T(1));
    for (std::size_t k = 0; k < v.size(); ++k) v[k] = (y[k] == 1 ? T(-others) : v[k]) / size;
    return v;
  }
  for (std::size_t k = 0; k < v.size(); ++k) {
    const auto ends = conjugate_domain(loss, y[k]);
    if (ends.first) v[k] = std::max(v[k], *ends.first);
    if (ends.second) v[k] = std::min(v[k], *ends.second);
  }
  return v;
}

/// ℓ*(v, y) at v in the domain, to rounding.
template <class T>
T conjugate(const Loss& loss, const std::vector<T>& v, const std::vector<T>& y) {
  T sum = 0, others = 0;
  for (std::size_t k = 0; k < v.size(); ++k) {
    if (loss.kind != LossKind::softmax) {
      sum += conjugate(loss, v[k], y[k]);
    } else if (y[k] != 1) {
      sum += entropy(v[k]);
      others += v[k];
    }
  }
  return sum + entropy_of_rest(others);
}

}  // namespace naive
