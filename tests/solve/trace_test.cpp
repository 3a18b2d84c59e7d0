// The same iterates on another device: objectives and bounds of the first iterations, and the optimum, against the CPU's.
#ifdef NEUSPEC_HAS_CUDA
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "device/device.hpp"
#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "support/load.hpp"

namespace {

using namespace neuspec;

class Trace : public testing::TestWithParam<std::tuple<std::string, OperatorKind>> {
 protected:
  void SetUp() override {
    try {
      make_device<double>(DeviceKind::cuda);
    } catch (const NoDevice& error) {
      GTEST_SKIP() << error.what();
    }
  }
  Report solve(DeviceKind device, SolverKind solver, Index iterations, double tolerance, const Dataset& data) const {
    Settings settings;
    settings.device = device;
    settings.solver = solver;
    settings.data_operator = std::get<1>(GetParam());
    settings.max_iterations = iterations;
    settings.tolerance = tolerance;
    return fit(data, golden_.problem, settings).report;
  }
  /// Every feature moved to the next larger number.
  static Dataset next_to(const Dataset& data) {
    std::vector<double> x = data.x();
    for (double& value : x) value = std::nextafter(value, 1e300);
    return {data.samples(), data.features(), data.targets(), std::move(x), data.y()};
  }
  static double difference(double cuda, double cpu) { return std::abs(cuda - cpu) / std::max(1.0, std::abs(cpu)); }
  static void record(const std::string& key, double largest) { RecordProperty(key, testing::PrintToString(largest)); }
  test::GoldenCase golden_ = test::load_golden(std::get<0>(GetParam()));
};

// ADMM evaluates objective and bound at its tests of convergence, the first two of which are those of the first 25 iterations. Where fewer samples
// than lifted parameters make the early iterates badly conditioned, no two machines agree to 1e-9; there the measure is what one rounding of the
// samples changes on the CPU itself.
TEST_P(Trace, FirstIterationsOfAdmmAgree) {
  const auto first = [&](DeviceKind device, const Dataset& data) {
    std::vector<Progress> history = solve(device, SolverKind::admm, 25, 1e-14, data).history;
    std::erase_if(history, [](const Progress& test) { return test.iterations > 25; });
    // A descent that takes over is tested at the iteration at which it does.
    const auto same = [](const Progress& one, const Progress& next) { return one.iterations == next.iterations; };
    history.erase(std::unique(history.begin(), history.end(), same), history.end());
    return history;
  };
  const auto cpu = first(DeviceKind::cpu, golden_.data), cuda = first(DeviceKind::cuda, golden_.data),
             rounded = first(DeviceKind::cpu, next_to(golden_.data));
  ASSERT_EQ(cuda.size(), cpu.size());
  ASSERT_EQ(rounded.size(), cpu.size());
  double largest = 0, conditioning = 0;
  for (std::size_t test = 0; test < cpu.size(); ++test) {
    EXPECT_EQ(cuda[test].iterations, cpu[test].iterations);
    largest = std::max({largest, difference(cuda[test].primal, cpu[test].primal), difference(cuda[test].dual, cpu[test].dual)});
    conditioning = std::max({conditioning, difference(rounded[test].primal, cpu[test].primal), difference(rounded[test].dual, cpu[test].dual)});
  }
  record("first_iterations", largest);
  record("one_rounding", conditioning);
  EXPECT_LE(largest, std::max(1e-9, 30 * conditioning));
}

TEST_P(Trace, OptimaAgree) {
  for (const SolverKind solver : {SolverKind::admm, SolverKind::burer_monteiro}) {
    const double now = difference(solve(DeviceKind::cuda, solver, 100000, 5e-10, golden_.data).primal,
                                  solve(DeviceKind::cpu, solver, 100000, 5e-10, golden_.data).primal);
    EXPECT_LE(now, 1e-9) << name(solver);
    record("optimum_" + name(solver), now);
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, Trace,
                         testing::Combine(testing::Values("dense_small", "dense_wide", "quadratic", "linear_only", "null_model", "vector"),
                                          testing::Values(OperatorKind::moments, OperatorKind::gram)),
                         [](const auto& instance) {
                           auto label = std::get<0>(instance.param);
                           label += '_';
                           label += name(std::get<1>(instance.param));
                           return label;
                         });

}  // namespace
#endif
