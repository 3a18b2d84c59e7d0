// Packed symmetric matrices (numeric/packed.hpp) as LAPACK on the CPU takes them.
#pragma once

#include "numeric/packed.hpp"

namespace neuspec {

/// The lower triangle of `full` (N × N) from packed; what is above stays.
template <class Real>
void unpack_lower(Index N, const Real* from, Real* full) {
  const Real half = static_cast<Real>(1 / packed::root_two);
  for (Index j = 0; j < N; ++j) {
    const Real* column = from + packed::position(N, j, j);
    Real* to = full + j * N + j;
    to[0] = column[0];
    for (Index i = 1; i < N - j; ++i) to[i] = half * column[i];
  }
}

}  // namespace neuspec
