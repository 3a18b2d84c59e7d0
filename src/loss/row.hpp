// What every loss of this folder offers, on one sample's row of C outputs. Functors of any backend take a loss as a template parameter: no
// allocation, no exceptions, double arithmetic whatever the rows hold, no NaN from finite input.
//
//   value(f, y)                     ℓ(f, y)
//   gradient(f, y, out)             ∇ℓ in f, a subgradient at a kink; `out` may be f
//   curvature(f, y, d, out)         ∇²ℓ·d, at a kink of the gradient that of one side; `out` may be d, but not f
//   prox(z, y, t, out)              argmin over s of ℓ(s, y) + ‖s − z‖²/(2t), exact to rounding for every t > 0; `out` may be z
//   conjugate(v, y)                 ℓ*(v) = sup over f of vᵀf − ℓ(f, y), +infinity outside its domain
//   project(v, y, out)              a point of that domain near v, v itself where it is inside; `out` may be v
//
// The domain's boundary. A conjugate forgives rounding: an end other than zero may be passed by the fraction `slack`, and the value is that at the
// end. It is thus ℓ*(v') for a v' in the domain that differs from v by rounding, |v' − v| ≤ slack·|v|, and −Σ ℓ*(v') bounds the optimum from below as
// soon as κ(v') ≤ β (docs/mathematics.md section 3), which a κ holds that allows for a few roundings of each v_i, as it must for its own products v_i
// σ. No value on the wrong side of zero is forgiven: a dual candidate from arithmetic that does not keep signs, such as a multiplier, goes through
// `project` first, and from then on is the v of both terms. This holds for rows of doubles: those of floats are taken for the nearest point of the
// domain, up to their own rounding. Softmax forgives a little more, see there.
#pragma once

#include <cmath>
#include <limits>

#include "neuspec/dataset.hpp"
#include "numeric/host_device.hpp"

namespace neuspec::loss {

/// The entries of one sample, one for each output.
template <class T>
struct Row {
  T* data;
  Index stride;  ///< entries between outputs
  Index size;
  NEUSPEC_HOST_DEVICE T& operator[](Index k) const { return data[k * stride]; }
};

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double slack = 4 * 0x1p-52;

/// Rows of floats are what a solver in single precision measures its progress by; no certificate rests on them.
template <class T>
constexpr bool of_floats = sizeof(T) == sizeof(float);

/// t log t, continued to 0 at 0.
NEUSPEC_HOST_DEVICE inline double entropy_term(double t) { return t > 0 ? t * std::log(t) : 0.0; }
/// (1 − t) log(1 − t), continued to 0 at 1.
NEUSPEC_HOST_DEVICE inline double complement_term(double t) { return t < 1 ? (1 - t) * std::log1p(-t) : 0.0; }
NEUSPEC_HOST_DEVICE inline double clamp(double t, double low, double high) { return std::fmin(std::fmax(t, low), high); }
/// (z + t y)/(1 + t), the prox of ½(s − y)², without overflow.
NEUSPEC_HOST_DEVICE inline double weighted_mean(double z, double y, double t) { return z * (1 / (1 + t)) + y * (t / (1 + t)); }

/// A loss of rows from one of numbers: the sum over the outputs, with curvature(f, y) the second derivative.
template <class Scalar>
struct Separable : Scalar {
  template <class F, class Y>
  NEUSPEC_HOST_DEVICE double value(Row<F> f, Row<Y> y) const {
    double sum = 0;
    for (Index k = 0; k < f.size; ++k) sum += Scalar::value(f[k], y[k]);
    return sum;
  }
  template <class F, class Y, class Out>
  NEUSPEC_HOST_DEVICE void gradient(Row<F> f, Row<Y> y, Row<Out> out) const {
    for (Index k = 0; k < f.size; ++k) out[k] = static_cast<Out>(Scalar::gradient(f[k], y[k]));
  }
  template <class F, class Y, class D, class Out>
  NEUSPEC_HOST_DEVICE void curvature(Row<F> f, Row<Y> y, Row<D> direction, Row<Out> out) const {
    for (Index k = 0; k < f.size; ++k) out[k] = static_cast<Out>(Scalar::curvature(f[k], y[k]) * direction[k]);
  }
  template <class Z, class Y, class Out>
  NEUSPEC_HOST_DEVICE void prox(Row<Z> z, Row<Y> y, double t, Row<Out> out) const {
    for (Index k = 0; k < z.size; ++k) out[k] = static_cast<Out>(Scalar::prox(z[k], y[k], t));
  }
  template <class V, class Y>
  NEUSPEC_HOST_DEVICE double conjugate(Row<V> v, Row<Y> y) const {
    double sum = 0;
    for (Index k = 0; k < v.size; ++k) {
      // A float next to an end of the domain is farther from it than `slack`: the value is that at the end.
      const double term = Scalar::conjugate(of_floats<V> ? Scalar::project(v[k], y[k]) : v[k], y[k]);
      sum += std::fabs(term) < infinity ? term : infinity;  // below −10³⁰⁸ it must not claim a bound without limit
    }
    return std::fabs(sum) < infinity ? sum : infinity;
  }
  template <class V, class Y, class Out>
  NEUSPEC_HOST_DEVICE void project(Row<V> v, Row<Y> y, Row<Out> out) const {
    for (Index k = 0; k < v.size; ++k) out[k] = static_cast<Out>(Scalar::project(v[k], y[k]));
  }
};

}  // namespace neuspec::loss
