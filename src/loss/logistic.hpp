// log(1 + exp(−y f)) for labels y = ±1.
#pragma once

#include "loss/omega.hpp"
#include "loss/row.hpp"

namespace neuspec::loss {

struct Logistic {
  NEUSPEC_HOST_DEVICE double value(double f, double y) const { return std::log1p(std::exp(-std::fabs(f))) + std::fmax(0.0, -y * f); }
  NEUSPEC_HOST_DEVICE double gradient(double f, double y) const {
    const double e = std::exp(-std::fabs(f));
    return -y * ((y * f > 0 ? e : 1) / (1 + e));
  }
  NEUSPEC_HOST_DEVICE double curvature(double f, double) const {
    const double e = std::exp(-std::fabs(f));
    return e / ((1 + e) * (1 + e));
  }
  /// The margin m = y s solves m = a + t/(1 + e^m) with a = y z. Its reflection −m solves the same equation with −(a + t) in place of a, so the root
  /// is sought where it is not negative.
  NEUSPEC_HOST_DEVICE double prox(double z, double y, double t) const {
    const double a = y * z;
    return a + 0.5 * t < 0 ? -y * positive_root(-(a + t), t) : y * positive_root(a, t);
  }
  NEUSPEC_HOST_DEVICE double conjugate(double v, double y) const {
    const double a = std::fmin(-v * y, 1.0);
    return a >= 0 && -v * y <= 1 + slack ? entropy_term(a) + complement_term(a) : infinity;
  }
  NEUSPEC_HOST_DEVICE double project(double v, double y) const { return -y * clamp(-v * y, 0, 1); }

 private:
  /// m ≥ 0 with m − a − t/(1 + e^m) = 0, for a ≥ −t/2.
  NEUSPEC_HOST_DEVICE static double positive_root(double a, double t) {
    // Both starts are within log 2 of the root: ½e^{−m} ≤ 1/(1 + e^m) ≤ e^{−m}; and m ≤ log((t + a)/−a), close where m is nothing beside −a.
    double m = a < -1e4 ? std::log((t + a) / -a) : a + omega(std::log(0.5 * t) - a);
    m = std::fmax(m, std::fmax(a, 0.0));
    // The function is concave, with |φ''| ≤ φ', so an error e becomes at most e²/2 and six steps end below rounding.
    for (int step = 0; step < 6; ++step) {
      const double e = std::exp(-m), p = e / (1 + e);
      m = std::fmax(0.0, m - (m - a - t * p) / (1 + t * p / (1 + e)));
    }
    return m;
  }
};

}  // namespace neuspec::loss
