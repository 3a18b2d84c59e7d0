// Solving with a large symmetric matrix again and again: by its Cholesky factor, of which only the blocks on the diagonal are inverted. The whole
// inverse takes n³ flops, this n³/3 and a little; a solve reads the factor twice where a product with the inverse reads half of it once, and threads
// meet a few times in it, not hundreds.
#include <algorithm>
#include <vector>

#include "device/cpu_device.hpp"
#include "device/lapack.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {

constexpr Index smallest = 2560;  // below, the inverse costs little, and its products are one meeting
constexpr Index widest = 2560;    // block on the diagonal
constexpr Index strip = 256;      // rows or columns that a thread takes at a time

struct Blocks {
  explicit Blocks(Index n) : rows(n), count((n + widest - 1) / widest), width((n + count - 1) / count) {}
  Index rows, count, width;
  Index first(Index b) const { return std::min(rows, b * width); }
  Index size(Index b) const { return first(b + 1) - first(b); }
};

/// body(first, rows) for strips of so many rows.
template <class Body>
void each_strip(Index rows, const Body& body) {
  run_pieces((rows + strip - 1) / strip, threads(), [&](Index piece) { body(piece * strip, std::min(strip, rows - piece * strip)); });
}

/// C ← C + alpha A B, or with A's transpose, for a few columns: of one BLAS has a routine that is faster.
template <class Real>
void add_product(char t, Real alpha, ConstView<Real> A, ConstView<Real> B, View<Real> C) {
  if (B.columns == 1) return lapack::gemv(t, A.rows, A.columns, alpha, A.data, A.stride, B.data, Real(1), C.data);
  const Index inner = t == 'N' ? A.columns : A.rows;
  lapack::gemm(t, 'N', C.rows, C.columns, inner, alpha, A.data, A.stride, B.data, B.stride, Real(1), C.data, C.stride);
}

/// Of the lower triangle T of M: X ← T X, or Tᵀ X. Y is room for X.
template <class Real>
void multiply_lower(char t, ConstView<Real> M, View<Real> X, View<Real> Y) {
  const auto copy = [&](ConstView<Real> from, View<Real> to) {
    for (Index k = 0; k < from.columns; ++k) std::copy_n(from.data + k * from.stride, from.rows, to.data + k * to.stride);
  };
  each_strip(M.rows, [&](Index first, Index count) {
    const View<Real> to = Y.row_range(first, count);
    copy(X.row_range(first, count), to);
    lapack::trmm(t, count, X.columns, M.data + first * M.stride + first, M.stride, to.data, to.stride);
    const Index others = t == 'N' ? 0 : first + count, rest = t == 'N' ? first : M.rows - others;  // left of the strip, or below it
    if (rest == 0) return;
    const ConstView<Real> part =
        t == 'N' ? M.row_range(first, count).column_range(others, rest) : M.row_range(others, rest).column_range(first, count);
    add_product<Real>(t, 1, part, X.row_range(others, rest), to);
  });
  copy(Y, X);
}

}  // namespace

template <class Real>
bool CpuDevice<Real>::factor_shifted(ConstView<Real> S, double shift, View<Real> M) {
  const Index n = S.rows;
  if (n <= smallest) return invert_shifted(S, shift, M);
  shift_lower(S, shift, M);
  if (lapack::potrf(n, M.data, M.stride) != 0) return false;
  const Blocks blocks(n);
  for (Index b = 0; b < blocks.count; ++b) {
    if (lapack::trtri(blocks.size(b), M.data + blocks.first(b) * (M.stride + 1), M.stride) != 0) return false;
  }
  return true;
}

// L z = B block by block downwards, then Lᵀ C = z upwards.
template <class Real>
void CpuDevice<Real>::solve_factored(ConstView<Real> M, ConstView<Real> B, View<Real> C) {
  const Index n = M.rows;
  if (n <= smallest) return symm(Real(1), M, B, Real(0), C);
  const Blocks blocks(n);
  copy(B, C);
  std::vector<Real> room(static_cast<std::size_t>(blocks.width * B.columns));
  const auto corner = [&](Index b) { return M.row_range(blocks.first(b), blocks.size(b)).column_range(blocks.first(b), blocks.size(b)); };
  const auto own = [&](Index b) { return C.row_range(blocks.first(b), blocks.size(b)); };
  const auto room_of = [&](Index b) { return View<Real>{room.data(), blocks.size(b), B.columns, blocks.size(b)}; };
  for (Index b = 0; b < blocks.count; ++b) {
    multiply_lower<Real>('N', corner(b), own(b), room_of(b));
    const Index below = blocks.first(b + 1);
    each_strip(n - below, [&](Index first, Index rows) {
      add_product<Real>('N', -1, M.row_range(below + first, rows).column_range(blocks.first(b), blocks.size(b)), ConstView<Real>(own(b)),
                        C.row_range(below + first, rows));
    });
  }
  for (Index b = blocks.count - 1; b >= 0; --b) {
    multiply_lower<Real>('T', corner(b), own(b), room_of(b));
    const Index begin = blocks.first(b);
    each_strip(begin, [&](Index first, Index columns) {
      add_product<Real>('T', -1, M.row_range(begin, blocks.size(b)).column_range(first, columns), ConstView<Real>(own(b)),
                        C.row_range(first, columns));
    });
  }
}

template bool CpuDevice<float>::factor_shifted(ConstView<float>, double, View<float>);
template bool CpuDevice<double>::factor_shifted(ConstView<double>, double, View<double>);
template void CpuDevice<float>::solve_factored(ConstView<float>, ConstView<float>, View<float>);
template void CpuDevice<double>::solve_factored(ConstView<double>, ConstView<double>, View<double>);

}  // namespace neuspec
