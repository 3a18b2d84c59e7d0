// |f − y|.
#pragma once

#include "loss/row.hpp"

namespace neuspec::loss {

struct Absolute {
  NEUSPEC_HOST_DEVICE double value(double f, double y) const { return std::fabs(f - y); }
  NEUSPEC_HOST_DEVICE double gradient(double f, double y) const { return f > y ? 1 : f < y ? -1 : 0; }
  NEUSPEC_HOST_DEVICE double curvature(double, double) const { return 0; }
  NEUSPEC_HOST_DEVICE double prox(double z, double y, double t) const {
    const double r = z - y;
    return std::fabs(r) <= t ? y : z - std::copysign(t, r);
  }
  NEUSPEC_HOST_DEVICE double conjugate(double v, double y) const { return std::fabs(v) <= 1 + slack ? project(v, y) * y : infinity; }
  NEUSPEC_HOST_DEVICE double project(double v, double) const { return clamp(v, -1, 1); }
};

}  // namespace neuspec::loss
