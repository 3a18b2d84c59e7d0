// Symmetric matrix times a few vectors. BLAS's SYMM copies the matrix into its packed form at every call, which for ten right-hand sides costs
// several times the arithmetic; here each column of S is read once and multiplied with all right-hand sides from registers.
#include <algorithm>
#include <cmath>
#include <vector>

#include "device/cpu_device.hpp"
#include "device/cpu_launch.hpp"
#include "device/lapack.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {

constexpr Index widest = 32;  // from here on SYMM's packing pays
constexpr Index side = 4;     // right-hand sides held in registers at a time, times two columns of S

template <class Real>
struct Operands {
  Real alpha;
  ConstView<Real> S, B;
  Real beta;
  View<Real> C;
};

/// C_{j,k} for columns j and j + 1 of S and up to `side` right-hand sides from k: 2·side dot products over one pass.
template <class Real>
[[gnu::always_inline]] inline void tile(const Operands<Real>& o, Index j, Index k) {
  const Index n = o.S.rows, last = o.B.columns - 1;
  const Real *s0 = o.S.data + j * o.S.stride, *s1 = o.S.data + std::min(j + 1, n - 1) * o.S.stride;
  const Real *b0 = o.B.data + k * o.B.stride, *b1 = o.B.data + std::min(k + 1, last) * o.B.stride,
             *b2 = o.B.data + std::min(k + 2, last) * o.B.stride, *b3 = o.B.data + std::min(k + 3, last) * o.B.stride;
  Real c00 = 0, c01 = 0, c02 = 0, c03 = 0, c10 = 0, c11 = 0, c12 = 0, c13 = 0;
#pragma omp simd reduction(+ : c00, c01, c02, c03, c10, c11, c12, c13)
  for (Index i = 0; i < n; ++i) {
    c00 += s0[i] * b0[i];
    c01 += s0[i] * b1[i];
    c02 += s0[i] * b2[i];
    c03 += s0[i] * b3[i];
    c10 += s1[i] * b0[i];
    c11 += s1[i] * b1[i];
    c12 += s1[i] * b2[i];
    c13 += s1[i] * b3[i];
  }
  const Real sums[2][side] = {{c00, c01, c02, c03}, {c10, c11, c12, c13}};
  for (Index row = 0; row < 2 && j + row < n; ++row) {
    for (Index column = 0; column < side && k + column <= last; ++column) {
      Real& c = o.C.data[(k + column) * o.C.stride + j + row];
      c = o.alpha * sums[row][column] + (o.beta == Real(0) ? Real(0) : o.beta * c);
    }
  }
}

template <class Real>
[[gnu::always_inline]] inline void columns(const Operands<Real>& o, Index j) {
  for (Index k = 0; k < o.B.columns; k += side) tile(o, j, k);
}

// The same code for the instruction sets that matter; which one is asked of the processor at run time.
template <class Real>
void columns_portable(const Operands<Real>& o, Index j) {
  columns(o, j);
}
#if defined(__x86_64__)
template <class Real>
[[gnu::target("avx2,fma")]] void columns_avx2(const Operands<Real>& o, Index j) {
  columns(o, j);
}
template <class Real>
auto best_columns() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? columns_avx2<Real> : columns_portable<Real>;
}
#else
template <class Real>
auto best_columns() {
  return columns_portable<Real>;
}
#endif

/// y = alpha S x + beta y over the lower triangle: each thread takes columns of equal area, adds what lies below the diagonal into a vector of its
/// own and reads its panel once from memory, the second time from the cache. The bits depend on the number of threads.
template <class Real>
void symv(Real alpha, ConstView<Real> S, const Real* x, Real beta, Real* y) {
  constexpr Index panel = 64, rows_at_once = 512;  // doubles of 256 KiB
  constexpr double entries_a_part = 2e5;
  const Index n = S.rows, parts = std::min<Index>(threads(), static_cast<Index>(0.5 * static_cast<double>(n * n) / entries_a_part));
  if (parts < 2) return lapack::symm(n, 1, alpha, S.data, S.stride, x, n, beta, y, n);
  std::vector<Real> sums(static_cast<std::size_t>(parts * n));
  run_pieces(parts, threads(), [&](Index part) {
    const auto border = [n, parts](Index k) {  // columns before it hold k of the parts of the triangle
      const double left = 1 - std::sqrt(1 - static_cast<double>(k) / static_cast<double>(parts));
      return k == parts ? n : static_cast<Index>(left * static_cast<double>(n)) / panel * panel;
    };
    Real* const own = sums.data() + part * n;
    for (Index j = border(part), end = border(part + 1); j < end; j += panel) {
      const Index width = std::min(panel, end - j);
      lapack::symm(width, 1, alpha, S.data + j * S.stride + j, S.stride, x + j, width, Real(1), own + j, width);
      for (Index i = j + width; i < n; i += rows_at_once) {
        const Index rows = std::min(rows_at_once, n - i);
        const Real* const below = S.data + j * S.stride + i;
        lapack::gemv('N', rows, width, alpha, below, S.stride, x + j, Real(1), own + i);
        lapack::gemv('T', rows, width, alpha, below, S.stride, x + i, Real(1), own + j);
      }
    }
  });
  for (Index i = 0; i < n; ++i) {
    Real sum = 0;
    for (Index part = 0; part < parts; ++part) sum += sums[static_cast<std::size_t>(part * n + i)];
    y[i] = beta == Real(0) ? sum : sum + beta * y[i];
  }
}

}  // namespace

// 2 n² m flops over n² words of S.
template <class Real>
void CpuDevice<Real>::symm(Real alpha, ConstView<Real> S, ConstView<Real> B, Real beta, View<Real> C) {
  if (B.columns == 1) return symv(alpha, S, B.data, beta, C.data);
  if (B.columns >= widest) {
    lapack::symm(C.rows, C.columns, alpha, S.data, S.stride, B.data, B.stride, beta, C.data, C.stride);
    return;
  }
  const auto kernel = best_columns<Real>();
  const Operands<Real> operands{alpha, S, B, beta, C};
  each((S.rows + 1) / 2, [kernel, operands](Index pair) { kernel(operands, 2 * pair); }, S.rows * B.columns / 4);
}

template <class Real>
void CpuDevice<Real>::symm_each(const std::vector<SymmetricProduct<Real>>& products) {
  parallel_pieces(static_cast<Index>(products.size()), [&](Index i) {
    const SymmetricProduct<Real>& product = products[static_cast<std::size_t>(i)];
    symv(Real(1), product.S, product.b.data, Real(0), product.c.data);
  });
}

// n³ flops and n² times the width of a strip, whose part above the diagonal is computed for nothing. BLAS has no such routine.
template <class Real>
void CpuDevice<Real>::symmetric_product(Real alpha, ConstView<Real> A, ConstView<Real> B, Real beta, View<Real> C) {
  constexpr Index strip = 128;  // enough for GEMM to run at its rate
  const Index n = C.rows;
  for (Index first = 0; first < n; first += strip) {
    const Index width = std::min(strip, n - first), rows = n - first;
    gemm(Transpose::no, Transpose::no, alpha, A.row_range(first, rows), B.column_range(first, width), beta,
         C.row_range(first, rows).column_range(first, width));
  }
  mirror(C);
}

template <class Real>
void CpuDevice<Real>::mirror(View<Real> S) {
  constexpr Index block = 32;  // two blocks of doubles fit the first cache
  each((S.rows + block - 1) / block,
       [S](Index strip) {
         const Index j0 = strip * block;
         for (Index i0 = j0; i0 < S.rows; i0 += block) {
           for (Index j = j0; j < std::min(j0 + block, S.rows); ++j) {
             for (Index i = std::max(i0, j + 1); i < std::min(i0 + block, S.rows); ++i) S.data[i * S.stride + j] = S.data[j * S.stride + i];
           }
         }
       },
       block * S.rows);
}

template void CpuDevice<float>::symm(float, ConstView<float>, ConstView<float>, float, View<float>);
template void CpuDevice<double>::symm(double, ConstView<double>, ConstView<double>, double, View<double>);
template void CpuDevice<float>::symm_each(const std::vector<SymmetricProduct<float>>&);
template void CpuDevice<double>::symm_each(const std::vector<SymmetricProduct<double>>&);
template void CpuDevice<float>::symmetric_product(float, ConstView<float>, ConstView<float>, float, View<float>);
template void CpuDevice<double>::symmetric_product(double, ConstView<double>, ConstView<double>, double, View<double>);
template void CpuDevice<float>::mirror(View<float>);
template void CpuDevice<double>::mirror(View<double>);

}  // namespace neuspec
