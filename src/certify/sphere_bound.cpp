#include "certify/sphere_bound.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "device/lapack.hpp"

namespace neuspec {
namespace {

using sphere::Bordered, sphere::Minimum, sphere::Tridiagonal;

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr int kAttempts = 40;  // one is needed

/// The proof for one sign, in units of the scale.
double proven(Index d, const Bordered& B, double sign, const Minimum& least, std::vector<double>& H) {
  const Index N = d + 1;
  const double units = static_cast<double>(N + 8) * 0x1p-53;
  const auto at = [N](Index i, Index j) { return static_cast<std::size_t>(j * N + i); };
  // H holds M and g in its first d rows and columns, as a factor's last row is that of g.
  double raise = 2 * units * static_cast<double>(N) * (std::abs(least.mu) + least.quadratic + 1);
  for (int attempt = 0; attempt < kAttempts && std::isfinite(least.value()); ++attempt, raise *= 4) {
    const double mu = least.mu + raise, omega = least.quadratic + raise;
    double trace = omega;
    for (Index j = 0; j < d; ++j) {
      for (Index i = j; i < d; ++i) H[at(i, j)] = -sign * B.entries[at(i + 1, j + 1)];
      H[at(j, j)] += mu;
      H[at(d, j)] = -sign * B.entries[at(j + 1, 0)];
      trace += std::abs(H[at(j, j)]);
    }
    H[at(d, d)] = omega;
    if (lapack::potrf(N, H.data(), N) != 0) continue;
    double finite = 0;
    for (Index j = 0; j < N; ++j) finite += 0.0 * H[at(j, j)];
    const double t = sign * B.t, size = std::abs(mu) + omega + std::abs(t);
    if (finite == 0) return ((mu + omega) + t) + (2 * units * trace * (1 + units) + 8 * kEpsilon * size);
  }
  return std::numeric_limits<double>::infinity();
}

/// ‖M‖_F + ‖q‖ + |t| and more.
double of_norms(Index d, const Bordered& B) {
  double square = 0;
  for (const double entry : B.entries) square += entry * entry;
  return (std::abs(B.t) + 3 * std::sqrt(square)) * (1 + static_cast<double>(d + 8) * static_cast<double>(d + 8) * kEpsilon);
}

}  // namespace

SphereBounds sphere_quadratic_bounds(Index d, const double* M, const double* q, double t) {
  const Bordered B = sphere::bordered(d, M, q, t);
  std::vector<double> work = B.entries;
  const double trivial = of_norms(d, B);
  if (trivial == 0) return {};
  const Tridiagonal T = sphere::reduce(d, work);
  const auto bound = [&](double sign) {
    const double value = std::min(trivial, proven(d, B, sign, sphere::least_dual(T, sign), work)) * B.scale;
    return value + std::numeric_limits<double>::denorm_min();  // what the scale may have cost
  };
  return {.plus = bound(1), .minus = bound(-1)};
}

}  // namespace neuspec
