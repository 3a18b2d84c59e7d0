// Batched projection onto the positive semidefinite cone on the CPU (docs/mathematics.md section 6).
#include <algorithm>
#include <cmath>

#include "device/cpu_device.hpp"
#include "device/cpu_packing.hpp"
#include "device/lapack.hpp"
#include "numeric/packed.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {

/// One thread's matrices and LAPACK workspace.
template <class Real>
struct Workspace {
  std::vector<Real> matrix, side, values, work;
  std::vector<int> iwork;
};

constexpr Index partial_from = 300;  // block size from which a few eigenvectors come cheaper than all …
constexpr Index few = 8;             // … when they are less than N/few

/// Eigenvalues of the unpacked block in ascending order: all of them, or the positive ones alone; with eigenvectors in `vectors`.
template <class Real>
struct Spectrum {
  const Real* values = nullptr;
  Real* vectors = nullptr;
  Index count = 0, negative = 0;  // eigenpairs found; the first `negative` of them are ≤ 0
};

template <class Real>
bool decompose_block(Index N, Index rank_before, Workspace<Real>& space, Spectrum<Real>& spectrum) {
  spectrum.values = space.values.data();
  if (N >= partial_from && rank_before * few < N) {
    space.side.resize(static_cast<std::size_t>(N * N));
    spectrum.vectors = space.side.data();
    return lapack::syevr_positive(N, space.matrix.data(), N, space.values.data(), space.side.data(), spectrum.count, space.work, space.iwork) == 0;
  }
  spectrum.vectors = space.matrix.data();
  spectrum.count = N;
  if (lapack::syevd(true, N, space.matrix.data(), N, space.values.data(), space.work, space.iwork) != 0) return false;
  while (spectrum.negative < N && spectrum.values[spectrum.negative] <= 0) ++spectrum.negative;
  return true;
}

/// Projects one packed block; returns its rank, or −1 when the eigensolver failed. About 9 N³ flops for a full eigendecomposition, 4/3 N³ and little
/// more for the few positive eigenpairs of a large block that had few before, and N² r for the smaller side: W = Σ_{λ>0} λ q qᵀ or W = V + Σ_{λ<0}
/// |λ| q qᵀ.
template <class Real>
Index project_block(Index N, Index rank_before, const Real* V, Real* W, View<Real> factors, Workspace<Real>& space) {
  space.matrix.resize(static_cast<std::size_t>(N * N));
  space.values.resize(static_cast<std::size_t>(N));
  unpack_lower(N, V, space.matrix.data());
  Spectrum<Real> spectrum;
  if (!decompose_block(N, rank_before, space, spectrum)) return -1;
  const Index rank = spectrum.count - spectrum.negative;

  for (Index j = 0; j < rank; ++j) {  // largest first
    const Real root = std::sqrt(spectrum.values[spectrum.count - 1 - j]);
    const Real* q = spectrum.vectors + (spectrum.count - 1 - j) * N;
    for (Index i = 0; i < N; ++i) factors.data[j * factors.stride + i] = root * q[i];
  }
  for (Index j = rank; j < N; ++j) std::fill_n(factors.data + j * factors.stride, N, Real(0));
  const bool positive_side = spectrum.count < N || rank <= spectrum.negative;
  if (!positive_side) {
    for (Index j = 0; j < spectrum.negative; ++j) {
      const Real root = std::sqrt(-spectrum.values[j]);
      for (Index i = 0; i < N; ++i) spectrum.vectors[j * N + i] *= root;
    }
  }
  space.side.resize(static_cast<std::size_t>(N * N));
  const ConstView<Real> columns =
      positive_side ? ConstView<Real>(factors.column_range(0, rank)) : ConstView<Real>{spectrum.vectors, N, spectrum.negative, N};
  lapack::syrk('N', N, columns.columns, Real(1), columns.data, columns.stride, Real(0), space.side.data(), N);
  const Real off = static_cast<Real>(packed::root_two), keep = positive_side ? Real(0) : Real(1);
  for (Index j = 0; j < N; ++j) {
    const Index first = packed::position(N, j, j);
    const Real* from = space.side.data() + j * N + j;
    W[first] = keep * V[first] + from[0];
    for (Index i = 1; i < N - j; ++i) W[first + i] = keep * V[first + i] + off * from[i];
  }
  return rank;
}

}  // namespace

template <class Real>
Index CpuDevice<Real>::project_psd(Index N, ConstView<Real> V, View<Real> W, View<Real> factors) {
  if (static_cast<Index>(ranks_.size()) != V.columns) ranks_.assign(static_cast<std::size_t>(V.columns), N);
  parallel_pieces(V.columns, [&](Index b) {
    static thread_local Workspace<Real> space;
    Index& rank = ranks_[static_cast<std::size_t>(b)];
    rank = project_block(N, rank, V.data + b * V.stride, W.data + b * W.stride, factors.column_range(b * N, N), space);
  });
  if (std::find(ranks_.begin(), ranks_.end(), -1) != ranks_.end()) {
    ranks_.clear();
    throw EnvironmentError("the symmetric eigensolver did not converge");
  }
  return ranks_.empty() ? 0 : *std::max_element(ranks_.begin(), ranks_.end());
}

template class CpuDevice<float>;
template class CpuDevice<double>;

}  // namespace neuspec
