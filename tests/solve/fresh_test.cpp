// Every loss with every kind of architecture, one and three outputs: each solver and form against optima that other solvers found.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "neuspec/fit.hpp"
#include "solve/methods.hpp"
#include "support/load.hpp"
#include "support/naive.hpp"

namespace neuspec::test {
namespace {

class Fresh : public testing::TestWithParam<std::size_t> {};

TEST_P(Fresh, EverySolverReachesTheReferenceOptimum) {
  const FreshCase fresh = load_fresh(GetParam());
  const double unit = std::max(1.0, fresh.primal);
  std::vector<Method> methods(std::begin(kMethods), std::end(kMethods));
  if (fresh.problem.loss.kind != Loss::squared) methods.push_back(kStreamedAdmm);
  for (const Method& method : methods) {
    if (!applies(method, fresh.problem.loss)) continue;
    // Descent on other losses than squared is the same code in every form.
    const bool alike = method.solver == SolverKind::burer_monteiro && fresh.problem.loss.kind != Loss::squared;
    if (alike && (method.data_operator == OperatorKind::moments || method.data_operator == OperatorKind::gram)) continue;
    SCOPED_TRACE(method.label);
    Settings settings;
    settings.solver = method.solver;
    settings.data_operator = method.data_operator;
    const auto [network, report] = fit(fresh.data, fresh.problem, settings);
    EXPECT_EQ(report.status, Status::optimal);
    EXPECT_GT(report.neurons, 0);
    EXPECT_NEAR(report.primal, fresh.primal, 1e-6 * unit + fresh.gap);
    EXPECT_LE(report.dual, fresh.primal + 1e-9 * unit + fresh.gap);
    EXPECT_NEAR(report.primal, naive::primal(network, fresh.problem, fresh.data), 1e-11 * unit);
    EXPECT_EQ(report.dual_vector.empty(), fresh.problem.loss.smooth());
    EXPECT_LE(naive::relative_gap(network, fresh.problem, fresh.data, report.dual_vector), 1e-6 * (1 + 1e-6));

    // Solved in single precision, certified in double.
    settings.precision = Precision::single_precision;
    settings.tolerance = 1e-3;
    const Report single = fit(fresh.data, fresh.problem, settings).report;
    EXPECT_EQ(single.status, Status::optimal);
    EXPECT_NEAR(single.primal, fresh.primal, 1e-3 * unit);
    EXPECT_LT(single.iterations, 3000) << "bounds that a solver in single precision can see";
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Fresh, testing::Range(std::size_t{0}, fresh_cases()),
                         [](const auto& instance) { return load_fresh(instance.param).name; });

}  // namespace
}  // namespace neuspec::test
