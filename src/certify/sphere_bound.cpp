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
constexpr int kAttempts = 40;     // one is needed

/// [t gᵀ; g M] divided by a power of two, such that neither squares nor inverses overflow and none that matters vanishes. Column-major, lower
/// triangle.
struct Bordered {
  std::vector<double> entries;
  double t = 0, scale = 1;  // t divided by it
};

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

/// T and g = (border, 0, …, 0) of M and g.
struct Tridiagonal {
  std::vector<double> diagonal, off;
  double border = 0, lowest = 0, highest = 0;  // ‖g‖, extreme eigenvalues of T
};

/// `entries` of a bordered matrix, which are lost.
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

/// Where h is least, to rounding.
struct Minimum {
  double mu = 0, quadratic = std::numeric_limits<double>::infinity();  // gᵀ(μI − T)⁻¹g
  double value() const { return mu + quadratic; }
};

/// Every μ tried gives a bound, the least of which is kept; started left of the root, Newton's method approaches it from there.
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

SphereBounds sphere_quadratic_maxima(Index d, const double* M, const double* q, double t) {
  Bordered B = bordered(d, M, q, t);
  const Tridiagonal T = reduce(d, B.entries);
  return {.plus = B.scale * (least_dual(T, 1).value() + B.t), .minus = B.scale * (least_dual(T, -1).value() - B.t)};
}

SphereBounds sphere_quadratic_bounds(Index d, const double* M, const double* q, double t) {
  const Bordered B = bordered(d, M, q, t);
  std::vector<double> work = B.entries;
  const double trivial = of_norms(d, B);
  if (trivial == 0) return {};
  const Tridiagonal T = reduce(d, work);
  const auto bound = [&](double sign) {
    const double value = std::min(trivial, proven(d, B, sign, least_dual(T, sign), work)) * B.scale;
    return value + std::numeric_limits<double>::denorm_min();  // what the scale may have cost
  };
  return {.plus = bound(1), .minus = bound(-1)};
}

}  // namespace neuspec
