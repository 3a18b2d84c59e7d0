// The Wright omega function: Lambert's W where its argument would overflow.
#pragma once

#include <cmath>

#include "device/host_device.hpp"

namespace neuspec::loss {

/// The x > 0 with x + log x = c, to the rounding of c: relative error a few 2⁻⁵³ (1 + |c|)/(1 + x).
NEUSPEC_HOST_DEVICE inline double omega(double c) {
  if (c < -38) return std::exp(c);  // x = e^{c − x}, and x < 2⁻⁵⁴
  double x = c > 1 ? c - std::log(c) : std::exp(c) / (1 + std::exp(c));
  // Newton on a concave function: relative errors e ≤ 0.3 become at most e²/2(1 + x), so that four steps are exact to rounding.
  for (int step = 0; step < 4; ++step) x *= (1 + (c - std::log(x))) / (1 + x);
  return x;
}

}  // namespace neuspec::loss
