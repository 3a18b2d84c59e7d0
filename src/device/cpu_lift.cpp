// The lift on the CPU (docs/mathematics.md sections 2 and 5).
#include <algorithm>
#include <cmath>

#include "device/cpu_device.hpp"
#include "device/cpu_launch.hpp"
#include "device/elementwise.inl"
#include "device/lapack.hpp"

namespace neuspec {

namespace {
constexpr Index gram_columns = 1024;
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

// n d² C flops: samples with v > 0 and v < 0 each go through one SYRK with √|v| on the columns, half of a GEMM's work.
template <class Real>
void CpuDevice<Real>::lifted_adjoint(const Activation& activation, ConstView<Real> x, ConstView<Real> s, ConstView<Real> v, View<Real> G) {
  const Index d = x.rows, n = x.columns, N = d + 1;
  const auto root_two = static_cast<Real>(packed::root_two);
  const auto a = static_cast<Real>(activation.a), b = static_cast<Real>(activation.b), c = static_cast<Real>(activation.c);
  std::vector<Real> M(static_cast<std::size_t>(d * d)), scaled(static_cast<std::size_t>(d * std::min(n, gram_columns))),
      u(static_cast<std::size_t>(n)), q(static_cast<std::size_t>(d));
  for (Index k = 0; k < v.columns; ++k) {
    double total = 0;
    for (Index i = 0; i < n; ++i) {
      u[static_cast<std::size_t>(i)] = v.data[k * v.stride + i] * (s.data == nullptr ? Real(1) : s.data[i]);
      total += static_cast<double>(u[static_cast<std::size_t>(i)]);
    }
    std::fill(M.begin(), M.end(), Real(0));
    if (a != 0) {
      for (const Real side : {Real(1), Real(-1)}) {
        for (Index first = 0; first < n;) {
          Index count = 0;
          for (; first < n && count < gram_columns; ++first) {
            const Real value = side * u[static_cast<std::size_t>(first)];
            if (value <= 0) continue;
            const Real root = std::sqrt(value);
            for (Index i = 0; i < d; ++i) scaled[static_cast<std::size_t>(count * d + i)] = root * x.data[first * x.stride + i];
            ++count;
          }
          if (count > 0) lapack::syrk('N', d, count, side * a, scaled.data(), d, Real(1), M.data(), d);
        }
      }
    }
    lapack::gemv('N', d, n, b / 2 * root_two, x.data, x.stride, u.data(), Real(0), q.data());
    Real* out = G.data + k * G.stride;
    for (Index j = 0; j < d; ++j) {
      Real* to = out + packed::position(N, j, j);
      to[0] = M[static_cast<std::size_t>(j * d + j)];
      for (Index i = j + 1; i < d; ++i) to[i - j] = root_two * M[static_cast<std::size_t>(j * d + i)];
      to[N - 1 - j] = q[static_cast<std::size_t>(j)];
    }
    out[packed::position(N, d, d)] = static_cast<Real>(static_cast<double>(c) * total);
  }
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
