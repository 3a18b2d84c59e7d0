// Random problems for property tests.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "neuspec/dataset.hpp"
#include "neuspec/network.hpp"

namespace neuspec::test {

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  double normal() { return normal_(engine_); }
  double uniform(double low, double high) { return low + (high - low) * uniform_(engine_); }
  Index index(Index low, Index high) { return std::uniform_int_distribution<Index>(low, high)(engine_); }

  std::vector<double> normals(Index count) {
    std::vector<double> values(static_cast<std::size_t>(count));
    for (double& value : values) value = normal();
    return values;
  }
  std::vector<double> unit(Index d) {
    std::vector<double> u = normals(d);
    double square = 0;
    for (const double value : u) square += value * value;
    for (double& value : u) value /= std::sqrt(square);
    return u;
  }
  /// d orthonormal columns of length d (Gram–Schmidt, twice).
  std::vector<double> orthogonal(Index d) {
    std::vector<double> Q = normals(d * d);
    for (Index j = 0; j < d; ++j) {
      double* column = Q.data() + j * d;
      for (int pass = 0; pass < 2; ++pass)
        for (Index k = 0; k < j; ++k) {
          double inner = 0;
          for (Index i = 0; i < d; ++i) inner += column[i] * Q[static_cast<std::size_t>(k * d + i)];
          for (Index i = 0; i < d; ++i) column[i] -= inner * Q[static_cast<std::size_t>(k * d + i)];
        }
      double square = 0;
      for (Index i = 0; i < d; ++i) square += column[i] * column[i];
      for (Index i = 0; i < d; ++i) column[i] /= std::sqrt(square);
    }
    return Q;
  }
  Network network(const Activation& activation, Index d, Index C, Index neurons) {
    Network network{.activation = activation, .features = d, .outputs = C, .directions = {}, .weights = {}, .output = {}};
    for (Index j = 0; j < neurons; ++j) network.add(unit(d).data(), normal(), index(0, C - 1));
    return network;
  }

 private:
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
};

}  // namespace neuspec::test
