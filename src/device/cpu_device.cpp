#include "device/cpu_device.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <thread>
#include <vector>

#include "device/cpu_launch.hpp"
#include "device/elementwise.inl"
#include "device/lapack.hpp"
#include "device/packing.inl"
#include "device/sphere_maxima.hpp"
#include "device/stored_form.hpp"
#include "numeric/quadratic_form.hpp"
#include "threads/available_memory.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {
constexpr std::size_t alignment = 64;  // a cache line, and what AVX-512 loads like
constexpr Index narrowest_part = 16;   // of a product that threads share: GEMM's own tiles are about as wide
constexpr double flops_a_part = 2e6;

template <class Real>
bool contiguous(ConstView<Real> view) {
  return view.stride == view.rows || view.columns == 1;
}
}  // namespace

template <class Real>
double CpuDevice<Real>::free_memory() const {
  return std::max(0.0, std::min(available_memory(), address_space_left() - blas_buffer() * threads()));  // OpenBLAS takes its buffers later
}

template <class Real>
DeviceMatrix<Real> CpuDevice<Real>::allocate(Index rows, Index columns) {
  Index bytes = 0;
  const bool countable = !__builtin_mul_overflow(rows, columns, &bytes) && !__builtin_mul_overflow(std::max<Index>(bytes, 1), sizeof(Real), &bytes);
  void* data = countable ? ::operator new(static_cast<std::size_t>(bytes), std::align_val_t(alignment), std::nothrow) : nullptr;
  if (data == nullptr) throw EnvironmentError("not enough memory for a " + std::to_string(rows) + " x " + std::to_string(columns) + " matrix");
  std::memset(data, 0, static_cast<std::size_t>(bytes));
  return {static_cast<Real*>(data), rows, columns, [](Real* p) { ::operator delete(p, std::align_val_t(alignment)); }};
}

template <class Real>
void CpuDevice<Real>::upload(const double* host, View<Real> to) {
  for (Index j = 0; j < to.columns; ++j) {
    for (Index i = 0; i < to.rows; ++i) to.data[j * to.stride + i] = static_cast<Real>(host[j * to.rows + i]);
  }
}

template <class Real>
void CpuDevice<Real>::upload(const StoredForm& form, Index first, View<Real> to) {
  if (to.size() == 0) return;
  constexpr Index numbers = 1 << 15;  // that a thread makes at a time
  const Index grain = std::max<Index>(1, numbers / to.rows);
  parallel_ranges(to.columns, grain, [&](Index begin, Index end) {
    std::vector<double> x(static_cast<std::size_t>(std::min(grain, end - begin) * to.rows));
    for (Index at = begin; at < end; at += grain) {
      const Index count = std::min(grain, end - at);
      make_features(form, to.rows, first + at, count, x.data());
      upload(x.data(), to.column_range(at, count));
    }
  });
}

template <class Real>
void CpuDevice<Real>::download(ConstView<Real> from, double* host) {
  for (Index j = 0; j < from.columns; ++j) {
    for (Index i = 0; i < from.rows; ++i) host[j * from.rows + i] = static_cast<double>(from.data[j * from.stride + i]);
  }
}

template <class Real>
void CpuDevice<Real>::copy(ConstView<Real> from, View<Real> to) {
  for (Index j = 0; j < from.columns; ++j) std::copy_n(from.data + j * from.stride, from.rows, to.data + j * to.stride);
}

template <class Real>
void CpuDevice<Real>::gemm(Transpose ta, Transpose tb, Real alpha, ConstView<Real> A, ConstView<Real> B, Real beta, View<Real> C) {
  const Index depth = ta == Transpose::no ? A.columns : A.rows, longer = std::max(C.rows, C.columns);
  const auto part = [&](Index row, Index rows, Index column, Index columns) {
    const Real* a = A.data + row * (ta == Transpose::no ? 1 : A.stride);
    const Real* b = B.data + column * (tb == Transpose::no ? B.stride : 1);
    lapack::gemm(static_cast<char>(ta), static_cast<char>(tb), rows, columns, depth, alpha, a, A.stride, b, B.stride, beta,
                 C.data + column * C.stride + row, C.stride);
  };
  const double flops = 2.0 * static_cast<double>(C.size()) * static_cast<double>(depth);
  const Index parts = std::min({static_cast<Index>(threads()), longer / narrowest_part, static_cast<Index>(flops / flops_a_part)});
  if (parts < 2) return part(0, C.rows, 0, C.columns);
  run_pieces(parts, threads(), [&](Index piece) {
    const Index first = longer * piece / parts, count = longer * (piece + 1) / parts - first;
    if (longer == C.rows) {
      part(first, count, 0, C.columns);
    } else {
      part(0, C.rows, first, count);
    }
  });
}

template <class Real>
void CpuDevice<Real>::unpack(ConstView<Real> packed, View<Real> full) {
  each(full.size(), Unpack<Real>{packed, full});
}

template <class Real>
void CpuDevice<Real>::pack(ConstView<Real> full, View<Real> packed) {
  each(full.size(), Pack<Real>{full, packed});
}

template <class Real>
void CpuDevice<Real>::axpby(Real alpha, ConstView<Real> X, Real beta, View<Real> Y) {
  each(X.size(), Axpby<Real>{X, Y, alpha, beta});
}

template <class Real>
void CpuDevice<Real>::multiply(ConstView<Real> X, ConstView<Real> Y, Real beta, View<Real> Z) {
  each(X.size(), Multiply<Real>{X, Y, Z, beta});
}

// Columns are each summed by one thread's SIMD lanes: the result does not depend on the number of threads.
template <class Real>
std::vector<double> CpuDevice<Real>::column_dots(const std::vector<ColumnProducts<Real>>& pairs) {
  std::vector<double> all;
  for (const auto& [X, Y] : pairs) {
    const auto first = all.size();
    all.resize(first + static_cast<std::size_t>(X.columns));
    const auto sum_column = [X = X, Y = Y, to = all.data() + first](Index j) {
      const Real *x = X.data + j * X.stride, *y = Y.data + j * Y.stride;
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (Index i = 0; i < X.rows; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
      to[j] = sum;
    };
    each(X.columns, sum_column, X.rows / 4);
  }
  return all;
}

template <class Real>
void CpuDevice<Real>::admm_difference(const AdmmStep& step, ConstView<Real> V, ConstView<Real> W, View<Real> T) {
  each(T.size(), Difference<Real>{V, W, T});
  project_trace(step.N, T);
}

template <class Real>
void CpuDevice<Real>::project_trace(Index N, View<Real> M) {
  traces_.resize(static_cast<std::size_t>(M.columns));
  const View<Real> traces{traces_.data(), M.columns, 1, M.columns};
  sums(M.columns, N, Traces<Real>{M, traces, N});
  each(N * M.columns, SubtractTrace<Real>{traces, M, N, Real(1), 1});
}

template <class Real>
void CpuDevice<Real>::admm_residual(const AdmmStep& step, ConstView<Real> V, ConstView<Real> W, ConstView<Real> D, View<Real> F) {
  traces_.resize(static_cast<std::size_t>(D.columns));
  const View<Real> traces{traces_.data(), D.columns, 1, D.columns};
  const Real corner = static_cast<Real>(step.beta / step.rho), omega = static_cast<Real>(step.relaxation);
  sums(D.columns, step.N, SumTraces<Real>{V, W, traces, step.N, corner});
  each(D.size(), Residual<Real>{V, W, D, F, corner, omega});
  each(step.N * F.columns, SubtractTrace<Real>{traces, F, step.N, omega / 2, 2});
}

template <class Real>
void CpuDevice<Real>::traces(Index N, ConstView<Real> M, View<Real> result) {
  sums(M.columns, N, MeanTraces<Real>{{M, result, N}});
}

template <class Real>
void CpuDevice<Real>::feasibility(Index N, ConstView<Real> W, View<Real> moves, View<Real> corners) {
  sums(W.columns, N, Feasibility<Real>{W, moves, corners, N});
}

template <class Real>
void CpuDevice<Real>::feasible_difference(Index N, ConstView<Real> W, ConstView<Real> moves, View<Real> D) {
  each(D.size(), PairDifference<Real>{W, D});
  each(N * D.columns, MoveDiagonal<Real>{moves, D, N});
}

template <class Real>
void CpuDevice<Real>::factor_ranks(Index N, Index width, ConstView<Real> factors, double negligible, View<Real> ranks) {
  std::vector<double> squares(static_cast<std::size_t>(width * ranks.columns));
  sums(width * ranks.columns, N, FactorSquares<Real>{factors, squares.data(), N, width});
  each(ranks.columns, FactorRanks<Real>{squares.data(), ranks, width, negligible}, width);
}

// 4/3 d³ flops a block, blocks side by side.
template <class Real>
std::vector<double> CpuDevice<Real>::sphere_maxima(Index N, ConstView<Real> Gamma) {
  std::vector<double> maxima(static_cast<std::size_t>(2 * Gamma.columns));
  parallel_pieces(Gamma.columns, [&](Index k) {
    const QuadraticForm form = quadratic_form(Gamma.data + k * Gamma.stride, N);
    const SphereBounds bounds = sphere_quadratic_maxima(N - 1, form.M.data(), form.q.data(), form.t);
    maxima[static_cast<std::size_t>(2 * k)] = bounds.plus;
    maxima[static_cast<std::size_t>(2 * k + 1)] = bounds.minus;
  });
  return maxima;
}

template <class Real>
void CpuDevice<Real>::column_squares(ConstView<Real> f, View<Real> squares) {
  for (Index k = 0; k < f.columns; ++k) squares.data[k * squares.stride] = static_cast<Real>(this->dot(f.column_range(k, 1), f.column_range(k, 1)));
}

template <class Real>
void CpuDevice<Real>::advance_or_fall_back(ConstView<Real> f, ConstView<Real> fallback, ConstView<Real> squares, ConstView<Real> before,
                                           View<Real> v) {
  each(v.size(), AdvanceOrFallBack<Real>{f, fallback, squares, before, v});
}

template class CpuDevice<float>;
template class CpuDevice<double>;

}  // namespace neuspec
