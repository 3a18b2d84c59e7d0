// The element-wise steps of the device seam, written once for both machines. A step is a functor over a flat index, for a backend's `each`, or one
// with `term` and `store`, for its `sums`: store(column, Σ_row term(column, row)), where `term` may write too. Nothing here is visible outside the
// including file.
#include <cmath>

#include "device/matrix.hpp"
#include "neuspec/problem.hpp"
#include "numeric/packed.hpp"

namespace neuspec {
namespace {

/// Y = alpha X + beta Y. One read of X and Y, one write: 3 words an entry. beta = 0 does not read Y.
template <class Real>
struct Axpby {
  ConstView<Real> X;
  View<Real> Y;
  Real alpha, beta;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % X.rows, j = e / X.rows;
    Real& y = Y.data[j * Y.stride + i];
    const Real x = alpha * X.data[j * X.stride + i];
    y = beta == Real(0) ? x : x + beta * y;
  }
};

template <class Real>
struct Multiply {
  ConstView<Real> X, Y;
  View<Real> Z;
  Real beta;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % X.rows, j = e / X.rows;
    Real& z = Z.data[j * Z.stride + i];
    const Real xy = X.data[j * X.stride + i] * Y.data[j * Y.stride + i];
    z = beta == Real(0) ? xy : xy + beta * z;
  }
};

/// traces_k = ⟨G, M_k⟩ for packed columns: N reads a column.
template <class Real>
struct Traces {
  ConstView<Real> M;
  View<Real> traces;
  Index N;
  NEUSPEC_HOST_DEVICE double term(Index k, Index j) const {
    const double m = M.data[k * M.stride + packed::position(N, j, j)];
    return j + 1 < N ? m : -m;
  }
  NEUSPEC_HOST_DEVICE void store(Index k, double sum) const { traces.data[k] = static_cast<Real>(sum); }
};

/// traces_k = ⟨G, M_k⟩/N.
template <class Real>
struct MeanTraces {
  Traces<Real> of;
  NEUSPEC_HOST_DEVICE double term(Index k, Index j) const { return of.term(k, j); }
  NEUSPEC_HOST_DEVICE void store(Index k, double sum) const {
    of.traces.data[k * of.traces.stride] = static_cast<Real>(sum / static_cast<double>(of.N));
  }
};

/// Device::feasibility: N reads a block.
template <class Real>
struct Feasibility {
  ConstView<Real> W;
  View<Real> moves, corners;
  Index N;
  NEUSPEC_HOST_DEVICE double term(Index b, Index j) const {
    const double w = W.data[b * W.stride + packed::position(N, j, j)];
    return j + 1 < N ? w : -w;
  }
  NEUSPEC_HOST_DEVICE void store(Index b, double excess) const {
    const double sign = b % 2 == 0 ? 1 : -1, corner = W.data[b * W.stride + packed::size(N) - 1];
    const bool above = excess > 0;
    Real* move = moves.data + b * moves.stride;
    move[0] = static_cast<Real>(above ? sign * excess : 0.0);
    move[1] = static_cast<Real>(above ? 0.0 : -sign * excess / static_cast<double>(N - 1));
    corners.data[b * corners.stride] = static_cast<Real>(above ? corner + excess : corner);
  }
};

/// D_k = W₊ − W₋: 3 words an entry; then its diagonal moves.
template <class Real>
struct PairDifference {
  ConstView<Real> W;
  View<Real> D;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % D.rows, k = e / D.rows, plus = 2 * k * W.stride + i;
    D.data[k * D.stride + i] = W.data[plus] - W.data[plus + W.stride];
  }
};
template <class Real>
struct MoveDiagonal {
  ConstView<Real> moves;
  View<Real> D;
  Index N;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index j = e % N, k = e / N;
    const Real* move = moves.data + 2 * k * moves.stride + (j + 1 < N ? 1 : 0);
    D.data[k * D.stride + packed::position(N, j, j)] += move[0] + move[moves.stride];
  }
};

/// squares of column j of block b's factor: N reads a column.
template <class Real>
struct FactorSquares {
  ConstView<Real> factors;
  double* squares;
  Index N, width;
  NEUSPEC_HOST_DEVICE double term(Index column, Index i) const {
    const double value = factors.data[(column / width * N + column % width) * factors.stride + i];
    return value * value;
  }
  NEUSPEC_HOST_DEVICE void store(Index column, double sum) const { squares[column] = sum; }
};
/// Device::factor_ranks from them, a block a call.
template <class Real>
struct FactorRanks {
  const double* squares;
  View<Real> ranks;
  Index width;
  double negligible;
  NEUSPEC_HOST_DEVICE void operator()(Index b) const {
    double largest = 0;
    for (Index j = 0; j < width; ++j) largest = squares[b * width + j] > largest ? squares[b * width + j] : largest;
    Real* to = ranks.data + b * ranks.stride;
    to[0] = to[1] = 0;
    for (Index j = 0; j < width; ++j) {
      to[0] += squares[b * width + j] > 0 ? Real(1) : Real(0);
      to[1] += squares[b * width + j] > negligible * largest ? Real(1) : Real(0);
    }
  }
};

/// M_k ← M_k − G·factor·traces_k / N on the diagonal.
template <class Real>
struct SubtractTrace {
  ConstView<Real> traces;
  View<Real> M;
  Index N;
  Real factor;
  Index columns_per_trace;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index j = e % N, k = e / N;
    const Real shift = factor * traces.data[k / columns_per_trace] / Real(N);
    M.data[k * M.stride + packed::position(N, j, j)] -= j + 1 < N ? shift : -shift;
  }
};

/// T_k = 2(W₊ − W₋) − (V₊ − V₋): 5 words an entry.
template <class Real>
struct Difference {
  ConstView<Real> V, W;
  View<Real> T;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % T.rows, k = e / T.rows;
    const Index plus = 2 * k * V.stride + i, minus = plus + V.stride;
    T.data[k * T.stride + i] = 2 * (W.data[plus] - W.data[minus]) - (V.data[plus] - V.data[minus]);
  }
};

/// traces_k = ⟨G, T₊ + T₋⟩, T± = 2W± − V± − (β/ρ)E.
template <class Real>
struct SumTraces {
  ConstView<Real> V, W;
  View<Real> traces;
  Index N;
  Real corner;  // β/ρ
  NEUSPEC_HOST_DEVICE double term(Index k, Index j) const {
    const Index plus = 2 * k * V.stride + packed::position(N, j, j), minus = plus + V.stride;
    const double t = 2 * (W.data[plus] + W.data[minus]) - (V.data[plus] + V.data[minus]);
    return j + 1 < N ? t : -t;
  }
  NEUSPEC_HOST_DEVICE void store(Index k, double sum) const { traces.data[k] = static_cast<Real>(sum + 2 * corner); }
};

/// F± = ω((T₊ + T₋ ± D)/2 − W±), the trace part of T₊ + T₋ still in it: 7 words an entry.
template <class Real>
struct Residual {
  ConstView<Real> V, W, D;
  View<Real> F;
  Real corner, omega;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index p = D.rows, i = e % p, k = e / p;
    const Index plus = 2 * k * V.stride + i, minus = plus + V.stride;
    Real sum = 2 * (W.data[plus] + W.data[minus]) - (V.data[plus] + V.data[minus]);
    if (i == p - 1) sum -= 2 * corner;
    const Real d = D.data[k * D.stride + i];
    F.data[2 * k * F.stride + i] = omega * ((sum + d) / 2 - W.data[plus]);
    F.data[(2 * k + 1) * F.stride + i] = omega * ((sum - d) / 2 - W.data[minus]);
  }
};

/// K_ij from K_ij = x_iᵀx_j, lower triangle: s_i s_j (a² t² + (b²/2) t + c² − e_i e_j / N).
template <class Real>
struct KernelEntry {
  View<Real> K;
  ConstView<Real> squares, s;  // ‖x_i‖², n
  Real a, b, c, N;
  NEUSPEC_HOST_DEVICE void entry(Index i, Index j) const {
    Real& k = K.data[j * K.stride + i];
    const Real ei = a * squares.data[i] - c, ej = a * squares.data[j] - c;
    const Real scale = s.data == nullptr ? Real(1) : s.data[i] * s.data[j];
    k = scale * ((a * a * k + b * b / 2) * k + c * c - ei * ej / N);
  }
};

/// v_k ← v_k + f_k where squares_k ≤ before_k, else fallback_k: 3 words an entry.
template <class Real>
struct AdvanceOrFallBack {
  ConstView<Real> f, fallback, squares, before;
  View<Real> v;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % v.rows, k = e / v.rows;
    Real& x = v.data[k * v.stride + i];
    x = squares.data[k * squares.stride] <= before.data[k * before.stride] ? x + f.data[k * f.stride + i] : fallback.data[k * fallback.stride + i];
  }
};

}  // namespace
}  // namespace neuspec
