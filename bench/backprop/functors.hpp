// The element-wise steps and sums of backpropagation, as functors for a machine's `each` and `sums`.
#pragma once

#include <cmath>

#include "neuspec/problem.hpp"
#include "numeric/packed.hpp"

namespace neuspec::bench {

/// Losses of the race; y is ±1 for logistic and one-hot for softmax.
enum class RaceLoss { squared, logistic, softmax };

/// norm_j = ‖w_j‖ over rows of w.
template <class Real>
struct RowNorm {
  const Real* w;
  Real* norm;
  Index length;
  NEUSPEC_HOST_DEVICE double term(Index j, Index i) const {
    const auto value = static_cast<double>(w[j * length + i]);
    return value * value;
  }
  NEUSPEC_HOST_DEVICE void store(Index j, double sum) const { norm[j] = static_cast<Real>(std::sqrt(sum)); }
};

/// u_j = w_j/‖w_j‖.
template <class Real>
struct Normalise {
  const Real *w, *norm;
  Real* u;
  Index length;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const { u[e] = w[e] / norm[e / length]; }
};

/// dot_j = u_jᵀg_j over rows.
template <class Real>
struct RowDot {
  const Real *u, *g;
  Real* dot;
  Index length;
  NEUSPEC_HOST_DEVICE double term(Index j, Index i) const { return static_cast<double>(u[j * length + i]) * static_cast<double>(g[j * length + i]); }
  NEUSPEC_HOST_DEVICE void store(Index j, double sum) const { dot[j] = static_cast<Real>(sum); }
};

/// Gradient in w from that in u = w/‖w‖: (g − u(uᵀg))/‖w‖.
template <class Real>
struct Tangent {
  const Real *u, *g, *dot, *norm;
  Real* gradient;
  Index length;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const { gradient[e] = (g[e] - u[e] * dot[e / length]) / norm[e / length]; }
};

template <class Real>
struct Activate {
  Real a, b, c;
  const Real* z;
  Real* s;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const { s[e] = (a * z[e] + b) * z[e] + c; }
};

/// dz = σ'(z) ds, in place of ds.
template <class Real>
struct ActivateBack {
  Real a, b;
  const Real* z;
  Real* ds;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const { ds[e] *= 2 * a * z[e] + b; }
};

/// Loss of sample i with C outputs, and its derivative times `scale`.
template <class Real>
struct LossRow {
  RaceLoss loss;
  Index C;
  const Real *f, *y;
  Real scale;
  Real* df;  ///< may be null where only the sum is wanted
  double* sum;
  Index first;  ///< samples before it are left out of the sum

  NEUSPEC_HOST_DEVICE double exponentials(Index i, double largest) const {
    double total = 0;
    for (Index k = 0; k < C; ++k) total += std::exp(static_cast<double>(f[i * C + k]) - largest);
    return total;
  }
  NEUSPEC_HOST_DEVICE double largest(Index i) const {
    double result = static_cast<double>(f[i * C]);
    for (Index k = 1; k < C; ++k) result = static_cast<double>(f[i * C + k]) > result ? static_cast<double>(f[i * C + k]) : result;
    return result;
  }

  NEUSPEC_HOST_DEVICE void operator()(Index i) const {
    const double top = loss == RaceLoss::softmax ? largest(i) : 0, total = loss == RaceLoss::softmax ? exponentials(i, top) : 1;
    for (Index k = 0; k < C; ++k) {
      const Index e = i * C + k;
      const auto F = static_cast<double>(f[e]), Y = static_cast<double>(y[e]);
      double derivative = F - Y;
      if (loss == RaceLoss::logistic) derivative = -Y / (1 + std::exp(Y * F));
      if (loss == RaceLoss::softmax) derivative = std::exp(F - top) / total - Y;
      df[e] = static_cast<Real>(derivative) * scale;
    }
  }

  NEUSPEC_HOST_DEVICE double term(Index /*column*/, Index row) const {
    const Index i = first + row;
    double value = 0;
    if (loss == RaceLoss::softmax) {
      const double top = largest(i);
      value = top + std::log(exponentials(i, top));
    }
    for (Index k = 0; k < C; ++k) {
      const auto F = static_cast<double>(f[i * C + k]), Y = static_cast<double>(y[i * C + k]);
      if (loss == RaceLoss::squared) value += 0.5 * (F - Y) * (F - Y);
      if (loss == RaceLoss::logistic) value += Y * F > 0 ? std::log1p(std::exp(-Y * F)) : std::log1p(std::exp(Y * F)) - Y * F;
      if (loss == RaceLoss::softmax) value -= Y * F;
    }
    return value;
  }
  NEUSPEC_HOST_DEVICE void store(Index /*column*/, double value) const { *sum = value; }
};

template <class Real>
struct AbsoluteSum {
  const Real* values;
  double* sum;
  NEUSPEC_HOST_DEVICE double term(Index /*column*/, Index row) const { return std::fabs(static_cast<double>(values[row])); }
  NEUSPEC_HOST_DEVICE void store(Index /*column*/, double value) const { *sum = value; }
};

/// Adds the subgradient of scale·Σ|α|.
template <class Real>
struct AddSign {
  const Real* alpha;
  Real scale;
  Real* gradient;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const { gradient[e] += alpha[e] > 0 ? scale : alpha[e] < 0 ? -scale : Real(0); }
};

/// v = momentum·v + g, w −= rate·v.
template <class Real>
struct SgdStep {
  Real rate, momentum;
  const Real* g;
  Real *v, *w;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    v[e] = momentum * v[e] + g[e];
    w[e] -= rate * v[e];
  }
};

/// Adam with its usual constants; `correction1` = 1 − 0.9ᵗ and `correction2` = 1 − 0.999ᵗ.
template <class Real>
struct AdamStep {
  Real rate, correction1, correction2;
  const Real* g;
  Real *first, *second, *w;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    first[e] = Real(0.9) * first[e] + Real(0.1) * g[e];
    second[e] = Real(0.999) * second[e] + Real(0.001) * g[e] * g[e];
    w[e] -= rate * (first[e] / correction1) / (static_cast<Real>(std::sqrt(second[e] / correction2)) + Real(1e-8));
  }
};

/// Rows of x in another order.
template <class Real>
struct Gather {
  const Real* x;
  const Index* order;
  Real* rows;
  Index length;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const { rows[e] = x[order[e / length] * length + e % length]; }
};

template <class From, class To>
struct Convert {
  const From* from;
  To* to;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const { to[e] = static_cast<To>(from[e]); }
};

}  // namespace neuspec::bench
