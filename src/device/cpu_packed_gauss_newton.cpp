// The curvature that moments have in a factored point. Each column of L has N entries that are not zero: S L takes N of S's columns for each, and
// what multiplies it from the left is a product of an N × N matrix with the neurons, N/p of the flops of dense products.
#include <algorithm>
#include <vector>

#include "device/cpu_device.hpp"
#include "device/lapack.hpp"
#include "device/runs.hpp"
#include "numeric/packed.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Neighbouring columns of a factored point, those of negative blocks with the other sign.
template <class Real>
struct Signed {
  Index N, count;
  std::vector<Real> z;            // N × count
  std::vector<Index> lead_index;  // of each column's block

  Signed(const FactorColumns& columns, ConstView<Real> Z, const Run& run) : N(Z.rows), count(run.count), z(at(N * count)) {
    for (Index j = 0; j < count; ++j) {
      const Index global = run.first + j;
      const auto sign = static_cast<Real>(columns.sign[at(global)]);
      for (Index i = 0; i < N; ++i) z[at(j * N + i)] = sign * Z.data[global * Z.stride + i];
      lead_index.push_back(columns.lead.empty() ? j : columns.lead[at(global)] - run.first);
    }
  }
  /// How entry i of column j moves the norm in its block's first column: w_ji/‖W‖_F.
  Real along(Index j, Index i) const {
    const Real norm = z[at(lead_index[at(j)] * N + N - 1)];
    return norm != 0 ? z[at(j * N + i)] / norm : Real(0);
  }
};

/// Column j·N + i of P (rows × N·count): S times the packed z_j e_iᵀ + e_i z_jᵀ. 2 N² flops a row of S and column of Z, in GEMM, for as many rows at
/// a time as the cache holds.
template <class Real>
std::vector<Real> times_pairs(ConstView<Real> S, const Signed<Real>& point) {
  constexpr Index strip = 64;
  const Index N = point.N;
  std::vector<Real> P(at(S.rows * N * point.count));
  parallel_pieces((S.rows + strip - 1) / strip, [&](Index piece) {
    const Index first = piece * strip, rows = std::min(strip, S.rows - first);
    std::vector<Real> panel(at(rows * N));  // the columns of S that belong to row i of a matrix
    for (Index i = 0; i < N; ++i) {
      for (Index b = 0; b < N; ++b) {
        const Real* const from = S.data + packed::position(N, std::max(i, b), std::min(i, b)) * S.stride + first;
        const Real weight = b == i ? Real(2) : static_cast<Real>(packed::root_two);
        for (Index row = 0; row < rows; ++row) panel[at(b * rows + row)] = weight * from[row];
      }
      lapack::gemm('N', 'N', rows, point.count, N, Real(1), panel.data(), rows, point.z.data(), N, Real(0), P.data() + i * S.rows + first,
                   N * S.rows);
    }
  });
  return P;
}

/// B ← B + what the columns of `left` make of column j of `right`: f columns. `pairs`: what `times_pairs` made of all of `right`, from a
/// pool's first of its `rows` on.
template <class Real>
void add_column(const Signed<Real>& left, const Signed<Real>& right, Index j, const Real* pairs, Index rows, View<Real> B) {
  const Index N = left.N, f = N - 1, p = packed::size(N);
  std::vector<Real> column(at(p)), matrix(at(N * N)), product(at(N * left.count));
  const Real* const norm = pairs + (right.lead_index[at(j)] * N + f) * rows;
  for (Index i = 0; i < f; ++i) {
    const Real* const own = pairs + (j * N + i) * rows;
    const Real along = right.along(j, i);
    for (Index r = 0; r < p; ++r) column[at(r)] = own[r] + along * norm[r];
    packed::unpack(N, column.data(), matrix.data());
    lapack::gemm('N', 'N', N, left.count, N, Real(2), matrix.data(), N, left.z.data(), N, Real(0), product.data(), N);
    Real* const to = B.data + (j * f + i) * B.stride;
    for (Index k = 0; k < left.count; ++k) {
      const Real last = product[at(left.lead_index[at(k)] * N + f)];
      for (Index l = 0; l < f; ++l) to[k * f + l] += product[at(k * N + l)] + left.along(k, l) * last;
    }
  }
}

}  // namespace

template <class Real>
void CpuDevice<Real>::packed_gauss_newton(ConstView<Real> S, const FactorColumns& columns, ConstView<Real> Z, View<Real> B) {
  const Index N = Z.rows, f = N - 1, p = packed::size(N);
  const std::vector<Run> runs = runs_of(columns);
  std::vector<Signed<Real>> points;
  for (const Run& run : runs) points.emplace_back(columns, Z, run);
  for (std::size_t b = 0; b < runs.size(); ++b) {
    const std::vector<Real> P = times_pairs(S.column_range(runs[b].pool * p, p), points[b]);
    for (std::size_t a = b; a < runs.size(); ++a) {
      if (runs[a].output != runs[b].output) continue;
      const View<Real> part = B.row_range(f * runs[a].first, f * runs[a].count).column_range(f * runs[b].first, f * runs[b].count);
      parallel_pieces(runs[b].count, [&](Index j) { add_column(points[a], points[b], j, P.data() + runs[a].pool * p, S.rows, part); });
    }
  }
}

template void CpuDevice<float>::packed_gauss_newton(ConstView<float>, const FactorColumns&, ConstView<float>, View<float>);
template void CpuDevice<double>::packed_gauss_newton(ConstView<double>, const FactorColumns&, ConstView<double>, View<double>);

}  // namespace neuspec
