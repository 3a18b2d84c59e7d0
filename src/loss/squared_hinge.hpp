// ½ max(0, 1 − y f)² for labels y = ±1. The factor ½ is that of the squared loss, with which it agrees where y f ≤ 1.
#pragma once

#include "loss/row.hpp"

namespace neuspec::loss {

struct SquaredHinge {
  NEUSPEC_HOST_DEVICE double value(double f, double y) const {
    const double violation = std::fmax(0.0, 1 - y * f);
    return 0.5 * violation * violation;
  }
  NEUSPEC_HOST_DEVICE double gradient(double f, double y) const { return -y * std::fmax(0.0, 1 - y * f); }
  NEUSPEC_HOST_DEVICE double curvature(double f, double y) const { return y * f < 1 ? 1 : 0; }
  NEUSPEC_HOST_DEVICE double prox(double z, double y, double t) const { return y * z >= 1 ? z : weighted_mean(z, y, t); }
  NEUSPEC_HOST_DEVICE double conjugate(double v, double y) const {
    const double a = -v * y;
    return a >= 0 ? a * (0.5 * a - 1) : infinity;
  }
  NEUSPEC_HOST_DEVICE double project(double v, double y) const { return -y * std::fmax(0.0, -v * y); }
};

}  // namespace neuspec::loss
