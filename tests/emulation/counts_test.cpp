// What a solve makes the host wait for, and how much it sends over the bus.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "emulation.hpp"
#include "neuspec/fit.hpp"
#include "support/random_problem.hpp"

namespace neuspec {
namespace {

/// From one test of convergence to the next.
struct Interval {
  long steps, queued, waits, travelled;
};

class BetweenTests : public testing::TestWithParam<OperatorKind> {
 protected:
  BetweenTests() { emulation::reset(); }
  ~BetweenTests() override { emulation::reset(); }
  BetweenTests(const BetweenTests&) = delete;
  BetweenTests& operator=(const BetweenTests&) = delete;

  static constexpr Index n = 150, d = 80;  // blocks of 81: some are projected from the step before

  /// Of a solve for C outputs, all of them the same.
  std::vector<Interval> intervals(OperatorKind data_operator, Index C, Index iterations) {
    test::Random random(5);
    Settings settings;
    settings.device = DeviceKind::cuda;
    settings.solver = SolverKind::admm;
    settings.data_operator = data_operator;
    settings.tolerance = 1e-15;  // never reached: what follows a solve waits
    settings.max_iterations = iterations;
    std::vector<Interval> result;
    emulation::Counts before;
    Index steps = 0;
    const auto observer = [&](const Progress& progress) {
      const emulation::Counts now = emulation::counts();
      const auto launches = [](const emulation::Counts& counts) { return counts.queued - counts.solver; };
      result.push_back({progress.iterations - steps, launches(now) - launches(before), now.waits - before.waits, now.travelled - before.travelled});
      before = now;
      steps = progress.iterations;
      return true;
    };
    const Dataset one = test::random_dataset(random, n, d, 1);
    std::vector<double> y;
    for (const double target : one.y()) y.insert(y.end(), static_cast<std::size_t>(C), target);
    fit(Dataset(n, d, C, one.x(), y), {.activation = {}, .loss = Loss::squared, .beta = 20}, settings, observer);
    result.erase(result.begin(), result.begin() + std::min<Index>(3, static_cast<Index>(result.size())));  // what is timed and allocated at first
    return result;
  }
};

TEST_P(BetweenTests, NothingIsWaitedFor) {
  const Index C = 2;
  const std::vector<Interval> all = intervals(GetParam(), C, 200);
  ASSERT_GE(all.size(), 3U);
  for (const Interval& interval : all) {
    EXPECT_EQ(interval.steps, 20);
    EXPECT_LE(interval.waits, 6) << "all of them the test's";
    EXPECT_LE(interval.queued, GetParam() == OperatorKind::gram ? 1500 : 1300);
    EXPECT_LE(interval.travelled, 24 * C * 8 + 600) << "a few numbers a block, no matrix";
  }
}

TEST_P(BetweenTests, OutputsCostNoLaunches) {
  const std::vector<Interval> one = intervals(GetParam(), 1, 160);
  for (const Index C : {2, 3}) {
    const std::vector<Interval> more = intervals(GetParam(), C, 160);
    ASSERT_EQ(more.size(), one.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
      EXPECT_LE(more[i].queued, one[i].queued + C - 1) << "at the test each output keeps its own best point, interval " << i;
      EXPECT_EQ(more[i].waits, one[i].waits) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Admm, BetweenTests, testing::Values(OperatorKind::moments, OperatorKind::gram),
                         [](const auto& instance) { return name(instance.param); });

}  // namespace
}  // namespace neuspec
