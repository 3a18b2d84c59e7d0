// The Wright omega function: Lambert's W where its argument would overflow.
#pragma once

#include <cmath>

#include "numeric/host_device.hpp"

namespace neuspec::loss {

/// The w > 0 with log w + τ w = b for 0 < τ ≤ 1, to the rounding of b: relative error a few 2⁻⁵³ (1 + |b|)/(1 + τ w). τ = 1 is the omega function.
NEUSPEC_HOST_DEVICE inline double omega(double b, double tau = 1) {
  const double c = b + std::log(tau), e = std::exp(std::fmin(b, 700.0));
  if (c < -38) return e;  // τ w < 2⁻⁵⁴
  double w = c > 1 ? (c - std::log(c)) / tau : e / (1 + tau * e);
  // Newton on a concave function: a relative error r ≤ 0.3 becomes at most r²/2(1 + τ w), so that four steps are exact to rounding.
  for (int step = 0; step < 4; ++step) w *= (1 + (b - std::log(w))) / (1 + tau * w);
  return w;
}

}  // namespace neuspec::loss
