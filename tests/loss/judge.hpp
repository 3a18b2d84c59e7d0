// The losses once more, in long double and by their formulas alone, with what tests need around them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "loss/table.hpp"
#include "support/random.hpp"

namespace neuspec {
inline void PrintTo(const Loss& loss, std::ostream* stream) { *stream << loss.name(); }
}  // namespace neuspec

namespace neuspec::test {

using Vector = std::vector<double>;
using Wide = std::vector<long double>;

constexpr double unit = 0x1p-53;

inline loss::Row<const double> row(const Vector& values) { return {values.data(), 1, static_cast<Index>(values.size())}; }
inline loss::Row<double> row(Vector& values) { return {values.data(), 1, static_cast<Index>(values.size())}; }

inline std::vector<Loss> every_loss() {
  return {Loss::squared,  Loss::huber,         {Loss::huber, 0.01}, {Loss::huber, 30}, Loss::absolute,
          Loss::logistic, Loss::squared_hinge, Loss::hinge,         Loss::softmax};
}
inline std::vector<Loss> separable_losses() {
  auto losses = every_loss();
  losses.pop_back();
  return losses;
}
inline std::string test_name(const testing::TestParamInfo<Loss>& info) {
  std::string text = info.param.name();
  std::replace_if(text.begin(), text.end(), [](char c) { return c == ':' || c == '.'; }, '_');
  return text;
}

/// Targets that suit the loss: numbers, ±1, or one-hot.
inline Vector targets(Random& random, const Loss& loss, Index C) {
  Vector y(static_cast<std::size_t>(C));
  if (loss.coupled()) {
    y[static_cast<std::size_t>(random.index(0, C - 1))] = 1;
    return y;
  }
  for (double& value : y) value = !loss.classification() ? 3 * random.normal() : random.index(0, 1) == 0 ? -1 : 1;
  return y;
}
inline Vector scaled_normals(Random& random, double scale, Index C) {
  Vector values = random.normals(C);
  for (double& value : values) value *= scale;
  return values;
}
inline std::size_t label_of(const Vector& y) { return static_cast<std::size_t>(std::max_element(y.begin(), y.end()) - y.begin()); }

inline long double judged_value(const Loss& loss, long double f, long double y) {
  const long double r = std::fabs(f - y), violation = std::max(0.0L, 1 - y * f), delta = loss.delta;
  switch (loss.kind) {
    case Loss::squared:
      return r * r / 2;
    case Loss::huber:
      return r <= delta ? r * r / 2 : delta * (r - delta / 2);
    case Loss::absolute:
      return r;
    case Loss::logistic:
      return -y * f > 0 ? -y * f + std::log1p(std::exp(y * f)) : std::log1p(std::exp(-y * f));
    case Loss::squared_hinge:
      return violation * violation / 2;
    default:
      return violation;  // hinge
  }
}
/// The derivative in f away from kinks.
inline long double judged_slope(const Loss& loss, long double f, long double y) {
  const long double r = f - y, delta = loss.delta;
  switch (loss.kind) {
    case Loss::squared:
      return r;
    case Loss::huber:
      return std::fabs(r) <= delta ? r : std::copysign(delta, r);
    case Loss::absolute:
      return std::copysign(1.0L, r);
    case Loss::logistic:
      return -y / (1 + std::exp(y * f));
    case Loss::squared_hinge:
      return -y * std::max(0.0L, 1 - y * f);
    default:
      return y * f < 1 ? -y : 0;  // hinge
  }
}

inline long double judged_value(const Loss& loss, const Wide& f, const Vector& y) {
  long double sum = 0;
  if (loss.coupled()) {
    const std::size_t label = label_of(y);
    for (std::size_t k = 0; k < f.size(); ++k) sum += k == label ? 0 : std::exp(f[k] - f[label]);
    return std::log1p(sum);
  }
  for (std::size_t k = 0; k < f.size(); ++k) sum += judged_value(loss, f[k], y[k]);
  return sum;
}
inline long double judged_value(const Loss& loss, const Vector& f, const Vector& y) { return judged_value(loss, Wide(f.begin(), f.end()), y); }

inline long double product(const Vector& a, const Vector& b) {
  long double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += static_cast<long double>(a[k]) * b[k];
  return sum;
}

}  // namespace neuspec::test
