// max(0, 1 − y f) for labels y = ±1.
#pragma once

#include "loss/row.hpp"

namespace neuspec::loss {

struct Hinge {
  NEUSPEC_HOST_DEVICE double value(double f, double y) const { return std::fmax(0.0, 1 - y * f); }
  NEUSPEC_HOST_DEVICE double gradient(double f, double y) const { return y * f < 1 ? -y : 0; }
  NEUSPEC_HOST_DEVICE double curvature(double, double) const { return 0; }
  NEUSPEC_HOST_DEVICE double prox(double z, double y, double t) const {
    const double margin = y * z;
    return y * std::fmax(margin, std::fmin(margin + t, 1.0));
  }
  NEUSPEC_HOST_DEVICE double conjugate(double v, double y) const {
    const double a = -v * y;
    return a >= 0 && a <= 1 + slack ? -std::fmin(a, 1.0) : infinity;
  }
  NEUSPEC_HOST_DEVICE double project(double v, double y) const { return -y * clamp(-v * y, 0, 1); }
};

}  // namespace neuspec::loss
