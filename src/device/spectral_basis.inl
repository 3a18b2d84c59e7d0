// Steps of a projection from a basis (Device::project_psd_near). Functors as in device/elementwise.inl. Blocks lie one after the other: S is N × 2k a
// block, [X Q] with the basis X and the directions Q that VX adds to it.
#include <cmath>
#include <cstdint>

#include "device/matrix.hpp"
#include "numeric/host_device.hpp"

namespace neuspec {
namespace {

/// Entries of a column that nothing is known of: numbers in [−½, ½), the same in every run.
NEUSPEC_HOST_DEVICE inline double some_number(Index entry) {
  std::uint64_t hash = static_cast<std::uint64_t>(entry + 1) * 0x9e3779b97f4a7c15U;  // SplitMix64: neighbours and shifts have nothing in common
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
  return static_cast<double>((hash ^ (hash >> 31)) >> 11) * 0x1p-53 - 0.5;
}

/// X ← the first `width` columns of each block's factor (N × N a block).
template <class Real>
struct FirstColumns {
  ConstView<Real> factors;
  View<Real> X;
  Index width;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % X.rows, column = e / X.rows;
    X.data[column * X.stride + i] = factors.data[(column / width * X.rows + column % width) * factors.stride + i];
  }
};

/// Column `column` of all Q's or X's, where S points to the first of them.
template <class Real>
struct Directions {
  Real* S;
  Index N, k, width;  // the first k columns of the `width` from one block to the next
  NEUSPEC_HOST_DEVICE Real* operator()(Index column) const { return S + (column / k * width + column % k) * N; }
};

/// The squares of columns' lengths, and columns ← columns over these lengths; some numbers take the place of a zero column.
template <class Real>
struct Lengths {
  Directions<Real> columns;
  double* squares;
  NEUSPEC_HOST_DEVICE double term(Index column, Index row) const {
    const auto value = static_cast<double>(columns(column)[row]);
    return value * value;
  }
  NEUSPEC_HOST_DEVICE void store(Index column, double sum) const { squares[column] = sum; }
};
template <class Real>
struct Normalise {
  Directions<Real> columns;
  const double* squares;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index row = e % columns.N, column = e / columns.N;
    Real& value = columns(column)[row];
    value = squares[column] > 0 ? static_cast<Real>(static_cast<double>(value) / std::sqrt(squares[column])) : static_cast<Real>(some_number(e));
  }
};

/// C = U Λ^{−1/2} from the eigenpairs of a Gram matrix QᵀQ of columns of length 1 (ascending, k × k a block): Q C is orthonormal. Columns that the
/// others hold already, whose eigenvalue is rounding, become zero.
template <class Real>
struct InverseRoots {
  Real* vectors;
  const Real* values;
  Index k;
  Real negligible;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index column = e / k;
    const Real value = values[column], largest = values[column / k * k + k - 1];
    vectors[e] = value > negligible * largest ? vectors[e] / std::sqrt(value) : Real(0);
  }
};

/// The last k of 2k columns a block, in reverse.
template <class Real>
struct LargestFirst {
  const Real* vectors;
  Real* to;
  Index k;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index m = 2 * k, i = e % m, j = e / m % k, b = e / (m * k);
    to[e] = vectors[(b * m + m - 1 - j) * m + i];
  }
};

/// Factors √max(θ, 0) x of the k largest Ritz pairs (θ ascending, 2k a block).
template <class Real>
struct RitzFactor {
  ConstView<Real> X;
  const Real* values;
  View<Real> factors;
  Index k;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index N = X.rows, i = e % N, j = e / N % k, b = e / (N * k);
    const Real value = values[b * 2 * k + 2 * k - 1 - j];
    factors.data[(b * N + j) * factors.stride + i] = value > 0 ? std::sqrt(value) * X.data[(b * k + j) * X.stride + i] : Real(0);
  }
};

/// How many of them are positive.
template <class Real>
struct CountPositive {
  const Real* values;
  View<Real> positive;
  Index k;
  NEUSPEC_HOST_DEVICE double term(Index block, Index j) const { return values[block * 2 * k + 2 * k - 1 - j] > 0 ? 1.0 : 0.0; }
  NEUSPEC_HOST_DEVICE void store(Index block, double sum) const { positive.data[block * positive.stride] = static_cast<Real>(sum); }
};

}  // namespace
}  // namespace neuspec
