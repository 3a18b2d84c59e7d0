// More features than samples: solved and proven in the row space of the samples.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "neuspec/fit.hpp"
#include "support/naive.hpp"
#include "support/random_problem.hpp"

namespace {

using namespace neuspec;  // NOLINT(google-build-using-namespace)
using test::Random;

constexpr Index n = 8, d = 20, C = 2;

Dataset wide_data(Random& random, const Loss& loss) {
  const Dataset data = test::random_dataset(random, n, d, C);
  std::vector<double> y = data.y();
  if (loss.kind == LossKind::softmax) {
    for (Index i = 0; i < n; ++i)
      for (Index k = 0; k < C; ++k) y[static_cast<std::size_t>(i * C + k)] = i % C == k ? 1 : 0;
  } else if (loss.classification()) {
    for (double& value : y) value = value > 0 ? 1 : -1;
  }
  return {n, d, C, data.x(), std::move(y)};
}

/// The same problem on samples too many for a row space: each four times with a quarter of the weight.
Dataset repeated(const Dataset& data) {
  constexpr Index copies = 4;
  std::vector<double> x, y;
  for (Index copy = 0; copy < copies; ++copy) {
    x.insert(x.end(), data.x().begin(), data.x().end());
    y.insert(y.end(), data.y().begin(), data.y().end());
  }
  return {copies * n, d, C, std::move(x), std::move(y), std::vector<double>(static_cast<std::size_t>(copies * n), 1.0 / copies)};
}

double primal(const Result& result, const Problem& problem, const Dataset& data) {
  const Index outputs = data.targets();
  std::vector<double> f = naive::predict(result.network, data);
  double sum = 0;
  for (Index i = 0; i < data.samples(); ++i) {
    naive::Row row = naive::row(f, i, outputs);
    for (Index k = 0; k < outputs && problem.bias; ++k) naive::at(row, k) += naive::at(result.network.bias, k);
    sum += naive::loss_value(problem.loss, row, naive::row(data.y(), i, outputs));
  }
  for (const double alpha : result.network.weights) sum += result.report.beta * std::abs(alpha);
  return sum;
}

void expect_proven(const Result& result, const Problem& problem, const Dataset& data, double tolerance) {
  ASSERT_EQ(result.report.status, Status::optimal);
  EXPECT_LE(result.report.relative_gap, tolerance);
  EXPECT_EQ(result.report.features, data.features());
  EXPECT_EQ(result.network.features, data.features());
  // From above, by what thousands of features may round.
  EXPECT_GE(result.report.primal, (1 - 1e-13) * primal(result, problem, data));
  EXPECT_LE(result.report.primal, (1 + 1e-9) * primal(result, problem, data) + 1e-12);
  EXPECT_NE(result.report.choice.find("row space"), std::string::npos);
}

class Wide : public testing::TestWithParam<std::tuple<LossKind, bool>> {};

TEST_P(Wide, HasTheOptimumOfTheSameProblemOnTheSamples) {
  Random random(1);
  Problem problem{.activation = {}, .loss = std::get<0>(GetParam()), .beta = 1, .architecture = {}, .bias = std::get<1>(GetParam())};
  const Dataset data = wide_data(random, problem.loss), many = repeated(data);
  Settings settings;
  settings.tolerance = problem.loss.smooth() ? 1e-8 : 1e-7;
  const double largest = beta_max(problem, data);
  EXPECT_NEAR(largest, beta_max(problem, many), 1e-10 * largest);
  for (const double ratio : {0.5, 0.05}) {
    problem.beta = ratio * largest;
    const Result wide = fit(data, problem, settings), tall = fit(many, problem, settings);
    expect_proven(wide, problem, data, settings.tolerance);
    ASSERT_EQ(tall.report.status, Status::optimal);
    EXPECT_EQ(tall.report.choice.find("row space"), std::string::npos);
    const double scale = std::max(1.0, tall.report.primal);
    EXPECT_NEAR(wide.report.primal, tall.report.primal, 2 * settings.tolerance * scale);
    EXPECT_LE(wide.report.dual, tall.report.primal * (1 + 1e-14));
    EXPECT_NEAR(wide.report.beta_max, largest, 1e-8 * largest);
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, Wide,
                         testing::Combine(testing::Values(LossKind::squared, LossKind::huber, LossKind::absolute, LossKind::logistic,
                                                          LossKind::squared_hinge, LossKind::hinge, LossKind::softmax),
                                          testing::Bool()));

TEST(WideData, EverySolverAndOperator) {
  Random random(2);
  Problem problem{.activation = {1, 0, 0}, .loss = Loss::squared, .beta = 1};
  const Dataset data = wide_data(random, problem.loss);
  problem.beta = 0.1 * beta_max(problem, data);
  double optimum = -1;
  for (const OperatorKind data_operator : {OperatorKind::moments, OperatorKind::gram, OperatorKind::matrix_free}) {
    for (const SolverKind solver : {SolverKind::admm, SolverKind::burer_monteiro}) {
      if (solver == SolverKind::admm && data_operator == OperatorKind::matrix_free) continue;
      Settings settings;
      settings.solver = solver;
      settings.data_operator = data_operator;
      const Result result = fit(data, problem, settings);
      expect_proven(result, problem, data, 1e-6);
      if (optimum < 0) optimum = result.report.primal;
      EXPECT_NEAR(result.report.primal, optimum, 2e-6 * optimum);
    }
  }
}

TEST(WideData, SinglePrecision) {
  Random random(3);
  Problem problem{.activation = {}, .loss = Loss::logistic, .beta = 1};
  const Dataset data = wide_data(random, problem.loss);
  problem.beta = 0.1 * beta_max(problem, data);
  Settings settings;
  settings.precision = Precision::single_precision;
  settings.tolerance = 1e-4;
  expect_proven(fit(data, problem, settings), problem, data, 1e-4);
}

TEST(WideData, PathsSolveEachBeta) {
  Random random(4);
  Problem problem{.activation = {}, .loss = Loss::squared, .beta = 1, .architecture = {}, .bias = true};
  const Dataset data = wide_data(random, problem.loss);
  const double largest = beta_max(problem, data);
  const std::vector<double> betas = {largest, 0.3 * largest, 0.03 * largest};
  const std::vector<Result> path = fit_path(data, problem, betas);
  ASSERT_EQ(path.size(), betas.size());
  EXPECT_EQ(path.front().report.neurons, 0);
  for (std::size_t point = 0; point < betas.size(); ++point) {
    problem.beta = betas[point];
    expect_proven(path[point], problem, data, 1e-6);
    const double alone = fit(data, problem).report.primal;
    EXPECT_NEAR(path[point].report.primal, alone, 2e-6 * std::max(1.0, alone));
  }
}

TEST(WideData, OneSampleAndOnesThatAreZeroOrRepeated) {
  Random random(5);
  Problem problem{.activation = {}, .loss = Loss::squared, .beta = 0.01};
  const Dataset one(1, 30, 1, random.normals(30), {3.0});
  expect_proven(fit(one, problem), problem, one, 1e-6);
  std::vector<double> x = random.normals(6 * 30);
  std::fill_n(x.begin(), 30, 0.0);
  std::copy_n(x.begin() + 30, 30, x.begin() + 90);
  const Dataset data(6, 30, 1, std::move(x), {1, 2, -1, 3, 0.5, -2});
  expect_proven(fit(data, problem), problem, data, 1e-6);
  const Dataset zero(4, 30, 1, std::vector<double>(120), {1, 2, -1, 3});
  expect_proven(fit(zero, problem), problem, zero, 1e-6);
}

// d × d numbers would be 3.2 GB.
TEST(WideData, FitsInMemoryThatHasNoRoomForSquares) {
  Random random(6);
  const Index samples = 12, features = 20000;
  const Dataset data(samples, features, 1, random.normals(samples * features), random.normals(samples));
  Problem problem{.activation = {}, .loss = Loss::squared, .beta = 1};
  problem.beta = 0.1 * beta_max(problem, data);
  Settings settings;
  settings.memory_limit = 4 << 20;
  const Result result = fit(data, problem, settings);
  expect_proven(result, problem, data, 1e-6);
  EXPECT_LE(certify(result.network, problem, data).relative_gap, 1e-6);
}

TEST(WideData, AStopDuringTheFactorisationIsAnHonestResult) {
  Random random(7);
  Problem problem{.activation = {}, .loss = Loss::squared, .beta = 1};
  const Index samples = 90, features = 300;
  const Dataset data(samples, features, 1, random.normals(samples * features), random.normals(samples));
  const double largest = beta_max(problem, data);
  problem.beta = 0.05 * largest;
  const Result best = fit(data, problem);
  for (const int after : {0, 1, 2, 4}) {
    int asked = 0;
    Settings settings;
    settings.stop_requested = [&] { return asked++ >= after; };
    const Result result = fit(data, problem, settings);
    EXPECT_EQ(result.report.status, Status::interrupted);
    EXPECT_NEAR(result.report.primal, primal(result, problem, data), 1e-12 * result.report.primal);
    EXPECT_LE(result.report.dual, best.report.primal);
    EXPECT_GE(result.report.dual, 0);
    EXPECT_GE(result.report.primal, best.report.dual);
    EXPECT_EQ(result.report.neurons, 0);
    EXPECT_GE(result.report.beta_max, largest);
  }
  Settings settings;
  settings.time_limit = 1e-9;
  const Result result = fit(data, problem, settings);
  EXPECT_EQ(result.report.status, Status::time_limit);
  EXPECT_LE(result.report.dual, best.report.primal);
}

}  // namespace
