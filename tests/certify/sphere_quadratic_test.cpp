#include "certify/sphere_quadratic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "certify/sphere_bound.hpp"
#include "support/random.hpp"

namespace neuspec {
namespace {

using test::Random;

double norm(const std::vector<double>& x) {
  double sum = 0;
  for (const double value : x) sum += value * value;
  return std::sqrt(sum);
}

// uᵀMu + qᵀu + t from the lower triangle, in long double.
double value_at(const std::vector<double>& M, const std::vector<double>& q, double t, const std::vector<double>& u) {
  const std::size_t d = q.size();
  long double sum = t;
  for (std::size_t j = 0; j < d; ++j) {
    sum += static_cast<long double>(q[j]) * u[j] + static_cast<long double>(M[j * d + j]) * u[j] * u[j];
    for (std::size_t i = j + 1; i < d; ++i) sum += 2.0L * M[j * d + i] * u[i] * u[j];
  }
  return static_cast<double>(sum);
}

// V diag(lambda) Vᵀ.
std::vector<double> assemble(const std::vector<double>& V, const std::vector<double>& lambda) {
  const std::size_t d = lambda.size();
  std::vector<double> M(d * d);
  for (std::size_t k = 0; k < d; ++k)
    for (std::size_t j = 0; j < d; ++j)
      for (std::size_t i = 0; i < d; ++i) M[j * d + i] += lambda[k] * V[k * d + i] * V[k * d + j];
  return M;
}

struct Solved {
  SphereMaximum plus, minus;
  SphereBounds bounds;
};

// Attained at unit vectors, and the bounds, which come another way, say that nothing is larger. What they allow for is the rounding of a Cholesky
// factorisation, (d + 9)²·2⁻⁵³ a few times.
Solved solve(Index d, const std::vector<double>& M, const std::vector<double>& q, double t, double scale) {
  auto [plus, minus] = sphere_quadratic_extremes(d, M.data(), q.data(), t);
  const SphereBounds bounds = sphere_quadratic_bounds(d, M.data(), q.data(), t);
  EXPECT_NEAR(norm(plus.u), 1.0, 1e-14);
  EXPECT_NEAR(norm(minus.u), 1.0, 1e-14);
  EXPECT_GE(bounds.plus, plus.value);
  EXPECT_GE(bounds.minus, minus.value);
  const double allowed = 2e-15 * static_cast<double>((d + 9) * (d + 9)) * scale;
  EXPECT_LE(bounds.plus - plus.value, allowed);
  EXPECT_LE(bounds.minus - minus.value, allowed);
  const SphereBounds maxima = sphere_quadratic_maxima(d, M.data(), q.data(), t);
  EXPECT_NEAR(maxima.plus, plus.value, 1e-14 * static_cast<double>(d + 20) * scale);
  EXPECT_NEAR(maxima.minus, minus.value, 1e-14 * static_cast<double>(d + 20) * scale);
  return {std::move(plus), std::move(minus), bounds};
}

double maximum_of(Index d, const std::vector<double>& M, const std::vector<double>& q, double t, double scale) {
  return solve(d, M, q, t, scale).plus.value;
}

std::vector<double> diagonal_matrix(const std::vector<double>& entries) {
  std::vector<double> M(entries.size() * entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) M[i * entries.size() + i] = entries[i];
  return M;
}

TEST(SphereQuadratic, ClosedForms) {
  const std::vector<double> q{2, -1, 2}, zero(3);
  EXPECT_NEAR(maximum_of(3, std::vector<double>(9), q, 0.5, 4), 3.5, 1e-15);       // linear: ‖q‖ + t
  EXPECT_NEAR(maximum_of(3, std::vector<double>(9), zero, 0.5, 1), 0.5, 0);        // constant
  EXPECT_NEAR(maximum_of(3, diagonal_matrix({1, 4, -7}), zero, -1, 8), 3, 1e-15);  // largest eigenvalue
  EXPECT_NEAR(maximum_of(3, diagonal_matrix({2, 2, 2}), q, 1, 6), 6, 1e-14);       // multiple top eigenvalue: λ + ‖q‖ + t
  EXPECT_NEAR(maximum_of(1, {-3}, {-2}, 1, 6), 0, 1e-15);                          // d = 1: M + |q| + t
}

// docs/mathematics.md section 7: R(p vvᵀ, q u) = (p² + 2pq + 2q²)/(p + 2q) for u ⊥ v. The primal optimum has neurons (c u ± √(1−c²) v) and, negative,
// −u, with c = q/(p+q); the dual optimum (M, r), |xᵀMx + rᵀx| ≤ 1 on the sphere, touches +1 and −1 there.
TEST(SphereQuadratic, DualOfTheClosedFormForOrthogonalParts) {
  Random random(7);
  for (const auto& [p, q] : {std::pair{1.0, 1.0}, {3.0, 0.2}, {0.1, 2.0}}) {
    const double c = q / (p + q), difference = -2 / ((1 + c) * (1 + c)), slope = -2 * difference * c, along_u = slope - 1;
    const double along_rest = along_u - difference;
    const std::vector<double> V = random.orthogonal(4), u(V.begin(), V.begin() + 4);
    const std::vector<double> M = assemble(V, {along_u, along_rest, along_rest, along_rest});
    std::vector<double> r = u;
    for (double& value : r) value *= slope;
    const auto [plus, minus, bounds] = solve(4, M, r, 0, 3);
    EXPECT_NEAR(plus.value, 1, 1e-14);
    EXPECT_NEAR(minus.value, 1, 1e-14);
    EXPECT_NEAR(bounds.plus, 1, 1e-13);
    EXPECT_NEAR(bounds.minus, 1, 1e-13);
    EXPECT_NEAR(p * along_rest + q * slope, (p * p + 2 * p * q + 2 * q * q) / (p + 2 * q), 1e-14);
    double cosine = 0, opposite = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      cosine += plus.u[i] * u[i];
      opposite += minus.u[i] * u[i];
    }
    EXPECT_NEAR(cosine, c, 1e-7);
    EXPECT_NEAR(opposite, -1, 1e-14);
  }
}

TEST(SphereQuadratic, ZeroProblemHasAUnitMaximiser) {
  const auto [plus, minus, bounds] = solve(4, std::vector<double>(16), std::vector<double>(4), 0, 1);
  EXPECT_EQ(plus.value, 0);
  EXPECT_EQ(minus.value, 0);
  EXPECT_NEAR(norm(plus.u), 1, 1e-15);
  EXPECT_NEAR(bounds.plus, 0, 1e-300);
  EXPECT_NEAR(bounds.minus, 0, 1e-300);
}

TEST(SphereQuadratic, HardCaseFillsTheTopEigenvector) {
  // q ⊥ top eigenvector and short: z_1 = g_1/(λ_max − λ_1) = 1/4, value λ_max + g_1²/(λ_max − λ_1).
  const SphereMaximum maximum = sphere_quadratic_max(std::vector<double>{-1, 3}, std::vector<double>{1, 0}, 0);
  EXPECT_NEAR(maximum.value, 3.25, 1e-15);
  EXPECT_NEAR(maximum.u[0], 0.25, 1e-15);
  EXPECT_NEAR(norm(maximum.u), 1, 1e-15);
  EXPECT_NEAR(solve(2, diagonal_matrix({-1, 3}), {2, 0}, 0, 4).bounds.plus, 3.25, 1e-12);
}

TEST(SphereQuadratic, OrthogonalToTheTopButLongIsNotHard) {
  // δ = 4: ‖z‖ = 8/8
  const SphereMaximum maximum = sphere_quadratic_max(std::vector<double>{-1, 3}, std::vector<double>{8, 0}, 0);
  EXPECT_NEAR(maximum.value, -1 + 16, 1e-14);
  EXPECT_NEAR(maximum.u[0], 1, 1e-15);
  EXPECT_NEAR(solve(2, diagonal_matrix({-1, 3}), {16, 0}, 0, 20).bounds.plus, 15, 1e-11);
}

TEST(SphereQuadratic, NearHardCasesConverge) {
  for (int exponent = 0; exponent > -320; exponent -= 3) {
    const double tiny = std::pow(10.0, exponent);
    for (const double other : {0.3, 3.999999999, 4.0, 4.000000001, 40.0}) {
      SCOPED_TRACE(testing::Message() << "g_top " << tiny << ", g_1 " << other);
      const std::vector<double> lambda{-1, 3 - tiny, 3}, g{other, 0.1 * tiny, tiny};
      const SphereMaximum maximum = sphere_quadratic_max(lambda, g, 0.25);
      double value = 0.25;
      for (std::size_t i = 0; i < 3; ++i) value += maximum.u[i] * (lambda[i] * maximum.u[i] + 2 * g[i]);
      EXPECT_NEAR(value, maximum.value, 1e-14 * (10 + other));
      EXPECT_NEAR(norm(maximum.u), 1.0, 1e-14);
      std::vector<double> q = g;
      for (double& entry : q) entry *= 2;
      const Solved solved = solve(3, diagonal_matrix(lambda), q, 0.25, 10 + other);
      EXPECT_NEAR(solved.plus.value, maximum.value, 1e-14 * (10 + other));
      EXPECT_LE(solved.bounds.plus - solved.plus.value, 2e-13 * (10 + other));
    }
  }
}

// Eigenvalues that the first reflections do not see, clusters at both ends, and gradients nearly orthogonal to them.
TEST(SphereQuadratic, NearHardCasesOfManyFeatures) {
  Random random(8);
  for (const Index d : {3, 9, 25, 64}) {
    const std::vector<double> V = random.orthogonal(d);
    for (const double tiny : {1e-1, 1e-4, 1e-8, 1e-12, 1e-15, 0.0}) {
      for (const double length : {1e-9, 0.5, 30.0}) {
        const auto size = static_cast<std::size_t>(d);
        std::vector<double> lambda(size), q(size);
        for (std::size_t i = 0; i < size; ++i) lambda[i] = 2 * i < size ? -1 + tiny * static_cast<double>(i) : 3 - tiny * static_cast<double>(i % 3);
        for (std::size_t k = 0; k < size; ++k)
          for (std::size_t i = 0; i < size; ++i) q[i] += length * (lambda[k] > 1 || k == 0 ? tiny : 1.0) * V[k * size + i];
        solve(d, assemble(V, lambda), q, -0.4, 4 + length * std::sqrt(static_cast<double>(d)));
      }
    }
  }
}

TEST(SphereQuadratic, DenseGridInThePlane) {
  Random random(1);
  for (int trial = 0; trial < 50; ++trial) {
    const std::vector<double> M = random.normals(4), q = random.normals(2);
    const Solved solved = solve(2, M, q, 0.3, 10);
    double best = -1e300;
    for (int i = 0; i < 20000; ++i) {
      const double angle = 2 * std::numbers::pi * i / 20000;
      best = std::max(best, value_at(M, q, 0.3, {std::cos(angle), std::sin(angle)}));
    }
    EXPECT_LE(best, solved.bounds.plus);
    EXPECT_NEAR(best, solved.plus.value, 1e-6);
  }
}

TEST(SphereQuadratic, NoSampleExceedsTheBound) {
  Random random(2);
  for (const Index d : {1, 2, 3, 7, 20, 60, 150}) {
    const std::vector<double> M = random.normals(d * d), q = random.normals(d);
    const auto [plus, minus, bounds] = solve(d, M, q, -0.2, 4 * std::sqrt(static_cast<double>(d)));
    EXPECT_NEAR(value_at(M, q, -0.2, plus.u), plus.value, 1e-13 * static_cast<double>(d));
    EXPECT_NEAR(-value_at(M, q, -0.2, minus.u), minus.value, 1e-13 * static_cast<double>(d));
    for (int sample = 0; sample < 500; ++sample) {
      // Half of them near the maximisers, where a wrong bound would show.
      std::vector<double> u = random.unit(d);
      const double step = std::pow(10.0, -3.0 * (1 + sample % 5));
      if (sample % 2 == 0)
        for (std::size_t i = 0; i < u.size(); ++i) u[i] = (sample % 4 == 0 ? plus.u[i] : minus.u[i]) + step * u[i];
      const double length = norm(u);
      for (double& value : u) value /= length;
      const double value = value_at(M, q, -0.2, u);
      EXPECT_LE(value, bounds.plus);
      EXPECT_LE(-value, bounds.minus);
    }
  }
}

TEST(SphereQuadratic, MaximiserIsStationary) {
  Random random(3);
  for (int trial = 0; trial < 20; ++trial) {
    const Index d = random.index(2, 30);
    std::vector<double> lambda = random.normals(d), g = random.normals(d);
    std::sort(lambda.begin(), lambda.end());
    const SphereMaximum maximum = sphere_quadratic_max(lambda, g, 0);
    // λ_i z_i + g_i = μ z_i with one μ ≥ λ_max for all i.
    double mu = 0;
    for (std::size_t i = 0; i < lambda.size(); ++i) mu += maximum.u[i] * (lambda[i] * maximum.u[i] + g[i]);
    EXPECT_GE(mu, lambda.back());
    for (std::size_t i = 0; i < lambda.size(); ++i) EXPECT_NEAR(lambda[i] * maximum.u[i] + g[i], mu * maximum.u[i], 1e-11);
  }
}

TEST(SphereQuadratic, TiesAnywhereOnTheDiagonal) {
  Random random(4);
  const std::vector<double> V = random.orthogonal(6), q = random.normals(6);
  for (const std::vector<double>& lambda :
       {std::vector<double>{1, 1, 1, 1, 1, 1}, {-2, -2, 0, 0, 5, 5}, {-3, 0, 0, 0, 0, 0}, {-1, -1, -1, -1, -1, 2}}) {
    const std::vector<double> M = assemble(V, lambda);
    solve(6, M, q, 0, 20);
  }
}

TEST(SphereQuadratic, SpanAndMatrixVersionsAgree) {
  Random random(5);
  for (int trial = 0; trial < 10; ++trial) {
    const std::vector<double> V = random.orthogonal(8), g = random.normals(8);
    std::vector<double> lambda = random.normals(8), q(8);
    std::sort(lambda.begin(), lambda.end());
    for (std::size_t k = 0; k < 8; ++k)
      for (std::size_t i = 0; i < 8; ++i) q[i] += 2 * g[k] * V[k * 8 + i];
    const std::vector<double> M = assemble(V, lambda);
    EXPECT_NEAR(sphere_quadratic_max(lambda, g, 0.1).value, maximum_of(8, M, q, 0.1, 10), 1e-13);
  }
}

TEST(SphereQuadratic, ScalesFromTinyToHuge) {
  Random random(6);
  const std::vector<double> M = random.normals(25), q = random.normals(5);
  const std::vector<double> none(5);
  const double reference = maximum_of(5, M, q, 0.7, 10), quadratic = maximum_of(5, M, none, 0, 10);
  for (const double scale : {1e-300, 1e-150, 1e-30, 1e30, 1e150, 1e300}) {
    std::vector<double> scaled_M = M, scaled_q = q;
    for (double& value : scaled_M) value *= scale;
    for (double& value : scaled_q) value *= scale;
    const Solved solved = solve(5, scaled_M, scaled_q, 0.7 * scale, 10 * scale);
    EXPECT_NEAR(solved.plus.value / scale, reference, 1e-13);
    EXPECT_NEAR(solved.bounds.plus / scale, reference, 1e-12);
    // The linear part may dwarf the quadratic one and the other way round, and the constant both.
    const double larger = std::max(scale, 1.0);
    EXPECT_NEAR(sphere_quadratic_bounds(5, scaled_M.data(), q.data(), 0).plus / larger, scale > 1 ? quadratic : norm(q), 1e-12);
    if (scale < 1) {
      EXPECT_NEAR(sphere_quadratic_bounds(5, scaled_M.data(), scaled_q.data(), 1e10).plus / 1e10, 1, 1e-13);
    }
  }
}

}  // namespace
}  // namespace neuspec
