// The trust-region problem on the sphere in the eigenbasis of its matrix. Functors as in device/elementwise.inl.
#include <cmath>

#include "neuspec/dataset.hpp"
#include "numeric/host_device.hpp"

namespace neuspec {
namespace {

/// max over ‖z‖ = 1 of Σ λ_i z_i² + 2 Σ g_i z_i of λ and g times `sign`, λ ascending, to rounding: the Lagrangian dual λ_max + δ + Σ g_i²/(δ + γ_i),
/// γ_i the distances from λ_max, at the δ > 0 where z_i = g_i/(δ + γ_i) has length 1, or as near to 0 as matters where it is shorter. 1/‖z‖ is
/// increasing and concave in δ: Newton's method started left of the root approaches it from there. Every δ bounds the maximum from above.
NEUSPEC_HOST_DEVICE inline double largest_on_sphere(Index m, const double* lambda, const double* g, double sign) {
  constexpr int iterations = 100;
  constexpr double rounding = 4 * 2.220446049250313e-16, nothing = 1e-25, least = 1e-300;
  const double top = sign > 0 ? lambda[m - 1] : -lambda[0];
  double scale = std::fabs(lambda[0]) > std::fabs(lambda[m - 1]) ? std::fabs(lambda[0]) : std::fabs(lambda[m - 1]), delta = least;
  for (Index i = 0; i < m; ++i) {
    const double size = std::fabs(g[i]), below = size - (top - sign * lambda[i]);  // |z_i| ≤ 1
    if (size > scale) scale = size;
    if (below > delta) delta = below;
  }
  if (nothing * scale > delta) delta = nothing * scale;
  double quadratic = 0;
  for (int iteration = 0; iteration < iterations; ++iteration) {
    double square = 0, slope = 0;
    quadratic = 0;
    for (Index i = 0; i < m; ++i) {
      const double inverse = 1 / (delta + (top - sign * lambda[i])), z = g[i] * inverse;
      quadratic += g[i] * z;
      square += z * z;
      slope += z * z * inverse;
    }
    const double length = std::sqrt(square);
    if (!(length > 1 + rounding)) break;
    const double next = delta + (length - 1) * square / slope;
    if (!(next > delta)) break;
    delta = next;
  }
  return top + delta + quadratic;
}

}  // namespace
}  // namespace neuspec
