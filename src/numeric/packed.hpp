// Symmetric N × N matrices as vectors of p = N(N+1)/2 entries: the lower triangle column by column, off-diagonal entries times √2,
// so that the dot product of two packed vectors is the trace inner product of the matrices (svec of the field).
#pragma once

#include "neuspec/dataset.hpp"
#include "numeric/host_device.hpp"

namespace neuspec::packed {

constexpr double root_two = 1.4142135623730950488016887242097;

NEUSPEC_HOST_DEVICE constexpr Index size(Index N) { return N * (N + 1) / 2; }
/// Position of entry (row, column), row ≥ column.
NEUSPEC_HOST_DEVICE constexpr Index position(Index N, Index row, Index column) { return column * N - column * (column + 1) / 2 + row; }

/// Full N × N matrix, both triangles, of a packed vector.
template <class Real>
void unpack(Index N, const Real* from, Real* to) {
  const Real half = static_cast<Real>(1 / root_two);
  for (Index j = 0; j < N; ++j) {
    const Real* column = from + position(N, j, j);
    to[j * N + j] = column[0];
    for (Index i = j + 1; i < N; ++i) to[j * N + i] = to[i * N + j] = half * column[i - j];
  }
}

}  // namespace neuspec::packed
