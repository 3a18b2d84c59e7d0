// Random data sets with planted neurons, and the activations that properties are checked for.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "support/random.hpp"

namespace neuspec::test {

inline constexpr Activation kActivations[] = {{0.09, 0.5, 0.47}, {1, 0, 0}, {0, 1, 0}, {0.3, -0.7, 0.2}, {-0.4, 0.3, 0}};

/// Targets are three planted ReLU neurons an output and a tenth of noise: within reach of no polynomial network, so that residuals stay.
inline Dataset random_dataset(Random& random, Index samples, Index features, Index outputs) {
  auto x = random.normals(samples * features);
  std::vector<std::vector<double>> planted;
  for (Index j = 0; j < 3 * outputs; ++j) planted.push_back(random.unit(features));
  std::vector<double> y;
  for (Index i = 0; i < samples * outputs; ++i) {
    double value = 0.1 * random.normal();
    for (Index j = 0; j < 3; ++j) {
      const auto& u = planted[static_cast<std::size_t>(3 * (i % outputs) + j)];
      double t = 0;
      for (Index k = 0; k < features; ++k) t += u[static_cast<std::size_t>(k)] * x[static_cast<std::size_t>(i / outputs * features + k)];
      value += (j == 1 ? -1.0 : 1.0) * std::max(0.0, t);
    }
    y.push_back(value);
  }
  return {samples, features, outputs, std::move(x), std::move(y)};
}

}  // namespace neuspec::test
