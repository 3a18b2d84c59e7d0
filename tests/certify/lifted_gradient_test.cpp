#include "certify/lifted_gradient.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "support/random.hpp"

namespace neuspec {
namespace {

using test::Random;

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

// Σ_i v_i σ(uᵀx_i) for output k, in long double: what uᵀM_k u + q_kᵀu + t_k must be.
long double directly(const Activation& activation, const std::vector<double>& x, const std::vector<double>& v, Index d, Index C, Index k,
                     const std::vector<double>& u) {
  long double sum = 0;
  for (Index i = 0; i < static_cast<Index>(v.size()) / C; ++i) {
    long double h = 0;
    for (Index l = 0; l < d; ++l) h += static_cast<long double>(x[size(i * d + l)]) * u[size(l)];
    sum += v[size(i * C + k)] * ((activation.a * h + activation.b) * h + activation.c);
  }
  return sum;
}

long double through_blocks(const LiftedGradient& gradient, Index k, const std::vector<double>& u) {
  const Index d = gradient.features;
  long double sum = gradient.t[size(k)];
  for (Index j = 0; j < d; ++j) {
    sum += static_cast<long double>(gradient.q[size(k * d + j)]) * u[size(j)];
    for (Index i = j; i < d; ++i)
      sum += (i == j ? 1.0L : 2.0L) * static_cast<long double>(gradient.M[size(k * d * d + j * d + i)]) * u[size(i)] * u[size(j)];
  }
  return sum;
}

TEST(LiftedGradient, ErrorStaysWithinTheStatedRounding) {
  Random random(1);
  for (const auto& [n, d, C] : {std::array<Index, 3>{1, 1, 1}, {7, 3, 2}, {3000, 5, 3}, {700, 130, 2}, {20000, 2, 1}})
    for (const Activation activation : {Activation{}, Activation{1, 0, 0}, Activation{0, 1, 0}, Activation{0, 0, -2}}) {
      const std::vector<double> x = random.normals(n * d), v = random.normals(n * C);
      LiftedGradient gradient(activation, d, C);
      gradient.accumulate(x.data(), d, v.data(), n);
      for (Index k = 0; k < C; ++k) {
        const std::vector<double> u = random.unit(d);
        const long double reference = directly(activation, x, v, d, C, k, u);
        // u itself is a unit vector to rounding only.
        EXPECT_LE(std::abs(static_cast<double>(through_blocks(gradient, k, u) - reference)), gradient.rounding(k)) << n << " " << d << " " << k;
      }
    }
}

TEST(LiftedGradient, RoundingIsSmall) {
  // All of one sign: no cancellation, so the bound must be a few hundred ulps of t.
  Random random(2);
  const std::vector<double> x(60000, 1.0), v(60000, 1.0);
  LiftedGradient gradient({}, 1, 1);
  gradient.accumulate(x.data(), 1, v.data(), 60000);
  EXPECT_NEAR(gradient.M[0], 60000 * 0.09, 60000 * 1e-14);
  EXPECT_LE(gradient.rounding(0), 1e-12 * 60000);
  EXPECT_GT(gradient.rounding(0), 0);
}

TEST(LiftedGradient, ChunksAddUp) {
  Random random(3);
  const Index n = 2000, d = 6, C = 2;
  const std::vector<double> x = random.normals(n * d), v = random.normals(n * C);
  LiftedGradient whole({}, d, C), parts({}, d, C);
  whole.accumulate(x.data(), d, v.data(), n);
  for (Index first = 0; first < n; first += 300) parts.accumulate(x.data() + first * d, d, v.data() + first * C, std::min<Index>(300, n - first));
  const std::vector<double> u = random.unit(d);
  for (Index k = 0; k < C; ++k) {
    EXPECT_NEAR(static_cast<double>(through_blocks(whole, k, u)), static_cast<double>(through_blocks(parts, k, u)), 1e-11);
    EXPECT_NEAR(whole.t[size(k)], parts.t[size(k)], 1e-11);
  }
}

TEST(LiftedGradient, PartsAddUpWithinTheirRounding) {
  Random random(4);
  const Index n = 1500, d = 4, C = 2;
  const std::vector<double> x = random.normals(n * d), v = random.normals(n * C);
  LiftedGradient sum({}, d, C);
  for (Index first = 0; first < n; first += 500) {
    LiftedGradient part({}, d, C);
    part.accumulate(x.data() + first * d, d, v.data() + first * C, 500);
    sum.add(part);
  }
  LiftedGradient whole({}, d, C);
  whole.accumulate(x.data(), d, v.data(), n);
  const std::vector<double> u = random.unit(d);
  for (Index k = 0; k < C; ++k) {
    EXPECT_LE(std::abs(static_cast<double>(through_blocks(sum, k, u) - directly({}, x, v, d, C, k, u))), sum.rounding(k));
    EXPECT_NEAR(sum.rounding(k), whole.rounding(k), 0.1 * whole.rounding(k));
  }
}

TEST(LiftedGradient, NoSamplesAddNothing) {
  LiftedGradient gradient({}, 3, 2);
  gradient.accumulate(nullptr, 3, nullptr, 0);
  for (const double value : gradient.M) EXPECT_EQ(value, 0);
  EXPECT_EQ(gradient.rounding(1), 0);
}

}  // namespace
}  // namespace neuspec
