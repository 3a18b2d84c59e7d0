// The committed problems, whose optima another solver certified, with every solver and every form of the data operator.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "neuspec/fit.hpp"
#include "solve/methods.hpp"
#include "support/load.hpp"
#include "support/naive.hpp"

namespace {

using neuspec::Settings;
using neuspec::Status;
using neuspec::test::Method;

const std::string kCases[] = {"dense_small", "dense_wide", "quadratic",    "linear_only",      "null_model", "logistic",
                              "vector",      "softmax",    "conv_no_pool", "conv_global_pool", "conv_pool2", "conv2d_pool"};

class Golden : public testing::TestWithParam<std::tuple<std::string, Method>> {};

TEST_P(Golden, ReachesTheReferenceOptimum) {
  const auto& [name, method] = GetParam();
  const auto golden = neuspec::test::load_golden(name);
  Settings settings;
  settings.solver = method.solver;
  settings.data_operator = method.data_operator;
  settings.tolerance = 1e-6;
  const auto [network, report] = neuspec::fit(golden.data, golden.problem, settings);

  const double unit = std::max(1.0, golden.primal);
  EXPECT_EQ(report.status, Status::optimal);
  EXPECT_LE(report.relative_gap, 1e-6);
  EXPECT_NEAR(report.primal, golden.primal, 1e-6 * unit + golden.primal - golden.dual);
  EXPECT_LE(report.dual, golden.primal + 1e-9 * unit);
  EXPECT_EQ(report.solver, neuspec::name(method.solver));
  EXPECT_EQ(report.data_operator, neuspec::name(method.data_operator));
  EXPECT_EQ(report.neurons, network.neurons());
  EXPECT_EQ(network.architecture, golden.problem.architecture);
  EXPECT_NEAR(report.primal, naive::primal(network, golden.problem, golden.data), 1e-11 * unit);
  EXPECT_LE(naive::relative_gap(network, golden.problem, golden.data), 1e-6 * (1 + 1e-6));
}

INSTANTIATE_TEST_SUITE_P(Methods, Golden, testing::Combine(testing::ValuesIn(kCases), testing::ValuesIn(neuspec::test::kMethods)),
                         [](const auto& instance) {
                           auto label = std::get<0>(instance.param);
                           label += '_';
                           label += std::get<1>(instance.param).label;
                           return label;
                         });

class GoldenTight : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTight, AutomaticChoiceReachesOneBillionth) {
  const auto golden = neuspec::test::load_golden(GetParam());
  Settings settings;
  settings.tolerance = 1e-9;
  const auto [network, report] = neuspec::fit(golden.data, golden.problem, settings);

  const double unit = std::max(1.0, golden.primal);
  EXPECT_EQ(report.status, Status::optimal);
  EXPECT_LE(report.relative_gap, 1e-9);
  // The optimum lies between the reference's own two bounds.
  EXPECT_LE(report.primal, golden.primal + 2e-9 * unit);
  EXPECT_GE(report.primal, golden.dual - 1e-12 * unit);
  EXPECT_LE(report.dual, golden.primal + 1e-12 * unit);
  EXPECT_LE(naive::relative_gap(network, golden.problem, golden.data), 1.01e-9);
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenTight, testing::ValuesIn(kCases));

}  // namespace
