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

std::string label(const testing::TestParamInfo<std::tuple<std::string, Method>>& instance) {
  return std::get<0>(instance.param) + '_' + std::get<1>(instance.param).label;
}
INSTANTIATE_TEST_SUITE_P(Methods, Golden, testing::Combine(testing::ValuesIn(kCases), testing::ValuesIn(neuspec::test::kMethods)), label);

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

#ifdef NEUSPEC_HAS_CUDA
class GoldenOnTheGpu : public Golden {};

TEST_P(GoldenOnTheGpu, HasTheOptimumOfTheCpu) {
  const auto& [name, method] = GetParam();
  const auto golden = neuspec::test::load_golden(name);
  Settings settings;
  settings.solver = method.solver;
  settings.data_operator = method.data_operator;
  settings.tolerance = 1e-9;
  settings.device = neuspec::DeviceKind::cuda;
  const auto gpu = neuspec::fit(golden.data, golden.problem, settings).report;
  settings.device = neuspec::DeviceKind::cpu;
  const auto cpu = neuspec::fit(golden.data, golden.problem, settings).report;
  EXPECT_EQ(gpu.status, Status::optimal);
  EXPECT_EQ(cpu.status, Status::optimal);
  EXPECT_NE(gpu.device, cpu.device);
  EXPECT_NEAR(gpu.primal, cpu.primal, 1e-9 * std::max(1.0, cpu.primal));
  EXPECT_NEAR(gpu.beta_max, cpu.beta_max, 1e-12 * cpu.beta_max);
}

INSTANTIATE_TEST_SUITE_P(Methods, GoldenOnTheGpu, testing::Combine(testing::ValuesIn(kCases), testing::ValuesIn(neuspec::test::kMethods)), label);
#endif

}  // namespace
