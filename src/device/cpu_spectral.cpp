// Batched projection onto the positive semidefinite cone on the CPU (SPEC.md section 6).
#include <cmath>

#include "device/cpu_device.hpp"
#include "device/lapack.hpp"
#include "device/parallel.hpp"
#include "lift/packed.hpp"

namespace neuspec {

namespace {

/// One thread's matrices and LAPACK workspace.
template <class Real>
struct Workspace {
  std::vector<Real> matrix, side, values, work;
  std::vector<int> iwork;
};

/// Projects one packed block; returns its rank, or −1 when the eigensolver failed. About 9 N³ flops for the eigendecomposition and N² r for the
/// smaller side: W = Σ_{λ>0} λ q qᵀ or W = V + Σ_{λ<0} |λ| q qᵀ.
template <class Real>
Index project_block(Index N, const Real* V, Real* W, Real* factor, Workspace<Real>& space) {
  const auto at = [N](Index j) { return static_cast<std::size_t>(j * N); };
  space.matrix.resize(at(N));
  space.values.resize(static_cast<std::size_t>(N));
  const Real half = static_cast<Real>(1 / packed::root_two);
  for (Index j = 0; j < N; ++j) {
    const Real* column = V + packed::position(N, j, j);
    space.matrix[at(j) + static_cast<std::size_t>(j)] = column[0];
    for (Index i = 1; i < N - j; ++i) space.matrix[at(j) + static_cast<std::size_t>(j + i)] = half * column[i];
  }
  if (lapack::syevd(true, N, space.matrix.data(), N, space.values.data(), space.work, space.iwork) != 0) return -1;
  Index negative = 0;
  while (negative < N && space.values[static_cast<std::size_t>(negative)] <= 0) ++negative;
  const Index rank = N - negative;

  for (Index j = 0; j < rank; ++j) {  // largest first
    const Real root = std::sqrt(space.values[static_cast<std::size_t>(N - 1 - j)]);
    for (Index i = 0; i < N; ++i) factor[j * N + i] = root * space.matrix[at(N - 1 - j) + static_cast<std::size_t>(i)];
  }
  std::fill(factor + rank * N, factor + N * N, Real(0));
  const bool positive_side = rank <= negative;
  if (!positive_side) {
    for (Index j = 0; j < negative; ++j) {
      const Real root = std::sqrt(-space.values[static_cast<std::size_t>(j)]);
      for (Index i = 0; i < N; ++i) space.matrix[at(j) + static_cast<std::size_t>(i)] *= root;
    }
  }
  space.side.resize(at(N));
  lapack::syrk('N', N, positive_side ? rank : negative, Real(1), positive_side ? factor : space.matrix.data(), N, Real(0), space.side.data(), N);
  const Real off = static_cast<Real>(packed::root_two), keep = positive_side ? Real(0) : Real(1);
  for (Index j = 0; j < N; ++j) {
    const Index first = packed::position(N, j, j);
    const Real* from = space.side.data() + at(j) + j;
    W[first] = keep * V[first] + from[0];
    for (Index i = 1; i < N - j; ++i) W[first + i] = keep * V[first + i] + off * from[i];
  }
  return rank;
}

}  // namespace

template <class Real>
Index CpuDevice<Real>::project_psd(Index N, ConstView<Real> V, View<Real> W, View<Real> factors) {
  std::vector<Index> ranks(static_cast<std::size_t>(V.columns));
  parallel_pieces(V.columns, [&](Index b) {
    static thread_local Workspace<Real> space;
    ranks[static_cast<std::size_t>(b)] = project_block(N, V.data + b * V.stride, W.data + b * W.stride, factors.data + b * N * N, space);
  });
  Index largest = 0;
  for (const Index rank : ranks) {
    if (rank < 0) throw EnvironmentError("the symmetric eigensolver did not converge");
    largest = std::max(largest, rank);
  }
  return largest;
}

template class CpuDevice<float>;
template class CpuDevice<double>;

}  // namespace neuspec
