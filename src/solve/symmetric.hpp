// Small symmetric matrices of an interior-point step, full and packed.
#pragma once

#include <vector>

#include "device/lapack.hpp"
#include "numeric/packed.hpp"

namespace neuspec {

/// Rᵀ M R, all N × N.
inline std::vector<double> congruent(Index N, const std::vector<double>& R, const std::vector<double>& M) {
  std::vector<double> half(static_cast<std::size_t>(N * N)), result(half.size());
  lapack::gemm('N', 'N', N, N, N, 1.0, M.data(), N, R.data(), N, 0.0, half.data(), N);
  lapack::gemm('T', 'N', N, N, N, 1.0, R.data(), N, half.data(), N, 0.0, result.data(), N);
  return result;
}

/// The symmetric part of M, times a scale.
inline void pack(Index N, const double* M, double scale, double* to) {
  for (Index j = 0; j < N; ++j) {
    *to++ = scale * M[j * N + j];
    for (Index i = j + 1; i < N; ++i) *to++ = scale * packed::root_two * 0.5 * (M[j * N + i] + M[i * N + j]);
  }
}

inline std::vector<double> packed_of(Index N, const std::vector<double>& M) {
  std::vector<double> result(static_cast<std::size_t>(packed::size(N)));
  pack(N, M.data(), 1, result.data());
  return result;
}

inline std::vector<double> square_of(Index N, const double* from) {
  std::vector<double> M(static_cast<std::size_t>(N * N));
  packed::unpack(N, from, M.data());
  return M;
}

}  // namespace neuspec
