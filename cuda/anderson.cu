// Anderson acceleration on the GPU: inner products by batched GEMM, the small systems by one thread each.
#include <algorithm>

#include "blas.hpp"
#include "cuda_device.hpp"
#include "kernels.inl"

namespace neuspec {

namespace {

constexpr Index most_slots = 32;

/// γ of problem k from the inner products of its slots: Cholesky of the ridged m × m matrix R_ij = ⟨f − F_i, f − F_j⟩, m³/3 flops in double.
template <class Real>
struct SolveCoefficients {
  const Real *gram, *cross;  // m × m and m a problem
  const double* squares;     // ‖f_k‖²
  View<Real> coefficients;
  Index m;
  NEUSPEC_HOST_DEVICE void operator()(Index k) const {
    double R[most_slots * most_slots], gamma[most_slots], trace = 0;
    const Real *g = gram + k * m * m, *c = cross + k * m;
    const double ff = squares[k];
    for (Index j = 0; j < m; ++j) {
      gamma[j] = ff - static_cast<double>(c[j]);
      for (Index i = j; i < m; ++i) {
        R[j * m + i] = ff - static_cast<double>(c[i]) - static_cast<double>(c[j]) + static_cast<double>(g[j * m + i]);
      }
      trace += R[j * m + j];
    }
    // Residuals that do not differ beyond rounding, or a matrix that it has made indefinite, give no acceleration: γ = 0 is the plain step.
    bool solved = trace > 4.93e-32 * ff && trace > 1e-280;
    for (Index j = 0; j < m && solved; ++j) R[j * m + j] += 1e-10 * trace;
    for (Index j = 0; j < m && solved; ++j) {
      for (Index l = 0; l < j; ++l) {
        for (Index i = j; i < m; ++i) R[j * m + i] -= R[l * m + i] * R[l * m + j];
      }
      solved = R[j * m + j] > 0;
      if (!solved) break;
      const double root = std::sqrt(R[j * m + j]);
      for (Index i = j; i < m; ++i) R[j * m + i] /= root;
    }
    for (Index j = 0; j < m && solved; ++j) {
      for (Index l = 0; l < j; ++l) gamma[j] -= R[l * m + j] * gamma[l];
      gamma[j] /= R[j * m + j];
    }
    for (Index j = m - 1; j >= 0 && solved; --j) {
      for (Index i = j + 1; i < m; ++i) gamma[j] -= R[j * m + i] * gamma[i];
      gamma[j] /= R[j * m + j];
    }
    for (Index j = 0; j < m; ++j) coefficients.data[k * coefficients.stride + j] = solved ? static_cast<Real>(gamma[j]) : Real(0);
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
  if (m > most_slots) throw UsageError("Anderson acceleration on the GPU remembers at most 32 steps");
  Index longest = 0;
  for (const AndersonPart<Real>& part : parts) longest = std::max(longest, part.f.rows);
  Real* gram = full_.reserve(m * m * K + m * K);
  Real* cross = gram + m * m * K;
  double* squares = scalars_.reserve(K + (longest + tile - 1) / tile * K);
  double* partial = squares + K;
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
  context_.each(K, SolveCoefficients<Real>{gram, cross, squares, coefficients, m});
}

template <class Real>
void CudaDevice<Real>::anderson_combine(ConstView<Real> Y, Index slots, ConstView<Real> coefficients, ConstView<Real> f, View<Real> v) {
  context_.each(v.size(), Combine<Real>{Y, coefficients, f, v, slots});
}

template class CudaDevice<float>;
template class CudaDevice<double>;

}  // namespace neuspec
