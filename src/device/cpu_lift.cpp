// The lift on the CPU (docs/mathematics.md sections 2 and 5).
#include <algorithm>
#include <cmath>
#include <vector>

#include "device/cpu_device.hpp"
#include "device/cpu_launch.hpp"
#include "device/elementwise.inl"
#include "device/lapack.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {

constexpr Index gram_columns = 1024;
constexpr Index adjoint_block = 512;               // samples of one SYRK and their copies, which stay in the cache
constexpr Index adjoint_private = Index(1) << 25;  // numbers that the sums of all threads may take

/// Σ_i u_i A_i over a range of samples, with u = s v: a Σ u x xᵀ (d × d, lower triangle), Σ u x and Σ u.
template <class Real>
struct WeightedSums {
  Real *M, *q;
  double* total;
};

/// Samples with u > 0 and u < 0 each go through one SYRK with √|u| on the columns, half of a GEMM's work.
template <class Real>
void add_weighted(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const Real* v, Index begin, Index end,
                  const WeightedSums<Real>& sums) {
  const Index d = x.rows;
  static thread_local std::vector<Real> scaled, u;
  scaled.resize(std::max(scaled.size(), static_cast<std::size_t>(d * adjoint_block)));
  u.resize(static_cast<std::size_t>(adjoint_block));
  for (Index first = begin; first < end; first += adjoint_block) {
    const Index count = std::min(adjoint_block, end - first);
    Index plus = 0, minus = 0;  // the latter fill the scratch from its end
    for (Index i = 0; i < count; ++i) {
      const Real value = v[first + i] * (s.data == nullptr ? Real(1) : s.data[first + i]), root = std::sqrt(std::abs(value));
      u[static_cast<std::size_t>(i)] = value;
      *sums.total += static_cast<double>(value);
      if (activation.a == 0 || value == 0) continue;
      const Real* from = x.data + (first + i) * x.stride;
      Real* to = scaled.data() + d * (value > 0 ? plus++ : adjoint_block - ++minus);
      for (Index l = 0; l < d; ++l) to[l] = root * from[l];
    }
    const auto a = static_cast<Real>(activation.a);
    if (plus > 0) lapack::syrk('N', d, plus, a, scaled.data(), d, Real(1), sums.M, d);
    if (minus > 0) lapack::syrk('N', d, minus, -a, scaled.data() + d * (adjoint_block - minus), d, Real(1), sums.M, d);
    lapack::gemv('N', d, count, Real(1), x.data + first * x.stride, x.stride, u.data(), Real(1), sums.q);
  }
}

/// Into how many ranges an output's samples are split.
Index adjoint_ranges(Index d, Index n, Index C) {
  const Index available = threads();
  if (C >= 4 * available || n * d < 8192 || available * C * d * d > adjoint_private) return 1;
  return std::clamp<Index>(n / adjoint_block, 1, available);
}

}  // namespace

// n²d flops in SYRK, then one read and write of the triangle.
template <class Real>
void CpuDevice<Real>::kernel_gram(const Activation& activation, ConstView<Real> x, ConstView<Real> s, View<Real> K) {
  const Index n = x.columns, d = x.rows;
  lapack::syrk('T', n, d, Real(1), x.data, x.stride, Real(0), K.data, K.stride);
  std::vector<Real> squares(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) squares[static_cast<std::size_t>(i)] = K.data[i * K.stride + i];
  const KernelEntry<Real> kernel{K,
                                 ConstView<Real>{squares.data(), n, 1, n},
                                 s,
                                 static_cast<Real>(activation.a),
                                 static_cast<Real>(activation.b),
                                 static_cast<Real>(activation.c),
                                 static_cast<Real>(d + 1)};
  each(
      n,
      [kernel](Index j) {  // the triangle's columns are contiguous
        for (Index i = j; i < kernel.K.rows; ++i) kernel.entry(i, j);
      },
      n / 2);
  mirror(K);
}

// n d² C flops, shared among threads by outputs and ranges of samples.
template <class Real>
void CpuDevice<Real>::lifted_adjoint(const Activation& activation, ConstView<Real> x, ConstView<Real> s, ConstView<Real> v, View<Real> G) {
  const Index d = x.rows, n = x.columns, N = d + 1, C = v.columns, ranges = adjoint_ranges(d, n, C), own = d * d + d;
  adjoint_.resize(static_cast<std::size_t>(C * ranges * own));
  std::vector<double> totals(static_cast<std::size_t>(C * ranges));
  const auto range_of = [&](Index k, Index range) -> WeightedSums<Real> {
    Real* M = adjoint_.data() + (k * ranges + range) * own;
    return {M, M + d * d, &totals[static_cast<std::size_t>(k * ranges + range)]};
  };
  const auto add = [&](Index task) {
    const Index k = task / ranges, range = task % ranges;
    std::fill_n(adjoint_.data() + task * own, own, Real(0));
    add_weighted(activation, x, s, v.data + k * v.stride, n * range / ranges, n * (range + 1) / ranges, range_of(k, range));
  };
  parallel_pieces(C * ranges, add);
  const auto pack_column = [&](Index column) {  // of output column / N; the last one of each has the constant term alone
    const Index k = column / N, j = column % N;
    Real* to = G.data + k * G.stride + packed::position(N, j, j);
    std::fill_n(to, N - j, Real(0));
    for (Index range = 0; range < ranges; ++range) {
      const WeightedSums<Real> sums = range_of(k, range);
      if (j == d) {
        to[0] += static_cast<Real>(activation.c * *sums.total);
        continue;
      }
      to[0] += sums.M[j * d + j];
      for (Index i = j + 1; i < d; ++i) to[i - j] += static_cast<Real>(packed::root_two) * sums.M[j * d + i];
      to[d - j] += static_cast<Real>(packed::root_two * activation.b / 2) * sums.q[j];
    }
  };
  each(C * N, pack_column, N * ranges / 2);
}

// 2 n d² C flops.
template <class Real>
void CpuDevice<Real>::lifted_forward(const Activation& activation, ConstView<Real> x, ConstView<Real> s, ConstView<Real> M, View<Real> f) {
  const Index d = x.rows, n = x.columns, N = d + 1;
  const auto a = static_cast<Real>(activation.a), b = static_cast<Real>(activation.b), c = static_cast<Real>(activation.c);
  std::vector<Real> full(static_cast<std::size_t>(N * N)), product(static_cast<std::size_t>(d * std::min(n, gram_columns)));
  for (Index k = 0; k < M.columns; ++k) {
    packed::unpack(N, M.data + k * M.stride, full.data());
    const Real* q = full.data() + d * N;  // the last column: M_{1..d,N}
    for (Index first = 0; first < n; first += gram_columns) {
      const Index count = std::min(gram_columns, n - first);
      lapack::gemm('N', 'N', d, count, d, a, full.data(), N, x.data + first * x.stride, x.stride, Real(0), product.data(), d);
      each(
          count,
          [&](Index i) {
            const Real* xi = x.data + (first + i) * x.stride;
            Real sum = c * q[d];
            for (Index j = 0; j < d; ++j) sum += (product[static_cast<std::size_t>(i * d + j)] + b * q[j]) * xi[j];
            f.data[k * f.stride + first + i] = s.data == nullptr ? sum : s.data[first + i] * sum;
          },
          d / 4);
    }
  }
}

template class CpuDevice<float>;
template class CpuDevice<double>;

}  // namespace neuspec
