#include "certify/sphere_bound.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "device/lapack.hpp"

namespace neuspec {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kAtRoot = 1e-9;  // |‖z‖ − 1| of a μ whose h is least to rounding: h there exceeds it by the square of this
constexpr int kIterations = 100;  // a few are needed

/// T and g = (border, 0, …, 0), scaled by a power of two so that neither squares nor inverses overflow.
struct Tridiagonal {
  std::vector<double> diagonal, off;
  double border = 0, lowest = 0, highest = 0;  // ‖g‖, extreme eigenvalues of T
  double scale = 1;                            // what was divided by

  double norm() const { return std::max(std::abs(lowest), std::abs(highest)); }
};

Tridiagonal reduce(Index d, const double* M, const double* q, double t) {
  const Index N = d + 1;
  std::vector<double> bordered(static_cast<std::size_t>(N * N)), diagonal(static_cast<std::size_t>(N)), off(static_cast<std::size_t>(d)), work;
  for (Index j = 0; j < d; ++j) {
    bordered[static_cast<std::size_t>(j + 1)] = 0.5 * q[j];
    std::copy(M + j * d + j, M + (j + 1) * d, bordered.data() + (j + 1) * N + j + 1);
  }
  lapack::sytrd(N, bordered.data(), N, diagonal.data(), off.data(), work);

  Tridiagonal T{.diagonal = {diagonal.begin() + 1, diagonal.end()}, .off = {off.begin() + 1, off.end()}, .border = std::abs(off.front())};
  if (lapack::sterf(d, diagonal.data() + 1, off.data() + 1) != 0) throw DataError("the eigenvalues of the lifted gradient did not converge");
  T.lowest = diagonal[1];
  T.highest = diagonal.back();
  int exponent = 0;
  std::frexp(std::max({T.norm(), T.border, std::abs(t), std::numeric_limits<double>::min()}), &exponent);
  T.scale = std::ldexp(1.0, std::clamp(exponent, -1000, 1000));
  for (std::vector<double>* entries : {&T.diagonal, &T.off})
    for (double& entry : *entries) entry /= T.scale;
  for (double* number : {&T.border, &T.lowest, &T.highest}) *number /= T.scale;
  return T;
}

/// The dual at μ, for T or −T: gᵀ(μI − T)⁻¹g, ‖z‖ of the stationary z = (μI − T)⁻¹g, and Newton's step on 1/‖z‖, which is increasing and concave.
struct Dual {
  double quadratic = 0, length = 0, step = 0;
};

/// Nothing where μ ≤ λ_max. The derivatives of δ_i in μ follow its recurrence: δ' > 0 ≥ δ'', and nothing cancels.
std::optional<Dual> evaluate(const Tridiagonal& T, double sign, double mu) {
  double delta = 0, first = 0, second = 0, inverse = 0;
  for (std::size_t i = T.diagonal.size(); i-- > 0;) {
    const double off = i + 1 < T.diagonal.size() ? T.off[i] : 0.0, ratio = off * inverse;
    const double next = (mu - sign * T.diagonal[i]) - off * ratio;
    if (!(next > 0)) return std::nullopt;
    second = ratio * ratio * (second - 2 * first * first * inverse);
    first = 1 + ratio * ratio * first;
    delta = next;
    inverse = 1 / delta;
  }
  const double root = std::sqrt(first);
  return Dual{.quadratic = T.border * (T.border * inverse),
              .length = T.border * inverse * root,
              .step = (T.border - delta / root) / (root - 0.5 * delta * second / (root * first))};
}

/// min h(μ) but for t. Every μ tried gives a bound, the least of which is kept; started left of the root, Newton's method approaches it from there.
double least_dual(const Tridiagonal& T, double sign, double t) {
  const double top = sign > 0 ? T.highest : -T.lowest;
  const auto d = static_cast<double>(T.diagonal.size());
  const double of_reduction = (d + 8) * (T.norm() + 2 * T.border + std::abs(t));
  double best = std::numeric_limits<double>::infinity(), beyond = 2 * kEpsilon, mu = top + beyond, start = mu;
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    const std::optional<Dual> at = evaluate(T, sign, mu);
    if (!at) {  // λ_max is known to rounding only
      beyond *= 2;
      start = mu = std::max(mu, top) + beyond;
      continue;
    }
    const double rounding = 8 * (std::abs(mu) + at->quadratic + std::abs(t)) + 2 * (std::abs(mu) + T.norm()) + of_reduction;
    best = std::min(best, (mu + at->quadratic) + sign * t + kEpsilon * rounding);
    if (mu == start && at->length <= 1) break;  // the hard case, to rounding
    const double next = std::max(start, mu + at->step);
    if (std::abs(at->length - 1) <= kAtRoot || next == mu) break;
    mu = next;
  }
  return best;
}

}  // namespace

SphereBounds sphere_quadratic_bounds(Index d, const double* M, const double* q, double t) {
  const Tridiagonal T = reduce(d, M, q, t);
  const double scaled = t / T.scale;
  return {.plus = T.scale * least_dual(T, 1.0, scaled), .minus = T.scale * least_dual(T, -1.0, scaled)};
}

}  // namespace neuspec
