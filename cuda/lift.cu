// The lift on the GPU (docs/mathematics.md sections 2 and 5).
#include <algorithm>

#include "blas.hpp"
#include "cuda_device.hpp"
#include "device/elementwise.inl"
#include "kernels.inl"

namespace neuspec {

namespace {

constexpr Index chunk_entries = 1 << 21;  // of samples at a time: 16 MiB in double, which stay in the second-level cache …
constexpr Index most_entries = 1 << 26;   // … and of what is made of them for all outputs
constexpr Index panel = 256;              // columns of a product of which the part above the diagonal is not wanted

Index samples_at_a_time(Index n, Index d, Index outputs) {
  return std::max<Index>(1, std::min({n, chunk_entries / std::max<Index>(d, 1), most_entries / std::max<Index>(d * outputs, 1)}));
}

/// Kernel entries on and below the diagonal.
template <class Real>
struct KernelTriangle {
  KernelEntry<Real> kernel;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index n = kernel.K.rows, i = e % n, j = e / n;
    if (i >= j) kernel.entry(i, j);
  }
};

}  // namespace

// n²d flops in SYRK, then one read and write of the square.
template <class Real>
void CudaDevice<Real>::kernel_gram(const Activation& activation, ConstView<Real> x, ConstView<Real> s, View<Real> K) {
  const Index n = x.columns, d = x.rows;
  cuda::syrk(context_, CUBLAS_OP_T, n, d, Real(1), x.data, x.stride, Real(0), K.data, K.stride);
  const View<Real> squares{wide_.reserve(n), 1, n, 1};
  context_.each(n, Convert<Real, Real>{{K.data, 1, n, K.stride + 1}, squares});
  const KernelEntry<Real> kernel{K,
                                 ConstView<Real>{squares.data, n, 1, n},
                                 s,
                                 static_cast<Real>(activation.a),
                                 static_cast<Real>(activation.b),
                                 static_cast<Real>(activation.c),
                                 static_cast<Real>(d + 1)};
  context_.each(n * n, KernelTriangle<Real>{kernel});
  mirror(K);
}

// X diag(v_k) Xᵀ of all outputs in one batch, a chunk of samples and a panel of columns, whose rows begin at the diagonal, at a time: 2 n d² C flops
// of GEMM where d is within a panel, and towards half of it where there are many; 2 n d C words. GEMM's rate on so many outputs is more than twice
// that of one SYRKX after the other.
template <class Real>
void CudaDevice<Real>::lifted_adjoint(const Activation& activation, ConstView<Real> x, ConstView<Real> s, ConstView<Real> v, View<Real> G) {
  const Index d = x.rows, n = x.columns, C = v.columns, N = d + 1, chunk = samples_at_a_time(n, d, C);
  const auto a = static_cast<Real>(activation.a), b = static_cast<Real>(activation.b);
  Real *scaled = wide_.reserve(chunk * d * C), *M = full_.reserve((d + 1) * d * C), *q = M + d * d * C;
  NEUSPEC_CHECK(cudaMemsetAsync(M, 0, static_cast<std::size_t>((d + 1) * d * C) * sizeof(Real), context_.stream()));
  for (Index first = 0; first < n; first += chunk) {
    const Index count = std::min(chunk, n - first);
    const ConstView<Real> part = x.column_range(first, count), weights = s.data == nullptr ? s : s.row_range(first, count);
    context_.each(count * d * C, ScaleSamples<Real>{part, weights, v.row_range(first, count), scaled});
    for (Index left = 0; a != 0 && left < d; left += panel) {
      cuda::gemm_batched(context_, CUBLAS_OP_N, CUBLAS_OP_T, d - left, std::min(panel, d - left), count, a, part.data + left, part.stride, Index(0),
                         scaled + left, d * C, d, Real(1), M + left * d + left, d, d * d, C);
    }
    if (b != 0) cuda::gemv(context_, CUBLAS_OP_N, d * C, count, b / 2, scaled, d * C, units(count), Real(1), q);
  }
  context_.each(N * N * C, PackGradient<Real>{M, q, G, N});
  context_.sums(C, n, GradientCorner<Real>{s, v, G, activation.c});
}

// 2 n d² C flops.
template <class Real>
void CudaDevice<Real>::lifted_forward(const Activation& activation, ConstView<Real> x, ConstView<Real> s, ConstView<Real> M, View<Real> f) {
  const Index d = x.rows, n = x.columns, C = M.columns, N = d + 1, chunk = samples_at_a_time(n, d, C);
  Real *full = full_.reserve(N * N * C), *product = wide_.reserve(chunk * d * C);
  context_.each(N * N * C, Unpack<Real>{M, {full, N, N * C, N}});
  for (Index first = 0; first < n; first += chunk) {
    const Index count = std::min(chunk, n - first);
    const ConstView<Real> part = x.column_range(first, count), weights = s.data == nullptr ? s : s.row_range(first, count);
    cuda::gemm_batched(context_, CUBLAS_OP_N, CUBLAS_OP_N, d, count, d, static_cast<Real>(activation.a), full, N, N * N, part.data, part.stride,
                       Index(0), Real(0), product, d, d * count, C);
    context_.sums(count * C, d,
                  LiftedForward<Real>{part, weights, product, full, f.row_range(first, count), static_cast<Real>(activation.b),
                                      static_cast<Real>(activation.c)});
  }
}

template <class Real>
const Real* CudaDevice<Real>::units(Index count) {
  if (count > units_count_) {
    const std::vector<double> ones(static_cast<std::size_t>(count), 1.0);
    units_count_ = 0;  // should this fail
    upload(ones.data(), View<Real>{units_.reserve(count), count, 1, count});
    units_count_ = count;
  }
  return units_.data();
}

template class CudaDevice<float>;
template class CudaDevice<double>;

}  // namespace neuspec
