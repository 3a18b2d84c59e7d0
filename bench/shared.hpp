// What several benches share.
#pragma once

#include <random>
#include <vector>

#include "device/lapack.hpp"
#include "neuspec/dataset.hpp"

namespace neuspec::bench {

/// The same numbers at every call.
inline std::vector<double> normal(Index count) {
  std::mt19937_64 generator(1);
  std::normal_distribution<double> distribution;
  std::vector<double> values(static_cast<std::size_t>(count));
  for (double& value : values) value = distribution(generator);
  return values;
}

/// LAPACK's own eigendecompositions of N × N matrices that lie one after another, which they become the eigenvectors of; all threads.
inline void eigendecompositions(Index N, std::vector<double>& matrices) {
  const Index count = static_cast<Index>(matrices.size()) / (N * N);
#pragma omp parallel for schedule(dynamic, 1)
  for (Index b = 0; b < count; ++b) {
    std::vector<double> values(static_cast<std::size_t>(N)), work;
    std::vector<int> iwork;
    lapack::syevd(true, N, matrices.data() + b * N * N, N, values.data(), work, iwork);
  }
}

}  // namespace neuspec::bench
