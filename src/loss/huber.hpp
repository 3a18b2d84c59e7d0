// ½ r² for |r| ≤ δ, else δ (|r| − δ/2), of r = f − y: squared for small errors, absolute for outliers.
#pragma once

#include "loss/row.hpp"

namespace neuspec::loss {

struct Huber {
  double delta;

  NEUSPEC_HOST_DEVICE double value(double f, double y) const {
    const double r = std::fabs(f - y);
    return r <= delta ? 0.5 * r * r : delta * (r - 0.5 * delta);
  }
  NEUSPEC_HOST_DEVICE double gradient(double f, double y) const { return clamp(f - y, -delta, delta); }
  NEUSPEC_HOST_DEVICE double curvature(double f, double y) const { return std::fabs(f - y) <= delta ? 1 : 0; }
  NEUSPEC_HOST_DEVICE double prox(double z, double y, double t) const {
    const double r = z - y;
    return std::fabs(r) <= delta * (1 + t) ? weighted_mean(z, y, t) : z - std::copysign(t * delta, r);
  }
  NEUSPEC_HOST_DEVICE double conjugate(double v, double y) const {
    if (!(std::fabs(v) <= delta * (1 + slack))) return infinity;
    const double inside = project(v, y);
    return inside * (0.5 * inside + y);
  }
  NEUSPEC_HOST_DEVICE double project(double v, double) const { return clamp(v, -delta, delta); }
};

}  // namespace neuspec::loss
