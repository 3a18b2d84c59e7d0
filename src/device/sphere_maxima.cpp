#include "device/sphere_maxima.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "device/lapack.hpp"

namespace neuspec {
namespace sphere {
namespace {
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kAtRoot = 1e-9;  // |‖z‖ − 1| of a μ whose h is least to rounding: h there exceeds it by the square of this
constexpr int kIterations = 100;  // a few are needed

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

}  // namespace

Bordered bordered(Index d, const double* M, const double* q, double t) {
  const Index N = d + 1;
  double largest = std::abs(t);
  for (Index j = 0; j < d; ++j) {
    largest = std::max(largest, std::abs(q[j]));
    for (Index i = j; i < d; ++i) largest = std::max(largest, std::abs(M[j * d + i]));
  }
  int exponent = 0;
  std::frexp(largest, &exponent);
  exponent = std::clamp(exponent, -1000, 1000);
  const double inverse = std::ldexp(1.0, -exponent);
  Bordered B{.entries = std::vector<double>(static_cast<std::size_t>(N * N)), .t = t * inverse, .scale = std::ldexp(1.0, exponent)};
  B.entries[0] = B.t;
  for (Index j = 0; j < d; ++j) {
    B.entries[static_cast<std::size_t>(j + 1)] = 0.5 * (q[j] * inverse);
    for (Index i = j; i < d; ++i) B.entries[static_cast<std::size_t>((j + 1) * N + i + 1)] = M[j * d + i] * inverse;
  }
  return B;
}

Tridiagonal reduce(Index d, std::vector<double>& entries) {
  const Index N = d + 1;
  std::vector<double> diagonal(static_cast<std::size_t>(N)), off(static_cast<std::size_t>(d)), work;
  lapack::sytrd(N, entries.data(), N, diagonal.data(), off.data(), work);
  Tridiagonal T{.diagonal = {diagonal.begin() + 1, diagonal.end()}, .off = {off.begin() + 1, off.end()}, .border = std::abs(off.front())};
  if (lapack::sterf(d, diagonal.data() + 1, off.data() + 1) != 0) throw DataError("the eigenvalues of the lifted gradient did not converge");
  T.lowest = diagonal[1];
  T.highest = diagonal.back();
  return T;
}

// Every μ tried gives a bound, the least of which is kept; started left of the root, Newton's method approaches it from there.
Minimum least_dual(const Tridiagonal& T, double sign) {
  const double top = sign > 0 ? T.highest : -T.lowest;
  Minimum best;
  double beyond = 2 * kEpsilon, mu = top + beyond, start = mu;
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    const std::optional<Dual> at = evaluate(T, sign, mu);
    if (!at) {  // λ_max is known to rounding only
      beyond *= 2;
      start = mu = std::max(mu, top) + beyond;
      continue;
    }
    if (mu + at->quadratic < best.value()) best = {mu, at->quadratic};
    if (mu == start && at->length <= 1) break;  // the hard case, to rounding
    const double next = std::max(start, mu + at->step);
    if (std::abs(at->length - 1) <= kAtRoot || next == mu) break;
    mu = next;
  }
  return best;
}

}  // namespace sphere

SphereBounds sphere_quadratic_maxima(Index d, const double* M, const double* q, double t) {
  sphere::Bordered B = sphere::bordered(d, M, q, t);
  const sphere::Tridiagonal T = sphere::reduce(d, B.entries);
  return {.plus = B.scale * (sphere::least_dual(T, 1).value() + B.t), .minus = B.scale * (sphere::least_dual(T, -1).value() - B.t)};
}

}  // namespace neuspec
