// ADMM as a solver object: warm starts over β, forms that agree, and a point that stays valid whatever the order of calls.
#include "solve/admm.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/naive.hpp"
#include "support/random_problem.hpp"

namespace neuspec {
namespace {

class WarmStart : public testing::TestWithParam<OperatorKind> {
 protected:
  WarmStart() : random_(11), data_(test::random_dataset(random_, 80, 5, 2)), device_(make_device<double>(DeviceKind::automatic)) {
    problem_.beta = naive::beta_max(problem_, data_);
    settings_.tolerance = 1e-9;
    operator_ = make_operator<double>(GetParam(), *device_, problem_, data_);
  }
  struct Bounds {
    double primal, dual;
    Index iterations;
  };
  Bounds run(Admm<double>& admm, double beta) {
    Monitor monitor(settings_, observer_, data_.targets(), Monitor::Clock::now());
    admm.set_beta(beta);
    admm.run(monitor, 1e-8);
    EXPECT_EQ(monitor.status(), Status::optimal) << "β = " << beta;
    Problem problem = problem_;
    problem.beta = beta;
    EXPECT_GE(naive::primal(admm.network(), problem, data_), monitor.dual() - 1e-9 * std::max(1.0, monitor.dual()));
    return {monitor.primal(), monitor.dual(), monitor.iterations()};
  }
  static void expect_same(const Bounds& a, const Bounds& b) {
    EXPECT_NEAR(a.primal, b.primal, 2e-8 * std::max(1.0, a.primal));
    EXPECT_NEAR(a.dual, b.dual, 2e-8 * std::max(1.0, a.primal));
  }

  test::Random random_;
  Dataset data_;
  Problem problem_;
  Settings settings_;
  Observer observer_;
  std::unique_ptr<Device<double>> device_;
  std::unique_ptr<DataOperator<double>> operator_;
};

TEST_P(WarmStart, ReachesTheOptimumOfAFreshSolve) {
  Admm<double> path(*operator_, 0.5 * problem_.beta);
  for (const double ratio : {0.5, 0.3, 0.05, 0.4}) {  // and upwards at the end
    const double beta = ratio * problem_.beta;
    const auto second = make_operator<double>(GetParam(), *device_, problem_, data_);
    Admm<double> fresh(*second, beta);
    expect_same(run(path, beta), run(fresh, beta));
  }
}

TEST_P(WarmStart, AtTheSameBetaIsDoneAtOnce) {
  Admm<double> admm(*operator_, 0.2 * problem_.beta);
  const Bounds first = run(admm, 0.2 * problem_.beta), again = run(admm, 0.2 * problem_.beta);
  expect_same(first, again);
  EXPECT_LT(again.iterations, first.iterations);
}

TEST_P(WarmStart, AgreesWithTheOtherForm) {
  const OperatorKind other = GetParam() == OperatorKind::moments ? OperatorKind::gram : OperatorKind::moments;
  const auto second = make_operator<double>(other, *device_, problem_, data_);
  Admm<double> one(*operator_, 0.1 * problem_.beta), two(*second, 0.1 * problem_.beta);
  expect_same(run(one, 0.1 * problem_.beta), run(two, 0.1 * problem_.beta));
}

TEST_P(WarmStart, IterationLimitStopsAndCanBeContinued) {
  settings_.max_iterations = 1;
  Admm<double> admm(*operator_, 0.1 * problem_.beta);
  Monitor monitor(settings_, observer_, data_.targets(), Monitor::Clock::now());
  admm.run(monitor, 1e-8);
  EXPECT_EQ(monitor.status(), Status::iteration_limit);
  EXPECT_LE(monitor.dual(), monitor.primal());
  settings_.max_iterations = 20000;
  run(admm, 0.1 * problem_.beta);
}

INSTANTIATE_TEST_SUITE_P(Forms, WarmStart, testing::Values(OperatorKind::moments, OperatorKind::gram),
                         [](const auto& tested) { return name(tested.param); });

// Where each step takes n d² flops, ADMM stops short of the optimum as soon as its neurons are known, and descent through the samples does the rest.
TEST(EarlyEnd, OfAdmmIsTheOptimumToo) {
  test::Random random(3);
  const Index n = 200, d = 180;
  const Dataset x = test::random_dataset(random, n, d, 1);
  std::vector<double> y = naive::predict(random.network({1, 0, 0}, d, 1, 4), x);
  for (double& value : y) value += 0.1 * random.normal();
  const Dataset data(n, d, 1, x.x(), y);
  Problem problem;
  problem.beta = 0.01 * beta_max(problem, data);
  Settings settings;
  settings.solver = SolverKind::admm;
  settings.data_operator = OperatorKind::gram;
  const auto [network, report] = fit(data, problem, settings);
  EXPECT_EQ(report.status, Status::optimal) << report.relative_gap;
  ASSERT_GE(report.history.size(), 3U);
  EXPECT_GT((report.history.end() - 2)->relative_gap, 1e-6);
  EXPECT_LE(report.history.back().relative_gap, 1e-6);
  settings.solver = SolverKind::burer_monteiro;
  settings.data_operator = OperatorKind::matrix_free;
  const Report other = fit(data, problem, settings).report;
  EXPECT_EQ(other.status, Status::optimal) << other.relative_gap;
  EXPECT_NEAR(report.primal, other.primal, 1e-6 * other.primal);
}

}  // namespace
}  // namespace neuspec
