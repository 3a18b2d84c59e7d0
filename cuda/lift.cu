// The lift on the GPU (docs/mathematics.md sections 2 and 5).
#include <algorithm>

#include "blas.hpp"
#include "cuda_device.hpp"
#include "device/elementwise.inl"
#include "kernels.inl"

namespace neuspec {

namespace {

constexpr Index chunk_entries = 1 << 21;  // of samples scaled at a time: 16 MiB in double, which stay in the second-level cache

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

// n d² C flops: one triangle of X diag(v) Xᵀ, a chunk of samples at a time; 3 n d words.
template <class Real>
void CudaDevice<Real>::lifted_adjoint(const Activation& activation, ConstView<Real> x, ConstView<Real> s, ConstView<Real> v, View<Real> G) {
  const Index d = x.rows, n = x.columns, N = d + 1, chunk = std::max<Index>(1, std::min(n, chunk_entries / std::max<Index>(d, 1)));
  const auto a = static_cast<Real>(activation.a), b = static_cast<Real>(activation.b);
  Real* scaled = wide_.reserve(chunk * d);
  Real* M = full_.reserve(d * d + d);
  Real* q = M + d * d;
  for (Index k = 0; k < v.columns; ++k) {
    Real* out = G.data + k * G.stride;
    NEUSPEC_CHECK(cudaMemsetAsync(M, 0, static_cast<std::size_t>(d * d + d) * sizeof(Real), context_.stream()));
    for (Index first = 0; first < n; first += chunk) {
      const Index count = std::min(chunk, n - first);
      const ConstView<Real> part = x.column_range(first, count), weights = s.data == nullptr ? s : s.row_range(first, count);
      context_.each(count * d, ScaleSamples<Real>{part, weights, v.data + k * v.stride + first, scaled});
      if (a != 0) cuda::syrkx(context_, d, count, a, part.data, part.stride, scaled, d, Real(1), M, d);
      if (b != 0) {
        const Real* ones = units(count);
        cuda::gemv(context_, CUBLAS_OP_N, d, count, b / 2, scaled, d, ones, Real(1), q);
      }
    }
    context_.each(N * N, PackGradient<Real>{M, q, out, N});
    context_.sums(1, n, GradientCorner<Real>{s, v.data + k * v.stride, out + packed::size(N) - 1, activation.c});
  }
}

// 2 n d² C flops.
template <class Real>
void CudaDevice<Real>::lifted_forward(const Activation& activation, ConstView<Real> x, ConstView<Real> s, ConstView<Real> M, View<Real> f) {
  const Index d = x.rows, n = x.columns, N = d + 1, chunk = std::max<Index>(1, std::min(n, chunk_entries / std::max<Index>(d, 1)));
  Real* full = full_.reserve(N * N);
  Real* product = wide_.reserve(chunk * d);
  for (Index k = 0; k < M.columns; ++k) {
    context_.each(N * N, Unpack<Real>{M.column_range(k, 1), {full, N, N, N}});
    for (Index first = 0; first < n; first += chunk) {
      const Index count = std::min(chunk, n - first);
      const ConstView<Real> part = x.column_range(first, count), weights = s.data == nullptr ? s : s.row_range(first, count);
      cuda::gemm(context_, CUBLAS_OP_N, CUBLAS_OP_N, d, count, d, static_cast<Real>(activation.a), full, N, part.data, part.stride, Real(0), product,
                 d);
      context_.sums(count, d,
                    LiftedForward<Real>{part, weights, product, full, f.data + k * f.stride + first, static_cast<Real>(activation.b),
                                        static_cast<Real>(activation.c)});
    }
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
