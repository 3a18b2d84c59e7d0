// Steps that only the GPU needs: sums in two stages, what its libraries leave to do. Functors as in device/elementwise.inl.
#include <cmath>

#include "device/matrix.hpp"
#include "device/packing.inl"
#include "numeric/packed.hpp"

namespace neuspec {
namespace {

/// The largest r with r(r+1)/2 ≤ t.
NEUSPEC_HOST_DEVICE inline Index triangle_root(Index t) {
  auto r = static_cast<Index>((std::sqrt(8.0 * static_cast<double>(t) + 1.0) - 1.0) / 2.0);
  while (r * (r + 1) / 2 > t) --r;
  while ((r + 1) * (r + 2) / 2 <= t) ++r;
  return r;
}

/// Row and column of a packed position.
struct Entry {
  Index row, column;
};
NEUSPEC_HOST_DEVICE inline Entry entry_of(Index N, Index position) {
  const Index column = N - 1 - triangle_root(packed::size(N) - 1 - position);
  return {position - packed::position(N, column, column) + column, column};
}

/// to_ij ← from_ij between doubles and Real.
template <class From, class To>
struct Convert {
  ConstView<From> from;
  View<To> to;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % to.rows, j = e / to.rows;
    to.data[j * to.stride + i] = static_cast<To>(from.data[j * from.stride + i]);
  }
};

/// partial_{t,k} = Σ over tile t of column k of x·y: the first stage of long sums, `tile` entries each.
template <class Real>
struct TileProducts {
  static constexpr Index tile = 4096;
  ConstView<Real> X, Y;
  double* partial;
  Index tiles;  // a column
  NEUSPEC_HOST_DEVICE double term(Index column, Index row) const {
    const Index k = column / tiles, i = column % tiles * tile + row;
    return i < X.rows ? static_cast<double>(X.data[k * X.stride + i]) * static_cast<double>(Y.data[k * Y.stride + i]) : 0.0;
  }
  NEUSPEC_HOST_DEVICE void store(Index column, double sum) const { partial[column] = sum; }
};

/// to_k = Σ_t partial_{t,k}.
template <class To>
struct AddTiles {
  const double* partial;
  Index tiles;
  To* to;
  Index stride;
  NEUSPEC_HOST_DEVICE double term(Index k, Index t) const { return partial[k * tiles + t]; }
  NEUSPEC_HOST_DEVICE void store(Index k, double sum) const { to[k * stride] = static_cast<To>(sum); }
};

/// M = S + shift I on and below the diagonal, 0 above.
template <class Real>
struct Shifted {
  ConstView<Real> S;
  View<Real> M;
  Real shift;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % M.rows, j = e / M.rows;
    M.data[j * M.stride + i] = i < j ? Real(0) : S.data[j * S.stride + i] + (i == j ? shift : Real(0));
  }
};

/// The upper triangle from the lower.
template <class Real>
struct Mirror {
  View<Real> S;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % S.rows, j = e / S.rows;
    if (i > j) S.data[i * S.stride + j] = S.data[j * S.stride + i];
  }
};

/// F_j = √max(λ, 0) q, largest first, of each block's eigenpairs (ascending).
template <class Real>
struct Factor {
  const Real *vectors, *values;
  View<Real> factors;
  Index N;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % N, j = e / N % N, b = e / (N * N), from = N - 1 - j;
    const Real value = values[b * N + from];
    factors.data[(b * N + j) * factors.stride + i] = value > 0 ? std::sqrt(value) * vectors[(b * N + from) * N + i] : Real(0);
  }
};

/// scaled_ki = s_i v_ik x_i, a sample a column: d rows for each output k, one after another.
template <class Real>
struct ScaleSamples {
  ConstView<Real> x, s, v;
  Real* scaled;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % x.rows, k = e / x.rows % v.columns, sample = e / (x.rows * v.columns);
    scaled[e] = x.data[sample * x.stride + i] * v.data[k * v.stride + sample] * (s.data == nullptr ? Real(1) : s.data[sample]);
  }
};

/// Γ_k = packed [M, q; qᵀ, c Σ s v] from M (lower, d × d an output) and q (d an output); the sum is the corner.
template <class Real>
struct PackGradient {
  const Real *M, *q;
  View<Real> Gamma;
  Index N;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index d = N - 1, i = e % N, j = e / N % N, k = e / (N * N);
    if (i < j || j == d) return;
    const Real value = i == d ? q[k * d + j] : M[(k * d + j) * d + i];
    Gamma.data[k * Gamma.stride + packed::position(N, i, j)] = i == j ? value : value * static_cast<Real>(packed::root_two);
  }
};
template <class Real>
struct GradientCorner {
  ConstView<Real> s, v;
  View<Real> Gamma;
  double c;
  NEUSPEC_HOST_DEVICE double term(Index k, Index i) const {
    return static_cast<double>(v.data[k * v.stride + i]) * (s.data == nullptr ? 1.0 : static_cast<double>(s.data[i]));
  }
  NEUSPEC_HOST_DEVICE void store(Index k, double sum) const { Gamma.data[k * Gamma.stride + Gamma.rows - 1] = static_cast<Real>(c * sum); }
};

/// f_ik = s_i (a x_iᵀM_k x_i + b q_kᵀx_i + c m_k) from `product` = a M_k x (d × n an output) and the full matrices [M q; qᵀ m].
template <class Real>
struct LiftedForward {
  ConstView<Real> x, s;
  const Real *product, *full;
  View<Real> f;
  Real b, c;
  NEUSPEC_HOST_DEVICE double term(Index column, Index j) const {
    const Index d = x.rows, N = d + 1, i = column % f.rows, k = column / f.rows;
    return static_cast<double>((product[column * d + j] + b * full[k * N * N + d * N + j]) * x.data[i * x.stride + j]);
  }
  NEUSPEC_HOST_DEVICE void store(Index column, double sum) const {
    const Index N = x.rows + 1, i = column % f.rows, k = column / f.rows;
    const Real value = static_cast<Real>(sum) + c * full[(k + 1) * N * N - 1];
    f.data[k * f.stride + i] = s.data == nullptr ? value : s.data[i] * value;
  }
};

}  // namespace
}  // namespace neuspec
