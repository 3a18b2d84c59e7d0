#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>

#include "explain/attack.hpp"
#include "neuspec/explain.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

using test::Crossing;
using test::Random;
using test::Vector;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Vector row(const Vector& x, std::size_t i, Index d) {
  const auto begin = x.begin() + static_cast<Index>(i) * d;
  return {begin, begin + d};
}

/// The magnitude of the terms of f around a sample: what rounding is relative to.
double terms(const Network& network, const Vector& x) { return network.penalty() * (1 + test::dot(x, x)); }

/// The change is as long as said, no shorter than proven, and reaches the other side.
void expect_attained(const Network& network, const Vector& x, const Flip& flip) {
  ASSERT_EQ(flip.delta.size(), x.size());
  EXPECT_LE(test::norm(flip.delta), flip.distance);
  EXPECT_GE(test::norm(flip.delta), flip.distance * (1 - 1e-12));
  EXPECT_LE(flip.lower_bound, flip.distance);
  const Crossing h{network, flip.prediction, flip.competitor};
  const Vector reached = test::moved(x, 1, flip.delta);
  EXPECT_GE(h(reached), 0);
  EXPECT_LE(h(reached), 1e-12 * terms(network, reached) + 1e-12 * terms(network, x));
  for (Index k = 0; k < network.outputs && network.outputs > 1; ++k)
    EXPECT_LE(test::value_of(network, k, reached), test::value_of(network, flip.competitor, reached) + 1e-12 * terms(network, reached));
}

TEST(SmallestFlips, RandomNetworksOfOneToFortyFeatures) {
  Random random(1);
  int finite = 0;
  for (Index d = 1; d <= 40; ++d) {
    for (const auto& [C, m] : {std::pair<Index, Index>{1, d / 2 + 1}, {1, 2 * d}, {2, d + 2}, {5, 3 * d + 5}}) {
      const Network network = random.network(d % 3 == 0 ? Activation{1, 0, 0.1} : Activation{}, d, C, m);
      const Vector x = random.normals(d * 20);
      const std::vector<Flip> flips = smallest_flips(quadratic_form(network), x.data(), 20, true);
      ASSERT_EQ(flips.size(), 20U);
      for (std::size_t i = 0; i < 20; ++i) {
        const Flip& flip = flips[i];
        const Vector sample = row(x, i, d);
        if (std::isinf(flip.distance)) {
          EXPECT_EQ(flip.competitor, flip.prediction);
          EXPECT_TRUE(flip.delta.empty());
          continue;
        }
        ++finite;
        expect_attained(network, sample, flip);
        EXPECT_GE(flip.lower_bound, flip.distance * (1 - 1e-8));
        const Vector beyond = test::moved(sample, 1 + 1e-6, flip.delta);
        EXPECT_GT(Crossing({network, flip.prediction, flip.competitor})(beyond), 0);
        const Vector before = test::moved(sample, 1 - 1e-6, flip.delta);
        EXPECT_LT(Crossing({network, flip.prediction, flip.competitor})(before), 0);
      }
    }
  }
  EXPECT_GT(finite, 3000);
}

TEST(SmallestFlips, NoAttackIsShorterAndTheBestIsAsShort) {
  Random random(2);
  int attained = 0;
  for (const auto& [d, C, m] : {std::array<Index, 3>{1, 1, 2}, {2, 1, 5}, {4, 1, 9}, {8, 1, 12}, {3, 3, 12}, {6, 4, 30}}) {
    const Network network = random.network({}, d, C, m);
    const Vector x = random.normals(d * 6);
    const std::vector<Flip> flips = smallest_flips(quadratic_form(network), x.data(), 6, true);
    for (std::size_t i = 0; i < 6; ++i) {
      const Flip& flip = flips[i];
      double best = kInfinity;
      if (C == 1) best = test::attack({network, flip.prediction, -flip.prediction}, row(x, i, d), random, 30);
      for (Index k = 0; k < C && C > 1; ++k)
        if (k != flip.prediction) best = std::min(best, test::attack({network, flip.prediction, k}, row(x, i, d), random, 30));
      EXPECT_GE(best, flip.lower_bound);
      EXPECT_GE(best, flip.distance * (1 - 1e-9));
      if (std::isfinite(best)) {
        ++attained;
        EXPECT_LE(best, flip.distance * (1 + 1e-6)) << d << " features, " << C << " outputs, sample " << i;
      } else {
        EXPECT_EQ(flip.distance, kInfinity);
      }
    }
  }
  EXPECT_GE(attained, 30);
}

TEST(SmallestFlips, OfALinearNetworkIsTheDistanceToAPlane) {
  Random random(3);
  for (const Index d : {1, 5, 30}) {
    const Network network = random.network({0, 1, 0}, d, 1, 7);
    const QuadraticOutput form = quadratic_form(network).front();
    const Vector x = random.normals(d * 10);
    const std::vector<Flip> flips = smallest_flips({form}, x.data(), 10);
    for (std::size_t i = 0; i < 10; ++i) {
      const double f = test::value_of(network, 0, row(x, i, d)), expected = std::abs(f) / test::norm(form.q);
      EXPECT_NEAR(flips[i].distance, expected, 1e-12 * (1 + expected));
      EXPECT_LE(flips[i].lower_bound, flips[i].distance);
      EXPECT_EQ(flips[i].prediction, f >= 0 ? 1 : -1);
      EXPECT_EQ(flips[i].competitor, -flips[i].prediction);
      EXPECT_TRUE(flips[i].delta.empty()) << "not asked for";
    }
  }
}

// x² − 1, one feature: the roots are at ±1.
TEST(SmallestFlips, OneFeature) {
  const Vector x{0, 0.5, 1, -3, 2.5, -0.25};
  const std::vector<Flip> flips = smallest_flips({{.Q = {1}, .q = {0}, .s = -1}}, x.data(), 6, true);
  const double expected[] = {1, 0.5, 0, 2, 1.5, 0.75};
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(flips[i].distance, expected[i], 1e-12);
    EXPECT_GE(flips[i].lower_bound, expected[i] - 1e-6);
    EXPECT_LE(flips[i].lower_bound, expected[i] + 1e-15);
    EXPECT_EQ(flips[i].prediction, std::abs(x[i]) >= 1 ? 1 : -1);
    EXPECT_NEAR(std::abs(x[i] + (flips[i].delta.empty() ? 0 : flips[i].delta[0])), 1, 1e-12);
  }
}

// At the centre of an ellipsoid and on its axes the way out is along another axis: the hard case, rotated.
TEST(SmallestFlips, FromTheCentreOfSymmetry) {
  Random random(4);
  for (const Index d : {2, 9, 40}) {
    const Vector V = random.orthogonal(d);
    QuadraticOutput form{.Q = Vector(static_cast<std::size_t>(d * d)), .q = Vector(static_cast<std::size_t>(d)), .s = -4};
    const auto n = static_cast<std::size_t>(d);
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t j = 0; j < n; ++j)
        for (std::size_t i = 0; i < n; ++i) form.Q[j * n + i] += (k == 0 ? 1 : 0.25) * V[k * n + i] * V[k * n + j];
    Vector x(2 * n);
    for (std::size_t i = 0; i < n; ++i) x[n + i] = V[n + i];  // one unit along a long half-axis of 4; the short one has 2
    const std::vector<Flip> flips = smallest_flips({form}, x.data(), 2, true);
    EXPECT_NEAR(flips[0].distance, 2, 1e-11);
    // Nearest point of z₀² + z₁²/4 = 4 to (0, 1): stationary where z₁ = 1/(1 − ¼) = 4/3.
    EXPECT_NEAR(flips[1].distance, std::sqrt(4 - 4.0 / 9 + 1.0 / 9), 1e-7);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_GE(flips[i].lower_bound, flips[i].distance * (1 - 1e-6));
      EXPECT_LE(flips[i].lower_bound, flips[i].distance);
      const Vector y = test::moved(row(x, i, d), 1, flips[i].delta);
      double value = form.s;
      for (std::size_t j = 0; j < n; ++j)
        for (std::size_t k = 0; k < n; ++k) value += y[j] * form.Q[j * n + k] * y[k];
      EXPECT_NEAR(value, 0, 1e-10);
    }
  }
}

TEST(SmallestFlips, SignThatCannotBeReached) {
  Random random(5);
  for (const Index d : {1, 6, 40}) {
    Network network = random.network({1, 0.5, 0.2}, d, 1, 3 * d);  // σ ≥ 0.2 − 1/16
    for (double& alpha : network.weights) alpha = std::abs(alpha) + 0.1;
    const Vector x = random.normals(d * 5);
    for (const Flip& flip : smallest_flips(quadratic_form(network), x.data(), 5, true)) {
      EXPECT_EQ(flip.distance, kInfinity);
      EXPECT_EQ(flip.lower_bound, kInfinity) << "Q is positive definite: proven";
      EXPECT_EQ(flip.prediction, 1);
      EXPECT_EQ(flip.competitor, 1);
      EXPECT_TRUE(flip.delta.empty());
    }
    if (d == 1) continue;
    network.directions.resize(static_cast<std::size_t>(d));
    network.weights.resize(1);
    network.output.resize(1);
    for (const Flip& flip : smallest_flips(quadratic_form(network), x.data(), 5)) {
      EXPECT_EQ(flip.distance, kInfinity);
      EXPECT_GT(flip.lower_bound, 1e4) << "one neuron: Q has rank 1, its zeros are known to rounding";
    }
  }
}

TEST(SmallestFlips, ZeroNetworkIsOnTheBoundaryEverywhere) {
  const Vector x{1, 2, 3};
  for (const Index outputs : {1, 3}) {
    const Network network{.activation = {}, .features = 3, .outputs = outputs, .directions = {}, .weights = {}, .output = {}};
    const Flip flip = smallest_flips(quadratic_form(network), x.data(), 1, true).front();
    EXPECT_EQ(flip.distance, 0);
    EXPECT_EQ(flip.lower_bound, 0);
    EXPECT_EQ(flip.prediction, outputs == 1 ? 1 : 0);
    EXPECT_EQ(flip.competitor, outputs == 1 ? -1 : 1);
  }
  // A constant never changes.
  EXPECT_EQ(smallest_flips({{.Q = Vector(9), .q = Vector(3), .s = -2}}, x.data(), 1).front().lower_bound, kInfinity);
  EXPECT_TRUE(smallest_flips({{.Q = Vector(9), .q = Vector(3), .s = -2}}, x.data(), 0).empty());
}

TEST(SmallestFlips, TiesAndTwins) {
  // f₀ = x₁, f₁ = x₂, f₂ = f₁ once more, f₃ below all of them.
  const Vector zero(4);
  const std::vector<QuadraticOutput> outputs{
      {.Q = zero, .q = {1, 0}}, {.Q = zero, .q = {0, 1}}, {.Q = zero, .q = {0, 1}}, {.Q = zero, .q = {0, 1}, .s = -9}};
  const Vector x{3, 1, 2, 2, 0, 5};
  const std::vector<Flip> flips = smallest_flips(outputs, x.data(), 3);
  EXPECT_EQ(flips[0].prediction, 0);
  EXPECT_EQ(flips[0].competitor, 1) << "the first of the twins";
  EXPECT_NEAR(flips[0].distance, std::sqrt(2.0), 1e-12);
  EXPECT_EQ(flips[1].prediction, 0) << "the first of three equal ones";
  EXPECT_NEAR(flips[1].distance, 0, 1e-12);
  EXPECT_EQ(flips[2].prediction, 1);
  EXPECT_EQ(flips[2].competitor, 2) << "the twin is equal everywhere";
  EXPECT_EQ(flips[2].distance, 0);
  // Two parallel outputs alone: neither ever becomes the other.
  EXPECT_EQ(smallest_flips({outputs[1], outputs[3]}, x.data(), 1).front().lower_bound, kInfinity);
}

TEST(SmallestFlips, SameBitsForEveryNumberOfThreads) {
  Random random(6);
  const Network network = random.network({}, 12, 3, 40);
  const Vector x = random.normals(network.features * 1000);
  const std::vector<QuadraticOutput> outputs = quadratic_form(network);
  std::vector<Flip> reference;
  {
    const ThreadScope scope(1);
    reference = smallest_flips(outputs, x.data(), 1000, true);
  }
  for (const int threads : {2, 3, 5}) {
    const ThreadScope scope(threads);
    const std::vector<Flip> flips = smallest_flips(outputs, x.data(), 1000, true);
    for (std::size_t i = 0; i < flips.size(); ++i) {
      ASSERT_EQ(flips[i].distance, reference[i].distance);
      ASSERT_EQ(flips[i].lower_bound, reference[i].lower_bound);
      ASSERT_EQ(flips[i].competitor, reference[i].competitor);
      ASSERT_EQ(flips[i].delta, reference[i].delta);
    }
  }
}

}  // namespace
}  // namespace neuspec
