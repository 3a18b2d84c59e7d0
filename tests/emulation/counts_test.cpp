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

  static constexpr Index n = 150, d = 80, C = 2;  // blocks of 81: some are projected from the step before

  std::vector<Interval> intervals(OperatorKind data_operator, Index iterations) {
    test::Random random(5);
    Settings settings;
    settings.device = DeviceKind::cuda;
    settings.solver = SolverKind::admm;
    settings.data_operator = data_operator;
    settings.tolerance = 1e-13;
    settings.max_iterations = iterations;
    std::vector<Interval> result;
    emulation::Counts before;
    Index steps = 0;
    const auto observer = [&](const Progress& progress) {
      const emulation::Counts now = emulation::counts();
      result.push_back({progress.iterations - steps, now.queued - before.queued, now.waits - before.waits, now.travelled - before.travelled});
      before = now;
      steps = progress.iterations;
      return true;
    };
    fit(test::random_dataset(random, n, d, C), {.activation = {}, .loss = Loss::squared, .beta = 20}, settings, observer);
    result.erase(result.begin(), result.begin() + std::min<Index>(3, static_cast<Index>(result.size())));  // what is timed and allocated at first
    return result;
  }
};

TEST_P(BetweenTests, NothingIsWaitedFor) {
  const std::vector<Interval> all = intervals(GetParam(), 200);
  ASSERT_GE(all.size(), 3U);
  const bool gram = GetParam() == OperatorKind::gram;
  for (const Interval& interval : all) {
    EXPECT_EQ(interval.steps, 20);
    EXPECT_LE(interval.waits, gram ? 12 : 13) << "all of them the test's, fewer than one a step";
    EXPECT_LE(interval.queued, gram ? 2200 : 1400) << "whichever eigensolver was the fastest";
    EXPECT_LE(interval.travelled, 256 * 1024);
  }
}

INSTANTIATE_TEST_SUITE_P(Admm, BetweenTests, testing::Values(OperatorKind::moments, OperatorKind::gram),
                         [](const auto& instance) { return name(instance.param); });

}  // namespace
}  // namespace neuspec
