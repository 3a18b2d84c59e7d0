#include "explain/nearest_zero.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "explain/attack.hpp"

namespace neuspec {
namespace {

using test::Random;
using test::Vector;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Solved {
  NearestZero nearest;
  Vector y;
  double missed = 0;  // |Σ λ y² + p y − r| against the sum of the magnitudes
};

Solved solve(const Vector& lambda, const Vector& p, double r, const Uncertainty& uncertainty = {}) {
  Solved solved;
  solved.nearest = nearest_zero(lambda, p, r, uncertainty, solved.y);
  long double sum = -r, magnitude = std::abs(r);
  for (std::size_t i = 0; i < p.size(); ++i) {
    const long double y = solved.y[i], square = lambda[i] * y * y, linear = p[i] * y;
    sum += square + linear;
    magnitude += std::abs(square) + std::abs(linear);
  }
  solved.missed = static_cast<double>(std::abs(sum) / magnitude);
  return solved;
}

void expect_solved(const Solved& solved, double distance, double precision = 1e-13) {
  EXPECT_NEAR(solved.nearest.distance, distance, precision * distance);
  EXPECT_NEAR(test::norm(solved.y), solved.nearest.distance, 1e-14 * distance);
  EXPECT_LE(solved.missed, 1e-14);
  EXPECT_LE(solved.nearest.lower_bound, solved.nearest.distance);
  EXPECT_GE(solved.nearest.lower_bound, solved.nearest.distance * (1 - precision));
}

/// d = 2 by brute force: the nearest crossing over all directions, the best refined.
double by_angles(const Vector& lambda, const Vector& p, double r) {
  const auto crossing = [&](double angle) {
    const double u = std::cos(angle), v = std::sin(angle), a = lambda[0] * u * u + lambda[1] * v * v, b = p[0] * u + p[1] * v;
    const double discriminant = b * b + 4 * a * r;
    if (discriminant < 0) return kInfinity;
    const double denominator = b + std::sqrt(discriminant);  // the smaller positive root of a t² + b t = r
    return denominator > 0 ? 2 * r / denominator : kInfinity;
  };
  constexpr int count = 20000;
  double best = 0;
  for (int k = 1; k < count; ++k)
    if (crossing(k * 2 * std::numbers::pi / count) < crossing(best)) best = k * 2 * std::numbers::pi / count;
  for (double step = 2 * std::numbers::pi / count; step > 1e-12; step *= 0.7)
    for (const double angle : {best - step, best + step})
      if (crossing(angle) < crossing(best)) best = angle;
  return crossing(best);
}

TEST(NearestZero, ClosedForms) {
  expect_solved(solve({0, 0, 0}, {2, -1, 2}, 6), 2);                          // linear: r/‖p‖
  expect_solved(solve({4, 1, -9}, {0, 0, 0}, 36), 3);                         // pure quadratic: √(r/λ_max)
  expect_solved(solve({5, 5, 5}, {0, 0, 0}, 5), 1);                           // every direction is as good
  expect_solved(solve({2, 2}, {3, 4}, 7), 1);                                 // 2t² + 5t = 7
  expect_solved(solve({-1, -1}, {3, 4}, 6), 2);                               // −t² + 5t = 6: the first of two
  expect_solved(solve({1}, {-4}, 5), 1);                                      // t² − 4t = 5: t = −1, not 5
  expect_solved(solve({1, 0}, {0, 1}, 1.25), 1);                              // hard: ν = 1, y₂ = ½, y₁² = 1.25 − ½
  expect_solved(solve({3, 1}, {0, 4}, 7), std::sqrt(1 + (7.0 - 1 - 4) / 3));  // hard: y₂ = 4/(2(3 − 1)) = 1
  EXPECT_EQ(solve({1, 2}, {3, 4}, 0).nearest.distance, 0);                    // already there
}

TEST(NearestZero, JustBesideTheHardCase) {
  for (const double slope : {1e-3, 1e-8, 1e-14, 1e-30, 1e-120, 1e-300})
    expect_solved(solve({3, 1}, {slope, 4}, 7), std::sqrt(1 + (7.0 - 1 - 4) / 3), 1e-13 + 2 * slope);
  // λ_max twice, as good as twice, and with the slope in the other one.
  for (const double gap : {0.0, 1e-16, 1e-12}) expect_solved(solve({3, 3 - 3 * gap, 1}, {0, 0, 4}, 7), std::sqrt(1 + 2.0 / 3), 1e-11);
  expect_solved(solve({3, 3}, {0, 4}, 7), 1);
}

TEST(NearestZero, CannotReach) {
  for (const auto& [lambda, p, r] :
       {std::tuple<Vector, Vector, double>{{-1, -2}, {0, 0}, 1}, {{-1, -1}, {3, 4}, 6.26}, {{0, -1}, {0, 1}, 1}, {{0}, {0}, 1}}) {
    const Solved solved = solve(lambda, p, r);
    EXPECT_EQ(solved.nearest.distance, kInfinity);
    EXPECT_EQ(solved.nearest.lower_bound, kInfinity);
    EXPECT_EQ(solved.y, Vector(p.size()));
  }
  expect_solved(solve({-1, -1}, {3, 4}, 6.249), (5 - std::sqrt(25 - 4 * 6.249)) / 2, 1e-10);  // all but touching: −t² + 5t = 6.249
  expect_solved(solve({0, -1}, {1e-9, 1}, 1), 0.75e9, 1e-8);                                  // far along the slope alone
}

TEST(NearestZero, MaximumThatTouchesIsReached) {
  const Solved solved = solve({-1, -1}, {3, 4}, 6.25);
  EXPECT_NEAR(solved.nearest.distance, 2.5, 1e-7);
  EXPECT_LE(solved.missed, 1e-15);
  EXPECT_LE(solved.nearest.lower_bound, solved.nearest.distance);
  EXPECT_GE(solved.nearest.lower_bound, 2.499);
}

TEST(NearestZero, TwoFeaturesByBruteForce) {
  Random random(1);
  int reached = 0;
  for (int trial = 0; trial < 300; ++trial) {
    const Vector lambda = random.normals(2), p = random.normals(2);
    const double r = std::exp(random.normal()), reference = by_angles(lambda, p, r);
    const Solved solved = solve(lambda, p, r);
    if (std::isinf(reference)) {
      EXPECT_EQ(solved.nearest.distance, kInfinity);
      EXPECT_EQ(solved.nearest.lower_bound, kInfinity);
      continue;
    }
    ++reached;
    expect_solved(solved, reference, 1e-8);
  }
  EXPECT_GT(reached, 200);
}

TEST(NearestZero, ScalesFromTinyToHuge) {
  Random random(2);
  const Vector lambda = random.normals(6), p = random.normals(6);
  const double reference = solve(lambda, p, 1.5).nearest.distance;
  const auto times = [](Vector x, double factor) {
    for (double& value : x) value *= factor;
    return x;
  };
  for (const double scale : {1e-140, 1e-30, 1e30, 1e140}) {
    expect_solved(solve(times(lambda, scale), times(p, scale), 1.5 * scale), reference);
    expect_solved(solve(lambda, times(p, scale), 1.5 * scale * scale), reference * scale);  // lengths
  }
}

TEST(NearestZero, SpectraOfManyMagnitudes) {
  Random random(3);
  for (int trial = 0; trial < 300; ++trial) {
    const Index d = random.index(1, 40);
    Vector lambda = random.normals(d), p = random.normals(d);
    for (double& value : lambda) value *= std::exp(random.uniform(-12, 0));
    for (double& value : p) value *= std::exp(random.uniform(-30, 0));
    if (trial % 3 == 0) *std::max_element(lambda.begin(), lambda.end()) = 2;
    const Solved solved = solve(lambda, p, std::exp(random.uniform(-20, 5)));
    if (std::isinf(solved.nearest.distance)) continue;
    expect_solved(solved, solved.nearest.distance, 1e-10);
  }
}

// The worst function within the uncertainty: more curvature, more slope towards the point found, a nearer level.
TEST(NearestZero, BoundHoldsForTheWorstFunctionWithinTheUncertainty) {
  Random random(4);
  constexpr double e = 1e-3;
  for (int trial = 0; trial < 300; ++trial) {
    const Index d = random.index(1, 10);
    Vector lambda = random.normals(d);
    const Vector p = random.normals(d);
    double r = 1, maximum = 0;
    if (trial % 2 == 0) {  // a maximum that stays below zero, but not under the uncertainty
      for (double& value : lambda) value = -std::abs(value) - 0.1;
      for (std::size_t i = 0; i < p.size(); ++i) maximum -= p[i] * p[i] / (4 * lambda[i]);
      r = maximum + 1e-5;
    }
    Vector towards = solve(lambda, p, r).y;
    if (test::norm(towards) == 0)
      for (std::size_t i = 0; i < p.size(); ++i) towards[i] = -p[i] / lambda[i];
    Vector curved = lambda;
    for (double& value : curved) value += e;
    const double length = test::norm(towards);
    for (const auto& [uncertainty, worst] :
         {std::pair(Uncertainty{.quadratic = e, .linear = 0, .constant = 0}, solve(curved, p, r)),
          {{.quadratic = 0, .linear = e, .constant = 0}, solve(lambda, test::moved(p, e / length, towards), r)},
          {{.quadratic = 0, .linear = 0, .constant = e}, solve(lambda, p, r - e)},
          {{.quadratic = e, .linear = e, .constant = e}, solve(curved, test::moved(p, e / length, towards), r - e)}}) {
      const NearestZero nearest = solve(lambda, p, r, uncertainty).nearest;
      EXPECT_LE(nearest.lower_bound, worst.nearest.distance);
      if (trial % 2 == 1 && worst.nearest.distance < 2) {
        EXPECT_GE(nearest.lower_bound, 0.98 * worst.nearest.distance) << "and is not far below";
      }
    }
  }
}

TEST(NearestZero, WhatMayBeZeroReachesNothing) {
  const Uncertainty uncertainty{.quadratic = 1e-14, .linear = 1e-14, .constant = 1e-14};
  for (const double noise : {1e-15, 0.0, -1e-15}) {
    const Solved solved = solve({-1, noise}, {0.5, 1e-15}, 1, uncertainty);
    EXPECT_EQ(solved.nearest.distance, kInfinity);
    EXPECT_GT(solved.nearest.lower_bound, 1e6) << "a radius within which nothing is reached, although infinity is not proven";
    EXPECT_LT(solved.nearest.lower_bound, 1e8);
  }
  EXPECT_EQ(solve({-1, -1e-12}, {0.5, 1e-15}, 1, uncertainty).nearest.lower_bound, kInfinity);
  EXPECT_NEAR(solve({-1, 1e-15}, {0.5, 1e-6}, 1, uncertainty).nearest.distance, 0.9375e6, 1e-2 * 1e6) << "a slope that is surely one";
  EXPECT_LT(solve({-1, 1e-12}, {0.5, 1e-15}, 1, uncertainty).nearest.distance, 1.1e6) << "a curvature that is surely one";
}

}  // namespace
}  // namespace neuspec
