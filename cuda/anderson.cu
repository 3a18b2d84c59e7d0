// Anderson acceleration on the GPU: inner products by batched GEMM, the small systems by one thread each.
#include <algorithm>

#include "blas.hpp"
#include "cuda_device.hpp"
#include "kernels.inl"

namespace neuspec {

namespace {

/// γ of problem k from the inner products of its slots: Cholesky of the ridged m × m matrix R_ij = ⟨f − F_i, f − F_j⟩, m³/3 flops in double. The
/// matrices of all problems lie entry by entry side by side, so that neighbouring threads read neighbouring numbers.
template <class Real>
struct SolveCoefficients {
  const Real *gram, *cross;  // m × m and m a problem
  const double* squares;     // ‖f_k‖²
  double *matrices, *vectors;
  View<Real> coefficients;
  Index m;
  NEUSPEC_HOST_DEVICE double& R(Index k, Index i, Index j) const { return matrices[(j * m + i) * coefficients.columns + k]; }
  NEUSPEC_HOST_DEVICE double& gamma(Index k, Index j) const { return vectors[j * coefficients.columns + k]; }

  /// R and its right-hand side; false where residuals do not differ beyond rounding.
  NEUSPEC_HOST_DEVICE bool set_up(Index k) const {
    const Real *g = gram + k * m * m, *c = cross + k * m;
    const double ff = squares[k];
    double trace = 0;
    for (Index j = 0; j < m; ++j) {
      gamma(k, j) = ff - static_cast<double>(c[j]);
      for (Index i = j; i < m; ++i) {
        R(k, i, j) = ff - static_cast<double>(c[i]) - static_cast<double>(c[j]) + static_cast<double>(g[j * m + i]);
      }
      trace += R(k, j, j);
    }
    for (Index j = 0; j < m; ++j) R(k, j, j) += 1e-10 * trace;
    return trace > 4.93e-32 * ff && trace > 1e-280;
  }
  /// False where rounding has made R indefinite.
  NEUSPEC_HOST_DEVICE bool factor(Index k) const {
    for (Index j = 0; j < m; ++j) {
      for (Index l = 0; l < j; ++l) {
        const double factor = R(k, j, l);
        for (Index i = j; i < m; ++i) R(k, i, j) -= R(k, i, l) * factor;
      }
      const double pivot = R(k, j, j);
      if (!(pivot > 0)) return false;
      const double scale = 1 / std::sqrt(pivot);
      for (Index i = j; i < m; ++i) R(k, i, j) *= scale;
    }
    return true;
  }
  NEUSPEC_HOST_DEVICE void substitute(Index k) const {
    for (Index j = 0; j < m; ++j) {
      double sum = gamma(k, j);
      for (Index l = 0; l < j; ++l) sum -= R(k, j, l) * gamma(k, l);
      gamma(k, j) = sum / R(k, j, j);
    }
    for (Index j = m - 1; j >= 0; --j) {
      double sum = gamma(k, j);
      for (Index i = j + 1; i < m; ++i) sum -= R(k, i, j) * gamma(k, i);
      gamma(k, j) = sum / R(k, j, j);
    }
  }
  NEUSPEC_HOST_DEVICE void operator()(Index k) const {
    const bool solved = set_up(k) && factor(k);  // γ = 0, where there is no solution, is the plain step
    if (solved) substitute(k);
    for (Index j = 0; j < m; ++j) coefficients.data[k * coefficients.stride + j] = solved ? static_cast<Real>(gamma(k, j)) : Real(0);
  }
};

/// squares_k = weight Σ_t partial_{t,k}, or that much more.
struct AccumulateTiles {
  const double* partial;
  Index tiles;
  double* squares;
  double weight;
  bool add;
  NEUSPEC_HOST_DEVICE double term(Index k, Index t) const { return partial[k * tiles + t]; }
  NEUSPEC_HOST_DEVICE void store(Index k, double sum) const { squares[k] = weight * sum + (add ? squares[k] : 0.0); }
};

/// v_k = (1 − Σγ)(v_k + f_k) + Σ γ_i Y_ik: m + 3 words an entry.
template <class Real>
struct Combine {
  ConstView<Real> Y, coefficients, f;
  View<Real> v;
  Index slots;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % v.rows, k = e / v.rows;
    const Real* gamma = coefficients.data + k * coefficients.stride;
    Real rest = 1, sum = 0;
    for (Index slot = 0; slot < slots; ++slot) {
      rest -= gamma[slot];
      sum += gamma[slot] * Y.data[(slot * v.columns + k) * Y.stride + i];
    }
    Real& x = v.data[k * v.stride + i];
    x = rest * (x + f.data[k * f.stride + i]) + sum;
  }
};

}  // namespace

// 2 L m² K flops over L m K words a part.
template <class Real>
void CudaDevice<Real>::anderson_coefficients(const std::vector<AndersonPart<Real>>& parts, Index slots, View<Real> coefficients) {
  const Index K = coefficients.columns, m = slots, tile = TileProducts<Real>::tile;
  Index longest = 0;
  for (const AndersonPart<Real>& part : parts) longest = std::max(longest, part.f.rows);
  Real* gram = full_.reserve(m * m * K + m * K);
  Real* cross = gram + m * m * K;
  double* squares = scalars_.reserve(K + m * m * K + m * K + (longest + tile - 1) / tile * K);
  double *matrices = squares + K, *right = matrices + m * m * K, *partial = right + m * K;
  Real before = 0;  // of the sums so far: none
  for (const AndersonPart<Real>& part : parts) {
    const Index L = part.f.rows, tiles = (L + tile - 1) / tile, step = part.F.stride;
    const auto weight = static_cast<Real>(part.weight);
    // The slots of problem k are every K-th column: leading dimension K·stride, one stride from problem to problem.
    cuda::gemm_batched(context_, CUBLAS_OP_T, CUBLAS_OP_N, m, m, L, weight, part.F.data, step * K, step, part.F.data, step * K, step, before, gram, m,
                       m * m, K);
    cuda::gemm_batched(context_, CUBLAS_OP_T, CUBLAS_OP_N, m, Index(1), L, weight, part.F.data, step * K, step, part.f.data, part.f.stride,
                       part.f.stride, before, cross, m, m, K);
    context_.sums(tiles * K, std::min(tile, L), TileProducts<Real>{part.f, part.f, partial, tiles});
    context_.sums(K, tiles, AccumulateTiles{partial, tiles, squares, part.weight, before != Real(0)});
    before = 1;
  }
  context_.each(K, SolveCoefficients<Real>{gram, cross, squares, matrices, right, coefficients, m});
}

template <class Real>
void CudaDevice<Real>::anderson_combine(ConstView<Real> Y, Index slots, ConstView<Real> coefficients, ConstView<Real> f, View<Real> v) {
  context_.each(v.size(), Combine<Real>{Y, coefficients, f, v, slots});
}

template class CudaDevice<float>;
template class CudaDevice<double>;

}  // namespace neuspec
