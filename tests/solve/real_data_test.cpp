// Real data, standardised, over several β; the proof is drawn up again by the tests' own code.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "neuspec/fit.hpp"
#include "support/load.hpp"
#include "support/naive.hpp"

namespace {

using neuspec::Dataset;
using neuspec::Problem;

void expect_proven(const Dataset& data, double beta) {
  const Problem problem{.activation = {}, .loss = neuspec::Loss::squared, .beta = beta};
  const auto [network, report] = neuspec::fit(data, problem);
  SCOPED_TRACE("beta " + std::to_string(beta) + ", " + report.choice);
  EXPECT_EQ(report.status, neuspec::Status::optimal);
  EXPECT_LE(report.relative_gap, 1e-6);
  EXPECT_EQ(report.outputs, data.targets());
  const double primal = naive::primal(network, problem, data);
  EXPECT_GE(report.primal, (1 - 1e-12) * primal);
  EXPECT_LE(report.primal, (1 + 1e-10) * primal);
  EXPECT_LE(report.dual, primal);
  EXPECT_LE(naive::relative_gap(network, problem, data), 1e-6 * (1 + 1e-6));
  for (neuspec::Index j = 0; j < network.neurons(); ++j) {
    double norm = 0;
    for (neuspec::Index k = 0; k < data.features(); ++k) norm += std::pow(naive::at(network.directions, j * data.features() + k), 2);
    EXPECT_NEAR(norm, 1.0, 1e-12);
  }
}

void expect_proven_at_ratios(const Dataset& data) {
  const double largest = neuspec::beta_max(Problem{}, data);
  EXPECT_NEAR(largest, naive::beta_max(Problem{}, data), 1e-10 * largest);
  for (const double ratio : {0.5, 0.1, 0.01}) expect_proven(data, ratio * largest);
}

TEST(RealData, BreastCancer) {
  const auto data = neuspec::test::load_real("breast_cancer", true);
  expect_proven_at_ratios(data);
  expect_proven(data, 1.0);
}

TEST(RealData, Diabetes) {
  const auto data = neuspec::test::load_real("diabetes", false);
  expect_proven_at_ratios(data);
  expect_proven(data, 1.0);
}

TEST(RealData, WineEachCultivarAgainstTheRest) {
  const auto data = neuspec::test::load_real("wine", true);
  EXPECT_EQ(data.targets(), 3);
  expect_proven_at_ratios(data);
  expect_proven(data, 1.0);
}

TEST(RealData, DigitsEachAgainstTheRestAtTenthOfBetaMax) {
  const auto data = neuspec::test::load_real("digits", true);
  EXPECT_EQ(data.targets(), 10);
  expect_proven(data, 0.1 * neuspec::beta_max(Problem{}, data));
}

TEST(RealData, DigitsEachAgainstTheRestAtBetaTen) { expect_proven(neuspec::test::load_real("digits", true), 10.0); }

TEST(RealData, DigitsEachAgainstTheRestAtBetaOne) { expect_proven(neuspec::test::load_real("digits", true), 1.0); }

}  // namespace
