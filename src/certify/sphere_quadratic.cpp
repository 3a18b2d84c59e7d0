#include "certify/sphere_quadratic.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "device/lapack.hpp"
#include "numeric/compensated_sum.hpp"

namespace neuspec {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

// With δ = μ − λ_max ≥ 0 and gaps γ_i = λ_max − λ_i the stationary point is z_i = g_i/(δ + γ_i). In δ the equation keeps full
// relative accuracy however close μ is to λ_max, which is what the hard case needs.
struct Secular {
  double square_sum = 0;  // Σ z_i²
  double slope_sum = 0;   // Σ z_i²/(δ + γ_i)
};

Secular evaluate(std::span<const double> lambda, std::span<const double> g, double delta) {
  const double top = lambda.back();
  const std::size_t d = lambda.size();
  double square_sum = 0, slope_sum = 0;
#pragma omp simd reduction(+ : square_sum, slope_sum)
  for (std::size_t i = 0; i < d; ++i) {
    const double inverse = 1.0 / (delta + (top - lambda[i]));
    const double z = g[i] * inverse;
    square_sum += z * z;
    slope_sum += z * z * inverse;
  }
  return {.square_sum = square_sum, .slope_sum = slope_sum};
}

// The root δ of ‖z(δ)‖ = 1, or the smallest positive δ that can matter where there is none (the hard case). 1/‖z‖ is increasing
// and concave in δ, so Newton's method started left of the root approaches it monotonically and needs no bracket on that side.
double secular_root(std::span<const double> lambda, std::span<const double> g, double scale) {
  const double top = lambda.back();
  double left = std::max(1e-25 * scale, std::numeric_limits<double>::min()), largest = 0;
  for (std::size_t i = 0; i < g.size(); ++i) {
    left = std::max(left, std::abs(g[i]) - (top - lambda[i]));  // |z_i| ≤ 1
    largest = std::max(largest, std::abs(g[i]));
  }
  const double right = std::max(left, std::sqrt(static_cast<double>(g.size())) * largest);  // ‖z‖ ≤ ‖g‖/δ
  double delta = left;
  for (int iteration = 0; iteration < 100; ++iteration) {
    const Secular at = evaluate(lambda, g, delta);
    const double norm = std::sqrt(at.square_sum);
    if (norm <= 1.0 + 4.0 * kEpsilon) break;
    const double next = std::min(right, delta + (norm - 1.0) * at.square_sum / at.slope_sum);
    if (next <= delta) break;
    delta = next;
  }
  return delta;
}

// Value at u in the original coordinates, after normalising u.
void attain(Index d, const double* M, const double* q, double t, SphereMaximum& result) {
  const double norm = norm_of(result.u);
  for (double& value : result.u) value /= norm;
  std::vector<double> product(static_cast<std::size_t>(d));
  lapack::symm(d, 1, 1.0, M, d, result.u.data(), d, 0.0, product.data(), d);
  CompensatedSum sum;
  sum.add(t);
  for (std::size_t i = 0; i < product.size(); ++i) sum.add(result.u[i] * (product[i] + q[i]));
  result.value = sum.value();
}

struct Eigenbasis {
  std::vector<double> vectors, lambda, g;  // g = Vᵀq/2
};

Eigenbasis eigenbasis(Index d, const double* M, const double* q) {
  const auto size = static_cast<std::size_t>(d);
  Eigenbasis basis{.vectors = std::vector<double>(M, M + d * d), .lambda = std::vector<double>(size), .g = std::vector<double>(size)};
  std::vector<double> work;
  std::vector<int> iwork;
  if (lapack::syevd(true, d, basis.vectors.data(), d, basis.lambda.data(), work, iwork) != 0)
    throw DataError("the eigendecomposition of the lifted gradient did not converge");
  lapack::gemv('T', d, d, 0.5, basis.vectors.data(), d, q, 0.0, basis.g.data());
  return basis;
}

// From the eigenbasis back to the coordinates of M.
SphereMaximum lift_back(Index d, const double* M, const double* q, double t, const Eigenbasis& basis, SphereMaximum in_basis) {
  const std::vector<double> z = std::move(in_basis.u);
  in_basis.u.assign(z.size(), 0.0);
  lapack::gemv('N', d, d, 1.0, basis.vectors.data(), d, z.data(), 0.0, in_basis.u.data());
  attain(d, M, q, t, in_basis);
  return in_basis;
}

}  // namespace

double norm_of(std::span<const double> x) {
  double largest = 0, sum = 0;
  for (const double value : x) largest = std::max(largest, std::abs(value));
  if (largest == 0) return 0;
  for (const double value : x) sum += (value / largest) * (value / largest);
  return largest * std::sqrt(sum);
}

SphereMaximum sphere_quadratic_max(std::span<const double> lambda, std::span<const double> g, double t) {
  const std::size_t d = lambda.size();
  const double top = lambda.back();
  double scale = std::max(std::abs(lambda.front()), std::abs(top));
  for (const double value : g) scale = std::max(scale, std::abs(value));
  const double delta = secular_root(lambda, g, scale);

  const double square_sum = evaluate(lambda, g, delta).square_sum;
  // Left of the unit sphere only in the hard case: the rest of the length goes into the top eigenvector.
  const double shrink = square_sum > 1.0 ? 1.0 / std::sqrt(square_sum) : 1.0;
  const double missing = std::max(0.0, 1.0 - square_sum);

  SphereMaximum result{.u = std::vector<double>(d)};
  CompensatedSum value;
  value.add(t);
  value.add(top);
  for (std::size_t i = 0; i < d; ++i) {
    const double gap = top - lambda[i];
    double z = shrink * g[i] / (delta + gap);
    if (i + 1 == d) z = std::copysign(std::sqrt(z * z + missing), g[i]);
    value.add(z * (2.0 * g[i] - gap * z));
    result.u[i] = z;
  }
  result.value = value.value();
  return result;
}

std::pair<SphereMaximum, SphereMaximum> sphere_quadratic_extremes(Index d, const double* M, const double* q, double t) {
  const Eigenbasis basis = eigenbasis(d, M, q);
  SphereMaximum plus = lift_back(d, M, q, t, basis, sphere_quadratic_max(basis.lambda, basis.g, t));

  // The maximum of the negative: eigenvalues −λ ascending means everything in reverse.
  std::vector<double> lambda(basis.lambda.rbegin(), basis.lambda.rend()), g(basis.g.rbegin(), basis.g.rend());
  for (double& value : lambda) value = -value;
  for (double& value : g) value = -value;
  SphereMaximum negative = sphere_quadratic_max(lambda, g, -t);
  std::reverse(negative.u.begin(), negative.u.end());
  SphereMaximum minus = lift_back(d, M, q, t, basis, std::move(negative));
  minus.value = -minus.value;
  return {std::move(plus), std::move(minus)};
}

}  // namespace neuspec
