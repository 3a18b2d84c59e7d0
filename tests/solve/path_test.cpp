// Starts from a neighbour's optimum, and what comes back from a solve that was stopped.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "neuspec/fit.hpp"
#include "solve/methods.hpp"
#include "support/load.hpp"
#include "support/naive.hpp"
#include "support/random_architecture.hpp"

namespace neuspec::test {
namespace {

TEST(Path, AWarmStartNeverHurts) {
  Index warm = 0, cold = 0;
  for (unsigned trial = 0; trial < 200; ++trial) {
    Random random(1000 + trial);
    Problem problem;
    problem.loss = every_loss()[trial % 7];
    problem.bias = trial / 7 % 3 == 2;
    const Index C = problem.loss.coupled() ? 3 : 1 + trial / 7 % 2, n = random.index(8, 40), d = random.index(1, 5);
    const Dataset data = with_labels(random_dataset(random, n, d, C), problem.loss);
    const double first = random.uniform(0.3, 1) * beta_max(problem, data);
    problem.beta = first * std::pow(10, random.uniform(-4, 0));
    const Report alone = fit(data, problem).report, after = fit_path(data, problem, {first, problem.beta}).back().report;
    if (alone.status == Status::optimal) {
      EXPECT_EQ(after.status, Status::optimal) << trial << ' ' << problem.loss.name() << ' ' << problem.beta / first;
    }
    warm += after.iterations;
    cold += alone.iterations;
  }
  EXPECT_LE(static_cast<double>(warm), 1.2 * static_cast<double>(cold));
}

// The last steps of a start that nearly made it are not thrown away.
TEST(Path, OfAKinkCostsLittleMoreThanItsPointsAlone) {
  const Dataset all = load_real("breast_cancer", true);
  const Index n = 200, d = all.features();
  std::vector<double> y;
  for (std::size_t i = 0; i < 200; ++i) y.push_back(all.y()[2 * i]);  // the other target is its negative
  const Dataset data(n, d, 1, {all.x().begin(), all.x().begin() + n * d}, y);
  Problem problem;
  problem.loss = Loss::hinge;
  std::vector<double> betas;
  for (int i = 0; i < 20; ++i) betas.push_back(beta_max(problem, data) * std::pow(1e-2, i / 19.0));
  Index warm = 0, cold = 0;
  for (const Result& result : fit_path(data, problem, betas)) {
    EXPECT_EQ(result.report.status, Status::optimal) << result.report.beta;
    warm += result.report.iterations;
    problem.beta = result.report.beta;
    cold += fit(data, problem).report.iterations;
  }
  EXPECT_LE(static_cast<double>(warm), 1.15 * static_cast<double>(cold));
}

// A step that is too large for a warm start is a cold one, whatever came before.
TEST(Path, AfterALargeStepItStartsAsIfNothingHadBeen) {
  Random random(4);
  for (const Loss& loss : every_loss()) {
    const Dataset data = with_labels(random_dataset(random, 30, 3, loss.coupled() ? 3 : 1), loss);
    Problem problem;
    problem.loss = loss;
    const double largest = beta_max(problem, data);
    problem.beta = 0.003 * largest;
    const Report alone = fit(data, problem).report, after = fit_path(data, problem, {0.6 * largest, problem.beta}).back().report;
    EXPECT_EQ(after.iterations, alone.iterations) << loss.name();
    EXPECT_EQ(after.primal, alone.primal) << loss.name();
  }
}

class Stopped : public testing::TestWithParam<Method> {};

// However far past its best point the solver is when its steps are used up.
TEST_P(Stopped, TheResultIsTheBestSeen) {
  Random random(17);
  for (const Loss& loss : every_loss()) {
    if (!applies(GetParam(), loss)) continue;
    const Dataset data = with_labels(random_dataset(random, 30, 4, loss.coupled() ? 3 : 2), loss);
    Problem problem;
    problem.loss = loss;
    problem.beta = 1e-3 * beta_max(problem, data);
    // The point of the best step is not yet on the spectrahedron; decomposition brings it there its own way, and no descent follows at kinks.
    const double decomposed = loss.smooth() ? 1e-2 : 5e-2;
    Settings settings;
    settings.solver = GetParam().solver;
    settings.data_operator = GetParam().data_operator;
    settings.tolerance = 1e-14;
    for (const Index most : {30, 90, 300}) {
      settings.max_iterations = most;
      const auto [network, report] = fit(data, problem, settings);
      ASSERT_FALSE(report.history.empty());
      const Progress& best = report.history.back();
      EXPECT_LE(report.primal, best.primal * (1 + decomposed) + 1e-9) << loss.name() << ' ' << most;
      if (!report.dual_vector.empty()) {
        EXPECT_GE(report.dual, best.dual - 1e-6 * std::abs(best.dual)) << loss.name() << ' ' << most;
      }
      const Certificate again = certify(network, problem, data, report.dual_vector);
      EXPECT_EQ(again.primal, report.primal);
      EXPECT_EQ(again.dual, report.dual);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, Stopped, testing::ValuesIn(kMethods), [](const auto& tested) { return tested.param.label; });

// A hinge loss that nearly vanishes: ADMM's steps circle around the optimum, whose best is to be handed over.
TEST(Path, AHingeLossThatVanishesKeepsItsBest) {
  const Dataset data(4, 2, 1, {-1, 0.2, -0.5, 0.4, 0.5, -1.7, -1.9, 1.3}, {1, 1, -1, -1});
  Problem problem;
  problem.loss = Loss::hinge;
  problem.beta = 1e-7;
  Settings settings;
  settings.tolerance = 1e-9;
  for (const Index most : {100, 1000, 20000}) {
    settings.max_iterations = most;
    const Report report = fit(data, problem, settings).report;
    double gap = std::numeric_limits<double>::infinity();
    for (const Progress& progress : report.history) gap = std::min(gap, progress.relative_gap);
    EXPECT_LE(report.relative_gap, 1.05 * gap + 1e-9) << most;
  }
}

}  // namespace
}  // namespace neuspec::test
