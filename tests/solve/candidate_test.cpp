// Networks that a solve shows on its way, for callers that may not be able to wait for its end.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "neuspec/certificate.hpp"
#include "neuspec/fit.hpp"
#include "support/load.hpp"

namespace {

using namespace neuspec;

TEST(Candidate, IsShownBeforeItsCertificateAndAfterIt) {
  const test::GoldenCase golden = test::load_golden("dense_small");
  std::vector<Result> shown;
  Settings settings;
  settings.candidate = [&](const Result& result) { shown.push_back(result); };
  const Result result = fit(golden.data, golden.problem, settings);
  ASSERT_EQ(result.report.status, Status::optimal);
  ASSERT_GE(shown.size(), 2U);
  EXPECT_TRUE(std::isnan(shown.front().report.primal));
  EXPECT_TRUE(std::isnan(shown.front().report.relative_gap));
  EXPECT_GT(shown.front().network.neurons(), 0);
  EXPECT_EQ(shown.back().report.relative_gap, result.report.relative_gap);
  EXPECT_EQ(shown.back().network.weights, result.network.weights);
  double gap = INFINITY;
  for (const Result& candidate : shown) {
    if (std::isnan(candidate.report.relative_gap)) continue;
    EXPECT_LT(candidate.report.relative_gap, gap) << "only better ones";
    gap = candidate.report.relative_gap;
  }
}

// Whoever is in a hurry need not wait for a certificate to know what a network is worth.
TEST(Candidate, HasItsObjectiveWhereTheSolveIsToStop) {
  for (const char* name : {"dense_small", "logistic"}) {
    const test::GoldenCase golden = test::load_golden(name);
    std::vector<Result> shown;
    Settings settings;
    settings.time_limit = 1e-9;
    settings.candidate = [&](const Result& result) { shown.push_back(result); };
    fit(golden.data, golden.problem, settings);
    ASSERT_GE(shown.size(), 1U);
    const double primal = certify(shown.front().network, golden.problem, golden.data).primal;
    EXPECT_NEAR(shown.front().report.primal, primal, 1e-14 * primal);
    EXPECT_TRUE(std::isnan(shown.front().report.dual));
  }
}

// A path ends where its time did, with that point; the ones after it would be none.
TEST(Candidate, APathEndsWithTheLimitOfTime) {
  const test::GoldenCase golden = test::load_golden("dense_small");
  Settings settings;
  settings.solver = SolverKind::admm;
  settings.tolerance = 1e-13;
  settings.max_iterations = 1000000000;
  settings.time_limit = 1e-9;
  const std::vector<Result> path = fit_path(golden.data, golden.problem, {1, 0.5, 0.25}, settings);
  ASSERT_EQ(path.size(), 1U);
  EXPECT_EQ(path.front().report.status, Status::time_limit);
}

}  // namespace
