// log Σ_k exp(f_k) − Σ_k y_k f_k for one-hot y over C outputs: the negative log-likelihood of the class. It couples the outputs.
#pragma once

#include "loss/omega.hpp"
#include "loss/row.hpp"

namespace neuspec::loss {

struct Softmax {
  template <class F, class Y>
  NEUSPEC_HOST_DEVICE double value(Row<F> f, Row<Y> y) const {
    const Index top = largest(f);
    double others = 0;
    for (Index k = 0; k < f.size; ++k) others += k == top ? 0 : std::exp(difference(f[k], f[top]));
    return (static_cast<double>(f[top]) - f[largest(y)]) + std::log1p(others);
  }

  /// The label's entry p − 1 is formed as minus the sum of the others, which keeps its digits where p is near 1.
  template <class F, class Y, class Out>
  NEUSPEC_HOST_DEVICE void gradient(Row<F> f, Row<Y> y, Row<Out> out) const {
    const Index label = largest(y);
    const double top = f[largest(f)];
    double others = 0;
    for (Index k = 0; k < f.size; ++k) others += k == label ? 0 : std::exp(difference(f[k], top));
    const double sum = others + std::exp(difference(f[label], top));
    for (Index k = 0; k < f.size; ++k) out[k] = static_cast<Out>(k == label ? -others / sum : std::exp(difference(f[k], top)) / sum);
  }

  /// p_k (d_k − Σ p_j d_j), with d measured from that of the largest f, whose p may be 1 to rounding.
  template <class F, class Y, class D, class Out>
  NEUSPEC_HOST_DEVICE void curvature(Row<F> f, Row<Y>, Row<D> direction, Row<Out> out) const {
    const Index top = largest(f);
    const double origin = direction[top];
    double sum = 0, mean = 0;
    for (Index k = 0; k < f.size; ++k) {
      const double e = std::exp(difference(f[k], f[top]));
      sum += e;
      mean += e * difference(direction[k], origin);
    }
    mean /= sum;
    for (Index k = 0; k < f.size; ++k)
      out[k] = static_cast<Out>(std::exp(difference(f[k], f[top])) / sum * (difference(direction[k], origin) - mean));
  }

  /// See `Stationarity`.
  template <class Z, class Y, class Out>
  NEUSPEC_HOST_DEVICE void prox(Row<Z> z, Row<Y> y, double t, Row<Out> out) const {
    const Index label = largest(y);
    const double own = z[label];
    const Stationarity<Z> equation(z, label, t);
    const double lambda = equation.root();
    double others = 0;
    for (Index k = 0; k < z.size; ++k) {
      if (k == label) continue;
      const double x = equation.share(z[k], lambda);
      others += x;
      out[k] = static_cast<Out>(z[k] - x);
    }
    // Both are the root's; the one is taken that the rounding of λ moves less.
    const double q = equation.label_share(lambda);
    out[label] = static_cast<Out>(own + (q < 0.5 * t ? others : q));
  }

  /// Σ p log p of p = v + y on the simplex. Inside is v_k ≥ 0 but for the label, whose v has to be −q, q = Σ of the others ≤ 1, within (C + 4)·2⁻⁵²
  /// of 1: the roundings of C terms and of p − 1. The value is that at v' = v but for the label, there −q (all divided by q where rounding has put q
  /// above 1). The v of `gradient` and `project` have v' within that fraction of v, as row.hpp asks; a label's v formed as p − 1 is that close
  /// to v' only beside 1, and whoever bounds by it adds (C + 4)·2⁻⁵²·w_i max|σ| to κ for every sample i.
  template <class V, class Y>
  NEUSPEC_HOST_DEVICE double conjugate(Row<V> v, Row<Y> y) const {
    const double allowed = static_cast<double>(v.size + 4) * (of_floats<V> ? 0x1p-23 : 0x1p-52);
    const Index label = largest(y);
    double q = 0, sum = 0;
    for (Index k = 0; k < v.size; ++k) {
      if (k == label) continue;
      if (!(v[k] >= 0)) return infinity;
      q += v[k];
      sum += entropy_term(v[k]);
    }
    if (!(q <= 1 + allowed && std::fabs(q + v[label]) <= allowed)) return infinity;
    return q <= 1 ? sum + complement_term(q) : sum / q - std::log(q);
  }

  template <class V, class Y, class Out>
  NEUSPEC_HOST_DEVICE void project(Row<V> v, Row<Y> y, Row<Out> out) const {
    const Index label = largest(y);
    double sum = 0, q = 0;
    for (Index k = 0; k < v.size; ++k) sum += k == label ? 0 : clamp(v[k], 0, bound);
    const double scale = std::fmax(sum, 1.0);
    for (Index k = 0; k < v.size; ++k) {
      if (k == label) continue;
      out[k] = static_cast<Out>(clamp(v[k], 0, bound) / scale);
      q += out[k];
    }
    out[label] = static_cast<Out>(-q);
  }

 private:
  static constexpr double bound = 1e300;  // sums of a few such numbers do not overflow, and nothing beside them matters

  template <class T>
  NEUSPEC_HOST_DEVICE static Index largest(Row<T> row) {
    Index best = 0;
    for (Index k = 1; k < row.size; ++k) best = row[k] > row[best] ? k : best;
    return best;
  }
  NEUSPEC_HOST_DEVICE static double difference(double a, double b) { return clamp(a - b, -bound, bound); }

  /// The prox in one unknown, λ = log Σ exp(s_k). Stationarity gives s_k = z_k − x_k with x_k = t exp(s_k − λ), so
  /// x_k + log x_k = log t + z_k − λ, but for the label j, where s_j = z_j + q and q = t − x_j: q − log(1 − q/t) = λ − z_j. With Σ x = t the root is
  /// that of Σ_{k≠j} x_k(λ) − q(λ), convex and decreasing. z_j + t never occurs, whose rounding would drown s_j where t is large; for the same reason
  /// `lambda` is λ less an origin among the z and, where t > 1, less log t.
  template <class Z>
  struct Stationarity {
    NEUSPEC_HOST_DEVICE Stationarity(Row<Z> row, Index own, double step)
        : z(row), label(own), t(std::fmin(step, bound)), tau(std::fmin(t, 1.0)), log_scale(std::log(std::fmax(t, 1.0))) {
      double top = -infinity;
      for (Index k = 0; k < z.size; ++k) top = k == label || z[k] < top ? top : z[k];
      behind = top - t > z[label];
      origin = behind ? top : static_cast<double>(z[label]);
      offset = difference(z[label], origin);
    }

    NEUSPEC_HOST_DEVICE double share(double z_k, double lambda) const { return tau * omega(difference(z_k, origin) - lambda, tau); }

    NEUSPEC_HOST_DEVICE double label_share(double lambda) const {
      const double relative = lambda - offset, m = std::fmax(0.0, relative + log_scale);
      if (m > 0.5 * t + 0.7) return t - tau * omega(t - relative, tau);  // q > t/2
      // Newton on a convex function whose slope varies by a factor of 2: an error of 0.2 t falls below rounding in six steps.
      double q = m * (t / (1 + t));
      for (int step = 0; step < 6; ++step) q -= (q - std::log1p(-q / t) - m) * ((t - q) / (1 + (t - q)));
      return std::fmax(0.0, q);
    }

    /// Newton from the left, where convexity makes it monotone: λ ≥ log Σ exp(z_k + t y_k) − t, since no x_k exceeds t.
    NEUSPEC_HOST_DEVICE double root() const {
      const double less = behind ? 0 : t;
      double sum = std::exp(behind ? offset + t : 0.0);
      for (Index k = 0; k < z.size; ++k) sum += k == label ? 0 : std::exp(difference(z[k], origin) - less);
      double lambda = (behind ? -t : 0) + std::log(sum) - log_scale;
      for (int iteration = 0; iteration < most_iterations; ++iteration) {
        const double q = label_share(lambda);
        double residual = -q, slope = (t - q) / (1 + (t - q));
        for (Index k = 0; k < z.size; ++k) {
          const double x = k == label ? 0 : share(z[k], lambda);
          residual += x;
          slope += x / (1 + x);
        }
        if (!(slope > 0)) break;
        const double step = residual / slope;
        lambda += step;
        if (iteration > 0 && !(step > 0x1p-52 * std::fabs(lambda))) break;
      }
      return lambda;
    }

    static constexpr int most_iterations = 1000;  // a few are needed; log C or so more where many outputs tie

    Row<Z> z;
    Index label;
    double t, tau, log_scale;
    bool behind = false;  // some other output exceeds the label's by more than t
    double origin = 0, offset = 0;
  };
};

}  // namespace neuspec::loss
