// A device that fits hand on: the second starts nothing, and finds it as good as new.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "emulation.hpp"
#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "support/random_problem.hpp"

namespace neuspec {
namespace {

class Kept : public testing::Test {
 protected:
  Kept() {
    emulation::reset();
    settings_.device = DeviceKind::cuda;
    settings_.kept_device = std::make_shared<KeptDevice>();
  }
  ~Kept() override { emulation::reset(); }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  Result solve(double beta, const Observer& observer = {}) {
    return fit(data_, {.activation = {}, .loss = Loss::squared, .beta = beta}, settings_, observer);
  }
  static long handles() { return emulation::counts().handles; }

  test::Random random_{11};
  Dataset data_ = test::random_dataset(random_, 60, 6, 2);
  Settings settings_;
};

TEST_F(Kept, IsFoundByTheNextFit) {
  const long before = handles();
  const Result first = solve(2);
  const long kept = handles();
  EXPECT_GT(kept, before);
  long most = 0;
  const Result second = solve(2, [&](const Progress&) {
    most = std::max(most, handles());
    return true;
  });
  EXPECT_EQ(most, kept);
  EXPECT_EQ(handles(), kept);
  EXPECT_EQ(second.report.status, Status::optimal);
  EXPECT_NEAR(second.report.primal, first.report.primal, 1e-6 * first.report.primal);
  settings_.kept_device.reset();
  EXPECT_EQ(handles(), before);
}

TEST_F(Kept, OfAnotherPrecisionIsAnotherDevice) {
  solve(2);
  const long one = handles();
  settings_.precision = Precision::single_precision;
  solve(2);
  EXPECT_GT(handles(), one);
  settings_.precision = Precision::double_precision;
  const long both = handles();
  solve(3);
  EXPECT_EQ(handles(), both);
}

TEST_F(Kept, IsNotTakenFromAFitThatRuns) {
  int inner = 0;
  const Result outer = solve(2, [&](const Progress&) {
    if (inner++ == 0) {
      EXPECT_EQ(solve(3).report.status, Status::optimal);
    }
    return true;
  });
  EXPECT_EQ(outer.report.status, Status::optimal);
}

TEST_F(Kept, IsLeftBehindByAFitThatFails) {
  const long before = handles();
  const double expected = solve(2).report.primal;
  emulation::fail_launch(40);
  EXPECT_THROW(solve(2), EnvironmentError);
  EXPECT_TRUE(emulation::struck());
  emulation::reset();
  EXPECT_EQ(handles(), before);
  EXPECT_NEAR(solve(2).report.primal, expected, 1e-6 * expected);
}

}  // namespace
}  // namespace neuspec
