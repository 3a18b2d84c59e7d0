#include <algorithm>

#include "blas.hpp"
#include "device/spectral_basis.inl"
#include "device/sphere_secular.inl"
#include "kernels.inl"
#include "sphere_maxima.hpp"

namespace neuspec::cuda {

namespace {

constexpr Index fewer = SphereMaxima::krylov * 3 / 4;  // columns of the smaller space, whose maxima tell how far the larger has come

/// M (both triangles), g and t of each packed Γ_k, an entry of the N × N matrix a call.
template <class Real>
struct UnpackForm {
  ConstView<Real> Gamma;
  double *M, *g, *t;
  Index N;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index d = N - 1, i = e % N, j = e / N % N, k = e / (N * N), high = i > j ? i : j, low = i > j ? j : i;
    const double entry = Gamma.data[k * Gamma.stride + packed::position(N, high, low)], value = i == j ? entry : entry / packed::root_two;
    if (high < d) {
      M[(k * d + j) * d + i] = value;
    } else if (j == d) {
      (i == d ? t[k] : g[k * d + i]) = value;
    }
  }
};

/// The first two columns of each space: g, and numbers that have nothing to do with it.
struct FirstPair {
  const double* g;
  double* space;
  Index d, width;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % d, k = e / d;
    space[k * d * width + i] = g[e];
    space[(k * width + 1) * d + i] = some_number(e);
  }
};

/// aᵀa, aᵀb and bᵀb of the pair at `pair` in each space.
struct PairGram {
  const double* pair;
  double* gram;
  Index d, step;
  NEUSPEC_HOST_DEVICE double term(Index column, Index i) const {
    const double *a = pair + column / 3 * step, *b = a + d;
    return (column % 3 == 2 ? b[i] : a[i]) * (column % 3 == 0 ? a[i] : b[i]);
  }
  NEUSPEC_HOST_DEVICE void store(Index column, double sum) const { gram[column] = sum; }
};

/// `to` ← `from` by Gram and Schmidt. A column shorter than `shortest`, or the other one again, becomes numbers that nothing else is made of.
struct SeparatePair {
  const double *gram, *from;
  double* to;
  Index d, step, seed;
  double shortest;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    constexpr double dependent = 1e-14;
    const Index i = e % d, at = e / d * step + i, k = e / d;
    const double aa = gram[3 * k], ab = gram[3 * k + 1], bb = gram[3 * k + 2], square = shortest * shortest;
    const bool has_a = aa > square;
    const double along = has_a ? ab / aa : 0.0, rest = bb - along * ab;
    const double a = from[at], b = from[at + d];
    to[at] = has_a ? a / std::sqrt(aa) : some_number(seed + 2 * e);
    to[at + d] = rest > square && rest > dependent * bb ? (b - along * a) / std::sqrt(rest) : some_number(seed + 2 * e + 1);
  }
};

/// The leading `fewer` rows and columns of each reduced matrix as one of full size: what is left out gets the first diagonal entry, which lies among
/// the eigenvalues of the rest, and weighs nothing.
struct LeadingPart {
  double *reduced, *product;  // of `blocks` and as many again
  Index m, kept, blocks;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % m, j = e / m % m, k = e / (m * m), to = (k + blocks) * m;
    const bool inside = i < kept && j < kept;
    reduced[(to + j) * m + i] = inside ? reduced[(k * m + j) * m + i] : i == j ? reduced[k * m * m] : 0.0;
    if (j == 0) product[to + i] = i < kept ? product[k * m + i] : 0.0;
  }
};

/// Maxima of both signs from the eigenpairs (ascending) of `spaces` reduced problems a block.
struct SecularMaxima {
  const double *values, *weights, *t;
  double* maxima;
  Index m, blocks;
  bool extrapolate;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index k = e / 2;
    const double sign = e % 2 == 0 ? 1 : -1, largest = largest_on_sphere(m, values + k * m, weights + k * m, sign);
    const double before = extrapolate ? largest_on_sphere(m, values + (k + blocks) * m, weights + (k + blocks) * m, sign) : largest;
    maxima[e] = largest + (largest > before ? largest - before : 0.0) + sign * t[k];
  }
};

}  // namespace

// First to length 1, then twice: what the first time leaves of a column that depends on others is rounding, and replaced.
void SphereMaxima::append_pair(Index d, Index first, Index blocks, const double* from) {
  constexpr double rounding = 1e-13;
  const Index step = d * krylov;
  double *S = space_.data(), *pair = S + d * first, *gram = gram_.reserve(3 * blocks), *product = product_.reserve(2 * krylov * blocks);
  for (int pass = 0; pass < 3; ++pass) {
    if (pass > 0 && first > 0) {
      gemm_batched(context_, CUBLAS_OP_T, CUBLAS_OP_N, first, 2, d, 1.0, S, d, step, pair, d, step, 0.0, product, krylov, 2 * krylov, blocks);
      gemm_batched(context_, CUBLAS_OP_N, CUBLAS_OP_N, d, 2, first, -1.0, S, d, step, product, krylov, 2 * krylov, 1.0, pair, d, step, blocks);
    }
    const double* source = pass == 0 ? from : pair;
    context_.sums(3 * blocks, d, PairGram{source, gram, d, step});
    context_.each(d * blocks, SeparatePair{gram, source, pair, d, step, (3 * first + pass) * d * blocks, pass == 1 ? rounding : 0.0});
  }
}

// S by Arnoldi's process with full orthogonalisation from two vectors, and MS beside it.
void SphereMaxima::krylov_space(Index d, Index blocks) {
  const Index step = d * krylov;
  double *S = space_.reserve(step * blocks), *MS = image_.reserve(step * blocks);
  context_.each(d * blocks, FirstPair{g_.data(), MS, d, krylov});
  for (Index first = 0; first < krylov; first += 2) {
    append_pair(d, first, blocks, MS + (first == 0 ? 0 : first - 2) * d);
    gemm_batched(context_, CUBLAS_OP_N, CUBLAS_OP_N, d, 2, d, 1.0, M_.data(), d, d * d, S + first * d, d, step, 0.0, MS + first * d, d, step, blocks);
  }
}

template <class Real>
const double* SphereMaxima::solve(Index N, ConstView<Real> Gamma) {
  const Index d = N - 1, blocks = Gamma.columns, step = d * krylov;
  const bool whole = d <= krylov;
  const Index m = whole ? d : krylov, problems = whole ? blocks : 2 * blocks;
  double *M = M_.reserve(d * d * blocks), *g = g_.reserve(d * blocks), *t = t_.reserve(blocks), *maxima = maxima_.reserve(2 * blocks);
  context_.each(N * N * blocks, UnpackForm<Real>{Gamma, M, g, t, N});
  double *reduced = M, *product = g;
  if (!whole) {
    krylov_space(d, blocks);
    reduced = reduced_.reserve(m * m * problems);
    product = product_.reserve(2 * krylov * blocks);
    const double* S = space_.data();
    gemm_batched(context_, CUBLAS_OP_T, CUBLAS_OP_N, m, m, d, 1.0, S, d, step, image_.data(), d, step, 0.0, reduced, m, m * m, blocks);
    gemm_batched(context_, CUBLAS_OP_T, CUBLAS_OP_N, m, 1, d, 1.0, S, d, step, g, d, d, 0.0, product, m, m, blocks);
    context_.each(m * m * blocks, LeadingPart{reduced, product, m, fewer, blocks});
  }
  double* weights = weights_.reserve(m * problems);
  const double* values = eigensolver_.solve(m, problems, reduced);
  gemm_batched(context_, CUBLAS_OP_T, CUBLAS_OP_N, m, 1, m, 1.0, reduced, m, m * m, product, m, m, 0.0, weights, m, m, problems);
  context_.each(2 * blocks, SecularMaxima{values, weights, t, maxima, m, blocks, !whole});
  return maxima;
}

template const double* SphereMaxima::solve(Index N, ConstView<float> Gamma);
template const double* SphereMaxima::solve(Index N, ConstView<double> Gamma);

}  // namespace neuspec::cuda
