// Samples in parts.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "neuspec/moments.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {

/// Rows of a data set.
inline Dataset rows_of(const Dataset& data, const std::vector<Index>& rows) {
  std::vector<double> x, y, weights;
  for (const Index i : rows) {
    x.insert(x.end(), data.x().begin() + i * data.features(), data.x().begin() + (i + 1) * data.features());
    y.insert(y.end(), data.y().begin() + i * data.targets(), data.y().begin() + (i + 1) * data.targets());
    if (!data.weights().empty()) weights.push_back(data.weights()[static_cast<std::size_t>(i)]);
  }
  return {static_cast<Index>(rows.size()), data.features(), data.targets(), std::move(x), std::move(y), std::move(weights)};
}

/// The samples dealt out to so many parts at random, none of them empty.
inline std::vector<Dataset> dealt(Random& random, const Dataset& data, Index count) {
  std::vector<std::vector<Index>> rows(static_cast<std::size_t>(count));
  for (Index i = 0; i < data.samples(); ++i) rows[static_cast<std::size_t>(i < count ? i : random.index(0, count - 1))].push_back(i);
  std::vector<Dataset> parts;
  for (const auto& part : rows) parts.push_back(rows_of(data, part));
  return parts;
}

/// Features and targets moved by `offset` deviations, and every second time with weights, some of them 0.
inline Dataset moved(Random& random, const Dataset& data, double offset, bool weighted) {
  std::vector<double> x = data.x(), y = data.y(), weights;
  std::vector<double> by(static_cast<std::size_t>(data.features()));
  for (double& value : by) value = offset * random.uniform(-1, 1);
  for (std::size_t at = 0; at < x.size(); ++at) x[at] += by[at % by.size()];
  for (double& value : y) value += offset;
  for (Index i = 0; weighted && i < data.samples(); ++i) weights.push_back(i % 5 == 3 ? 0.0 : random.uniform(0.1, 3));
  return {data.samples(), data.features(), data.targets(), std::move(x), std::move(y), std::move(weights)};
}

inline Moments moments_of(const Dataset& data) {
  Moments moments;
  moments.add(data);
  return moments;
}

inline Moments merged(const std::vector<Dataset>& parts) {
  Moments sum;
  for (const Dataset& part : parts) sum.merge(moments_of(part));
  return sum;
}

}  // namespace neuspec::test
