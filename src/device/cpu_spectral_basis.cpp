// Projection onto the positive semidefinite cone from the eigenvectors of the last one, on the CPU (docs/mathematics.md section 6).
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "device/cpu_device.hpp"
#include "device/cpu_packing.hpp"
#include "device/lapack.hpp"
#include "device/spectral_basis.inl"
#include "numeric/packed.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// a (N × n, contiguous) ← orthonormal columns, of which the first j span its first j, or more where these depend; n values, negative where the sign
/// of the column changed.
template <class Real>
void orthonormalise(Index N, Index n, Real* a, std::vector<Real>& signs, std::vector<Real>& tau, std::vector<Real>& work) {
  signs.resize(std::max(signs.size(), at(n)));
  tau.resize(std::max(tau.size(), at(n)));
  lapack::geqrf(N, n, a, N, tau.data(), work);
  for (Index j = 0; j < n; ++j) signs[at(j)] = a[j * N + j];
  lapack::orgqr(N, n, a, N, tau.data(), work);
}

/// One thread's matrices of a block of size N with k columns, m = 2k of the Krylov space.
template <class Real>
struct Workspace {
  std::vector<Real> matrix;            // V, N × N
  std::vector<Real> space, image;      // S = [X Q] and VS, N × m
  std::vector<Real> reduced, product;  // SᵀVS, its eigenvectors, m × m; XᵀVX, k × k
  std::vector<Real> values, signs, tau, work;
  std::vector<int> iwork;

  void reserve(Index N, Index k) {
    const Index m = 2 * k;
    for (auto [vector, size] : {std::pair{&matrix, N * N}, {&space, N * m}, {&image, N * m}, {&reduced, m * m}, {&product, k * k}, {&values, m}})
      vector->resize(std::max(vector->size(), at(size)));
  }
};

/// S = [X Q], orthonormal, spans X and VX; VS beside it. X already is orthonormal, and Householder's QR of [X, VX − X XᵀVX] changes its signs only.
template <class Real>
void krylov_space(Index N, Index k, ConstView<Real> X, Workspace<Real>& w) {
  Real *S = w.space.data(), *VS = w.image.data();
  for (Index j = 0; j < k; ++j) std::copy_n(X.data + j * X.stride, N, S + j * N);
  lapack::symm(N, k, Real(1), w.matrix.data(), N, S, N, Real(0), VS, N);
  lapack::gemm('T', 'N', k, k, N, Real(1), S, N, VS, N, Real(0), w.product.data(), k);
  std::copy_n(VS, N * k, S + N * k);
  lapack::gemm('N', 'N', N, k, k, Real(-1), S, N, w.product.data(), k, Real(1), S + N * k, N);
  for (Index j = k; j < 2 * k; ++j) {  // converged columns are tiny: their directions count, not their sizes
    Real* column = S + j * N;
    const Real length = std::sqrt(std::inner_product(column, column + N, column, Real(0)));
    if (length > 0) std::transform(column, column + N, column, [length](Real x) { return x / length; });
  }
  orthonormalise(N, 2 * k, S, w.signs, w.tau, w.work);
  for (Index j = 0; j < k; ++j)
    if (w.signs[at(j)] < 0) std::transform(VS + j * N, VS + (j + 1) * N, VS + j * N, [](Real x) { return -x; });
  lapack::symm(N, k, Real(1), w.matrix.data(), N, S + N * k, N, Real(0), VS + N * k, N);
}

/// The k largest Ritz values over S, descending, and X = their vectors. False when the eigensolver failed.
template <class Real>
bool rayleigh_ritz(Index N, Index k, View<Real> X, Workspace<Real>& w) {
  const Index m = 2 * k;
  lapack::gemm('T', 'N', m, m, N, Real(1), w.space.data(), N, w.image.data(), N, Real(0), w.reduced.data(), m);
  if (lapack::syevd(true, m, w.reduced.data(), m, w.values.data(), w.work, w.iwork) != 0) return false;
  for (Index j = 0; j < k; ++j) std::swap_ranges(w.reduced.data() + j * m, w.reduced.data() + (j + 1) * m, w.reduced.data() + (m - 1 - j) * m);
  std::reverse(w.values.data(), w.values.data() + m);
  lapack::gemm('N', 'N', N, k, m, Real(1), w.space.data(), N, w.reduced.data(), m, Real(0), X.data, X.stride);
  return true;
}

/// Returns the number of positive ones among the k Ritz values, or −1 when the eigensolver failed.
template <class Real>
Index project_block(Index N, const Real* V, View<Real> X, Real* W, View<Real> factors, Workspace<Real>& w) {
  const Index k = X.columns;
  w.reserve(N, k);
  unpack_lower(N, V, w.matrix.data());
  krylov_space<Real>(N, k, X, w);
  if (!rayleigh_ritz(N, k, X, w)) return -1;
  Index rank = 0;
  while (rank < k && w.values[at(rank)] > 0) ++rank;
  for (Index j = 0; j < k; ++j) {
    const Real root = j < rank ? std::sqrt(w.values[at(j)]) : Real(0);
    std::transform(X.data + j * X.stride, X.data + j * X.stride + N, factors.data + j * factors.stride, [root](Real x) { return root * x; });
  }
  const Real off = static_cast<Real>(packed::root_two);
  lapack::syrk('N', N, rank, Real(1), factors.data, factors.stride, Real(0), w.matrix.data(), N);
  for (Index j = 0; j < N; ++j) {
    Real* to = W + packed::position(N, j, j);
    const Real* from = w.matrix.data() + j * N + j;
    to[0] = from[0];
    for (Index i = 1; i < N - j; ++i) to[i] = off * from[i];
  }
  return rank;
}

}  // namespace

template <class Real>
void CpuDevice<Real>::start_basis(Index N, ConstView<Real> factors, Index width, SpectralBasis<Real>& basis) {
  const Index blocks = factors.columns / N;
  basis.width = width;
  basis.vectors = this->allocate(N, width * blocks);
  basis.positive = this->allocate(1, blocks);
  parallel_pieces(blocks, [&](Index b) {
    std::vector<Real> signs, tau, work;
    const View<Real> X = basis.vectors.view().column_range(b * width, width);
    for (Index j = 0; j < width; ++j) {
      const Real* from = factors.data + (b * N + j) * factors.stride;
      Real* to = X.data + j * N;
      const Real length = std::sqrt(std::inner_product(from, from + N, from, Real(0)));
      for (Index i = 0; i < N; ++i) to[i] = length > 0 ? from[i] / length : static_cast<Real>(some_number(j * N + i));
    }
    orthonormalise(N, width, X.data, signs, tau, work);
  });
}

template <class Real>
void CpuDevice<Real>::project_psd_near(Index N, ConstView<Real> V, SpectralBasis<Real>& basis, View<Real> W, View<Real> factors) {
  const View<Real> positive = basis.positive;
  parallel_pieces(V.columns, [&](Index b) {
    static thread_local Workspace<Real> space;
    const View<Real> X = basis.vectors.view().column_range(b * basis.width, basis.width);
    const Index rank = project_block(N, V.data + b * V.stride, X, W.data + b * W.stride, factors.column_range(b * N, N), space);
    if (rank < 0) throw EnvironmentError("the symmetric eigensolver did not converge");
    positive.data[b * positive.stride] = static_cast<Real>(rank);
  });
}

template class CpuDevice<float>;
template class CpuDevice<double>;

}  // namespace neuspec
