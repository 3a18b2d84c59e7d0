// The inverse of a positive definite matrix by blocks that threads share: BLAS's own threads meet hundreds of times on the way, at each of which a
// busy machine keeps all of them waiting for one.
#include <algorithm>
#include <utility>
#include <vector>

#include "device/cpu_device.hpp"
#include "device/cpu_launch.hpp"
#include "device/lapack.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {

constexpr Index block = 128;     // columns at a time: GEMM runs at its rate, and a block on the diagonal is little work
constexpr Index smallest = 256;  // below, LAPACK alone
constexpr Index largest = 2560;  // beyond, a second matrix would cost memory, and LAPACK has enough to do between its meetings

Index blocks_of(Index n) { return (n + block - 1) / block; }

template <class Real>
View<Real> part(View<Real> M, Index row, Index rows, Index column, Index columns) {
  return M.row_range(row, rows).column_range(column, columns);
}

/// Columns of the rows `first` … n − 1 below the diagonal by blocks: (row block, column block), the longest sums first.
std::vector<std::pair<Index, Index>> lower_blocks(Index first, Index count) {
  std::vector<std::pair<Index, Index>> result;
  for (Index i = first; i < count; ++i) {
    for (Index j = first; j <= i; ++j) result.emplace_back(i, j);
  }
  return result;
}

/// The Cholesky factor in M's lower triangle: n³/3 flops. What is above the diagonal within a block of it is lost.
template <class Real>
bool factorise(View<Real> M) {
  const Index n = M.rows, count = blocks_of(n);
  const auto width = [n](Index b) { return std::min(block, n - b * block); };
  for (Index k = 0; k < count; ++k) {
    const View<Real> corner = part(M, k * block, width(k), k * block, width(k));
    if (lapack::potrf(corner.rows, corner.data, corner.stride) != 0) return false;
    if (k + 1 == count) break;
    run_pieces(count - k - 1, threads(), [&](Index piece) {
      const View<Real> below = part(M, (k + 1 + piece) * block, width(k + 1 + piece), k * block, block);
      lapack::trsm('R', 'T', below.rows, below.columns, corner.data, corner.stride, below.data, below.stride);
    });
    const auto rest = lower_blocks(k + 1, count);
    run_pieces(static_cast<Index>(rest.size()), threads(), [&](Index piece) {
      const auto& [i, j] = rest[static_cast<std::size_t>(piece)];
      const View<Real> left = part(M, i * block, width(i), k * block, block), right = part(M, j * block, width(j), k * block, block),
                       to = part(M, i * block, width(i), j * block, width(j));
      lapack::gemm('N', 'T', to.rows, to.columns, block, Real(-1), left.data, left.stride, right.data, right.stride, Real(1), to.data, to.stride);
    });
  }
  return true;
}

/// M ← L⁻ᵀ L⁻¹ in the lower triangle for the factor L there: 2/3 n³ flops.
template <class Real>
void invert_factor(View<Real> M) {
  const Index n = M.rows, count = blocks_of(n);
  const auto width = [n](Index b) { return std::min(block, n - b * block); };
  std::vector<Real> storage(static_cast<std::size_t>(n * n));
  const View<Real> inverse{storage.data(), n, n, n};
  run_pieces(count, threads(), [&](Index b) {
    const Index first = b * block, rows = n - first;
    const View<Real> columns = part(inverse, first, rows, first, width(b));
    for (Index j = 0; j < columns.columns; ++j) columns.data[j * n + j] = 1;
    lapack::trsm('L', 'N', rows, columns.columns, M.data + first * M.stride + first, M.stride, columns.data, n);
  });
  const auto all = lower_blocks(0, count);
  run_pieces(static_cast<Index>(all.size()), threads(), [&](Index piece) {
    const auto& [i, j] = all[static_cast<std::size_t>(piece)];
    const Index first = i * block, depth = n - first;
    const View<Real> to = part(M, first, width(i), j * block, width(j));
    lapack::gemm('T', 'N', to.rows, to.columns, depth, Real(1), inverse.data + first * n + first, n, inverse.data + j * block * n + first, n, Real(0),
                 to.data, to.stride);
  });
}

}  // namespace

template <class Real>
void CpuDevice<Real>::shift_lower(ConstView<Real> S, double shift, View<Real> M) {
  const Index n = S.rows;
  const auto column = [&](Index j) {
    if (S.data != M.data) std::copy(S.data + j * S.stride + j, S.data + j * S.stride + n, M.data + j * M.stride + j);
    M.data[j * M.stride + j] += static_cast<Real>(shift);
  };
  each(n, column, n / 4);
}

template <class Real>
bool CpuDevice<Real>::invert_shifted(ConstView<Real> S, double shift, View<Real> M) {
  const Index n = S.rows;
  shift_lower(S, shift, M);
  if (n < smallest || n > largest || threads() == 1) {
    if (lapack::potrf(n, M.data, M.stride) != 0 || lapack::potri(n, M.data, M.stride) != 0) return false;
  } else {
    if (!factorise(M)) return false;
    invert_factor(M);
  }
  mirror(M);
  return true;
}

template void CpuDevice<float>::shift_lower(ConstView<float>, double, View<float>);
template void CpuDevice<double>::shift_lower(ConstView<double>, double, View<double>);
template bool CpuDevice<float>::invert_shifted(ConstView<float>, double, View<float>);
template bool CpuDevice<double>::invert_shifted(ConstView<double>, double, View<double>);

}  // namespace neuspec
