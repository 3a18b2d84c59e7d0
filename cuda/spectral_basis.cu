#include <cmath>
#include <limits>

#include "blas.hpp"
#include "device/spectral_basis.inl"
#include "kernels.inl"
#include "spectral_basis.hpp"

namespace neuspec::cuda {

// Twice: the first time leaves columns that are orthonormal to a few digits whatever they were, and zero ones where they depended on others or on
// those beside them; these become some numbers, and nothing depends on anything the second time. By eigendecompositions of the Gram matrix
// (Stathopoulos and Wu, A block orthogonalization procedure with constant synchronization requirements, 2002), since a Cholesky factor breaks down on
// such columns.
template <class Real>
void SpectralSteps<Real>::orthonormalise(Index N, Index k, Index blocks, Index width, Real* columns, const Real* beside) {
  const Index step = N * width, entries = k * k * blocks;
  Real* gram = small_.reserve(entries);
  Real* product = image_.reserve(N * width * blocks) + N * (width - k);
  const auto negligible = static_cast<Real>(std::sqrt(static_cast<double>(std::numeric_limits<Real>::epsilon())) / 100);
  const Directions<Real> all{columns, N, k, width};
  for (int pass = 0; pass < 2; ++pass) {
    double* squares = lengths_.reserve(k * blocks);
    context_.sums(k * blocks, N, Lengths<Real>{all, squares});
    context_.each(N * k * blocks, Normalise<Real>{all, squares});
    if (beside != nullptr) {
      gemm_batched(context_, CUBLAS_OP_T, CUBLAS_OP_N, k, k, N, Real(1), beside, N, step, columns, N, step, Real(0), gram, k, k * k, blocks);
      gemm_batched(context_, CUBLAS_OP_N, CUBLAS_OP_N, N, k, k, Real(-1), beside, N, step, gram, k, k * k, Real(1), columns, N, step, blocks);
    }
    gemm_batched(context_, CUBLAS_OP_T, CUBLAS_OP_N, k, k, N, Real(1), columns, N, step, columns, N, step, Real(0), gram, k, k * k, blocks);
    const Real* values = gram_solver_.solve(k, blocks, gram);
    context_.each(entries, InverseRoots<Real>{gram, values, k, negligible});
    gemm_batched(context_, CUBLAS_OP_N, CUBLAS_OP_N, N, k, k, Real(1), columns, N, step, gram, k, k * k, Real(0), product, N, step, blocks);
    context_.each(N * k * blocks, Convert<Real, Real>{{product, N * k, blocks, step}, {columns, N * k, blocks, step}});
  }
}

template <class Real>
void SpectralSteps<Real>::orthonormalise(Index N, Index k, Index blocks, Real* X) {
  orthonormalise(N, k, blocks, k, X, nullptr);
}

// S = [X Q], orthonormal, spans X and VX; VS beside it.
template <class Real>
void SpectralSteps<Real>::krylov_space(Index N, Index k, Index blocks, const Real* full, ConstView<Real> X) {
  const Index step = 2 * N * k, square = N * N;
  Real *S = space_.reserve(step * blocks), *VS = image_.reserve(step * blocks), *Q = S + N * k, *product = small_.reserve(k * k * blocks);
  context_.each(N * k * blocks, Convert<Real, Real>{X.reshaped(N * k, blocks), {S, N * k, blocks, step}});
  gemm_batched(context_, CUBLAS_OP_N, CUBLAS_OP_N, N, k, N, Real(1), full, N, square, S, N, step, Real(0), VS, N, step, blocks);
  gemm_batched(context_, CUBLAS_OP_T, CUBLAS_OP_N, k, k, N, Real(1), S, N, step, VS, N, step, Real(0), product, k, k * k, blocks);
  context_.each(N * k * blocks, Convert<Real, Real>{{VS, N * k, blocks, step}, {Q, N * k, blocks, step}});
  gemm_batched(context_, CUBLAS_OP_N, CUBLAS_OP_N, N, k, k, Real(-1), S, N, step, product, k, k * k, Real(1), Q, N, step, blocks);
  orthonormalise(N, k, blocks, 2 * k, Q, S);
  gemm_batched(context_, CUBLAS_OP_N, CUBLAS_OP_N, N, k, N, Real(1), full, N, square, Q, N, step, Real(0), VS + N * k, N, step, blocks);
}

template <class Real>
void SpectralSteps<Real>::project(Index N, Index blocks, Real* full, SpectralBasis<Real>& basis, View<Real> factors) {
  const Index k = basis.width, m = 2 * k, step = N * m;
  if (blocks == 0) return;
  krylov_space(N, k, blocks, full, basis.vectors);
  const Real *S = space_.data(), *VS = image_.data();
  Real *reduced = reduced_.reserve(m * m * blocks), *largest = largest_.reserve(m * k * blocks);
  gemm_batched(context_, CUBLAS_OP_T, CUBLAS_OP_N, m, m, N, Real(1), S, N, step, VS, N, step, Real(0), reduced, m, m * m, blocks);
  const Real* values = ritz_solver_.solve(m, blocks, reduced);
  context_.each(m * k * blocks, LargestFirst<Real>{reduced, largest, k});
  const View<Real> X = basis.vectors;
  gemm_batched(context_, CUBLAS_OP_N, CUBLAS_OP_N, N, k, m, Real(1), S, N, step, largest, m, m * k, Real(0), X.data, N, N * k, blocks);
  context_.each(N * k * blocks, RitzFactor<Real>{X, values, factors, k});
  context_.sums(blocks, k, CountPositive<Real>{values, basis.positive, k});
  gemm_batched(context_, CUBLAS_OP_N, CUBLAS_OP_T, N, N, k, Real(1), factors.data, factors.stride, N * factors.stride, factors.data, factors.stride,
               N * factors.stride, Real(0), full, N, N * N, blocks);
}

template class SpectralSteps<float>;
template class SpectralSteps<double>;

}  // namespace neuspec::cuda
