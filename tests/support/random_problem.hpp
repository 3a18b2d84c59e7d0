// Random problems for property tests; the same seed gives the same problem.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "neuspec/network.hpp"

namespace support {

using neuspec::Activation;
using neuspec::Dataset;
using neuspec::Index;
using neuspec::Network;

inline constexpr Activation kActivations[] = {{0.09, 0.5, 0.47}, {1, 0, 0}, {0, 1, 0}, {0.3, -0.7, 0.2}, {-0.4, 0.3, 0}};

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  double normal() { return normal_(engine_); }
  std::vector<double> normals(Index count) {
    std::vector<double> values(static_cast<std::size_t>(count));
    for (double& value : values) value = normal();
    return values;
  }
  std::vector<double> unit_vector(Index d) {
    auto u = normals(d);
    double norm = 0;
    for (const double x : u) norm += x * x;
    for (double& x : u) x /= std::sqrt(norm);
    return u;
  }
  Network network(const Activation& activation, Index features, Index outputs, Index neurons) {
    Network network{.activation = activation, .features = features, .outputs = outputs, .directions = {}, .weights = {}, .output = {}};
    for (Index j = 0; j < neurons; ++j) network.add(unit_vector(features).data(), normal(), j % outputs);
    return network;
  }
  /// Targets are planted ReLU neurons and a tenth of noise: within reach of no polynomial network, so that residuals stay.
  Dataset dataset(Index samples, Index features, Index outputs) {
    auto x = normals(samples * features);
    std::vector<double> y(static_cast<std::size_t>(samples * outputs));
    std::vector<std::vector<double>> planted;
    for (Index k = 0; k < 3 * outputs; ++k) planted.push_back(unit_vector(features));
    for (Index i = 0; i < samples * outputs; ++i) {
      double value = 0.1 * normal();
      for (Index j = 0; j < 3; ++j) {
        double t = 0;
        const auto& u = planted[static_cast<std::size_t>(3 * (i % outputs) + j)];
        for (Index k = 0; k < features; ++k) t += u[static_cast<std::size_t>(k)] * x[static_cast<std::size_t>(i / outputs * features + k)];
        value += (j == 1 ? -1.0 : 1.0) * std::max(0.0, t);
      }
      y[static_cast<std::size_t>(i)] = value;
    }
    return {samples, features, outputs, std::move(x), std::move(y)};
  }

 private:
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
};

}  // namespace support
