// What a summary says of a solve that no data can bring about.
#include "cli/report.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace neuspec::test {
namespace {

TEST(Summary, OfABoundAboveTheObjectiveProvesNothing) {
  Report report;
  report.primal = 1;
  report.dual = 1 + 1e-15;
  report.relative_gap = std::numeric_limits<double>::max();
  EXPECT_THAT(cli::summary(report, {}, 1e-6), testing::HasSubstr("primal is below dual"));
  report.dual = 1;
  EXPECT_THAT(cli::summary(report, {}, 1e-6), testing::Not(testing::HasSubstr("primal is below dual")));
}

}  // namespace
}  // namespace neuspec::test
