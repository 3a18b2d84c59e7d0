// Fits that begin at the optimum of a part of the samples before ADMM has its factor.
#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "neuspec/certificate.hpp"
#include "neuspec/fit.hpp"

namespace neuspec::test {
namespace {

constexpr Index n = 2100, d = 90;  // p = 4186 lifted parameters: fewer samples, whose Gram matrix it is; a quarter has 5 d

/// Correlated features, a planted network of `neurons` and noise.
Dataset planted(int neurons, double noise) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  std::vector<double> x, y, u;
  for (Index j = 0; j < d * neurons; ++j) u.push_back(normal(random) / std::sqrt(static_cast<double>(d)));
  for (Index i = 0; i < n; ++i) {
    const double common = normal(random);
    for (Index j = 0; j < d; ++j) x.push_back(0.5 * common + normal(random));
    double target = noise * normal(random);
    for (int k = 0; k < neurons; ++k) {
      double h = 0;
      for (Index j = 0; j < d; ++j) h += x[static_cast<std::size_t>(i * d + j)] * u[static_cast<std::size_t>(k * d + j)];
      target += (k % 2 == 0 ? 1 : -1) * std::max(h, 0.0);
    }
    y.push_back(target);
  }
  return {n, d, 1, std::move(x), std::move(y)};
}

Problem problem_for(const Dataset& data, double ratio) {
  Problem problem;
  problem.beta = ratio * beta_max(problem, data);
  return problem;
}

TEST(Part, DescentFromItArrivesAtTheOptimumOfAdmm) {
  const Dataset data = planted(6, 0.1);
  const Problem problem = problem_for(data, 0.05);
  Settings settings;
  const auto [network, report] = fit(data, problem, settings);
  EXPECT_THAT(report.choice, testing::StartsWith("descent from a part of 525 samples, then admm with gram"));
  EXPECT_EQ(report.status, Status::optimal);
  EXPECT_GT(report.history.front().neurons, 0) << "not from zero";
  EXPECT_LE(certify(network, problem, data).relative_gap, 1e-6);
  settings.solver = SolverKind::admm;
  const Report admm = fit(data, problem, settings).report;
  EXPECT_THAT(admm.choice, testing::StartsWith("admm with gram"));
  EXPECT_LE(report.dual, admm.primal);
  EXPECT_LE(admm.dual, report.primal);
}

TEST(Part, AdmmTakesOverWhereDescentWouldTakeLonger) {
  const Dataset data = planted(0, 1);
  const Problem problem = problem_for(data, 0.002);  // hundreds of neurons that fit noise
  const auto [network, report] = fit(data, problem, {});
  EXPECT_EQ(report.status, Status::optimal);
  EXPECT_LE(certify(network, problem, data).relative_gap, 1e-6);
  ASSERT_GT(report.history.size(), 3U);
  EXPECT_GT(report.history[0].relative_gap, 0.9) << "where descent gives up";
  EXPECT_GT(report.history[1].iterations, 5) << "ADMM's first test, after the products that came to nothing";
}

// Whichever of the two stood better when a limit fell.
TEST(Part, WhatADescentThatGaveUpHadFoundIsKept) {
  const Dataset data = planted(0, 1);
  const Problem problem = problem_for(data, 0.002);
  const Report whole = fit(data, problem, {}).report;
  ASSERT_GT(whole.history.size(), 2U);
  Settings settings;
  settings.max_iterations = whole.history[1].iterations;  // ADMM's first test
  const Report limited = fit(data, problem, settings).report;
  EXPECT_EQ(limited.status, Status::iteration_limit);
  EXPECT_LE(limited.primal, (1 + 1e-9) * std::min(whole.history[0].primal, whole.history[1].primal));
}

TEST(Part, APathGoesOnFromItsNeighbours) {
  const Dataset data = planted(6, 0.1);
  const double largest = problem_for(data, 1).beta;
  Problem problem;
  const std::vector<Result> path = fit_path(data, problem, {0.2 * largest, 0.1 * largest, 0.005 * largest}, {}, {}, {});
  ASSERT_EQ(path.size(), 3U);
  for (const Result& point : path) {
    problem.beta = point.report.beta;
    EXPECT_EQ(point.report.status, Status::optimal) << problem.beta;
    EXPECT_GT(point.report.history.front().neurons, 0) << problem.beta;
    EXPECT_LE(certify(point.network, problem, data).relative_gap, 1e-6) << problem.beta;
  }
}

// A limit that falls on the way leaves the descent's network with its own proof.
TEST(Part, ALimitOnTheWayKeepsWhatThereIs) {
  const Dataset data = planted(6, 0.1);
  const Problem problem = problem_for(data, 0.05);
  Settings settings;
  settings.max_iterations = 1;
  const auto [network, report] = fit(data, problem, settings);
  EXPECT_EQ(report.status, Status::iteration_limit);
  EXPECT_GT(network.neurons(), 0);
  EXPECT_LT(report.relative_gap, 1);
  EXPECT_LE(report.dual, report.primal);
}

TEST(Part, AStoppedDescentIsGoneOnFrom) {
  const Dataset data = planted(6, 0.1);
  const Problem problem = problem_for(data, 0.05);
  Settings settings;
  std::string kept;
  settings.checkpoint_interval = 0;
  settings.checkpoint = [&](const std::string& bytes) { kept = bytes; };
  settings.max_iterations = 1;
  ASSERT_EQ(fit(data, problem, settings).report.status, Status::iteration_limit);
  settings = {};
  settings.resume = std::make_shared<const std::string>(kept);
  const Report report = fit(data, problem, settings).report;
  EXPECT_EQ(report.status, Status::optimal);
  EXPECT_GT(report.resumed_iterations, 0);
}

}  // namespace
}  // namespace neuspec::test
