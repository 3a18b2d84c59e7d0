// ½ (f − y)².
#pragma once

#include "loss/row.hpp"

namespace neuspec::loss {

struct Squared {
  NEUSPEC_HOST_DEVICE double value(double f, double y) const { return 0.5 * (f - y) * (f - y); }
  NEUSPEC_HOST_DEVICE double gradient(double f, double y) const { return f - y; }
  NEUSPEC_HOST_DEVICE double curvature(double, double) const { return 1; }
  NEUSPEC_HOST_DEVICE double prox(double z, double y, double t) const { return weighted_mean(z, y, t); }
  NEUSPEC_HOST_DEVICE double conjugate(double v, double y) const { return v * (0.5 * v + y); }
  NEUSPEC_HOST_DEVICE double project(double v, double) const { return v; }
};

}  // namespace neuspec::loss
