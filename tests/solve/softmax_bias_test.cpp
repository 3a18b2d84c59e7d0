// Softmax with an intercept, whose optima are known otherwise, and data at its edges.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "neuspec/fit.hpp"
#include "solve/methods.hpp"
#include "support/naive.hpp"
#include "support/random_architecture.hpp"

namespace neuspec::test {
namespace {

class SoftmaxBias : public testing::TestWithParam<Method> {
 protected:
  SoftmaxBias() {
    problem_.loss = Loss::softmax;
    problem_.bias = true;
    settings_.solver = GetParam().solver;
    settings_.data_operator = GetParam().data_operator;
    settings_.tolerance = 1e-8;
  }
  /// Samples of random classes, `outputs` columns.
  Dataset data(Index samples, Index outputs, bool weighted) {
    Dataset plain = with_labels(random_dataset(random_, samples, 4, outputs), Loss::softmax);
    return weighted ? with_weights(plain, random_) : plain;
  }
  Result solve(const Dataset& samples) {
    Result result = fit(samples, problem_, settings_);
    EXPECT_EQ(result.report.status, Status::optimal);
    EXPECT_LE(result.report.relative_gap, settings_.tolerance);
    const Certificate again = certify(result.network, problem_, samples);
    EXPECT_EQ(again.primal, result.report.primal);
    EXPECT_EQ(again.dual, result.report.dual);
    return result;
  }

  Random random_{21};
  Problem problem_;
  Settings settings_;
};

// One output's network can stand for the difference of two at no greater cost.
TEST_P(SoftmaxBias, OfTwoClassesIsLogistic) {
  for (const bool weighted : {false, true}) {
    const Dataset two = data(30, 2, weighted);
    std::vector<double> signs;
    for (std::size_t at = 0; at < two.y().size(); at += 2) signs.push_back(two.y()[at] > 0 ? 1 : -1);
    problem_.beta = 0.1;
    const double optimum = solve(two).report.primal;
    Problem logistic = problem_;
    logistic.loss = Loss::logistic;
    EXPECT_NEAR(optimum, fit(Dataset(30, 4, 1, two.x(), signs, two.weights()), logistic, settings_).report.primal, 2e-8 * std::max(1.0, optimum));
  }
}

TEST_P(SoftmaxBias, FromBetaMaxOnTheClassesAreLogarithmsOfTheirWeights) {
  const Dataset samples = data(40, 3, true);
  problem_.beta = beta_max(problem_, samples) * 1.0001;
  const Result constant = solve(samples);
  EXPECT_EQ(constant.network.neurons(), 0);
  EXPECT_NEAR(constant.report.beta_max, problem_.beta / 1.0001, 1e-9 * problem_.beta);
  std::vector<double> log_weights;
  for (Index k = 0; k < 3; ++k) {
    double sum = 0;
    for (Index i = 0; i < 40; ++i) sum += naive::weight(samples, i) * naive::at(samples.y(), 3 * i + k);
    log_weights.push_back(std::log(sum));
  }
  const double mean = std::accumulate(log_weights.begin(), log_weights.end(), 0.0) / 3;
  for (Index k = 0; k < 3; ++k) EXPECT_NEAR(naive::at(constant.network.bias, k), naive::at(log_weights, k) - mean, 1e-13);
  problem_.beta *= 0.99;
  EXPECT_GT(solve(samples).network.neurons(), 0);
}

// What a fold of a cross-validation may bring: the optimum is that of the other classes.
TEST_P(SoftmaxBias, AClassWithoutSamplesChangesNothing) {
  const Dataset two = data(30, 2, true);
  std::vector<double> y;
  for (std::size_t at = 0; at < two.y().size(); at += 2) y.insert(y.end(), {two.y()[at], 0.0, two.y()[at + 1]});
  const Dataset three(30, 4, 3, two.x(), y, two.weights());
  problem_.beta = 0.3;
  const Result result = solve(three);
  EXPECT_NEAR(result.report.primal, solve(two).report.primal, 2e-8 * result.report.primal);
  EXPECT_EQ(std::count(result.network.output.begin(), result.network.output.end(), 1), 0) << "no neuron feeds it";
  std::vector<double> f(90);
  result.network.predict(three.x().data(), 30, f.data());
  for (std::size_t at = 0; at < f.size(); at += 3) EXPECT_EQ(std::exp(f[at + 1] - std::max(f[at], f[at + 2])), 0);
}

TEST_P(SoftmaxBias, OfSamplesThatSayNothing) {
  problem_.beta = 0.5;
  const Dataset one(1, 4, 3, {1, 2, 3, 4}, {0, 1, 0});
  EXPECT_LE(solve(one).report.primal, 1e-300) << "the intercept alone tells the only class";
  Dataset idle = data(5, 3, false);
  idle = Dataset(5, 4, 3, idle.x(), idle.y(), std::vector<double>(5, 0.0));
  EXPECT_EQ(solve(idle).report.primal, 0);
}

TEST_P(SoftmaxBias, OfSeparableData) {
  std::vector<double> x, y;
  for (Index i = 0; i < 24; ++i) {
    for (Index j = 0; j < 3; ++j) x.push_back((i % 3 == j ? 3 : 0) + 0.1 * random_.normal());
    for (Index k = 0; k < 3; ++k) y.push_back(i % 3 == k ? 1 : 0);
  }
  const Dataset samples(24, 3, 3, x, y);
  for (const double beta : {1.0, 1e-2, 1e-4}) {
    problem_.beta = beta;
    const Result result = solve(samples);
    for (const double b : result.network.bias) EXPECT_LT(std::abs(b), 100);
    EXPECT_LT(result.report.primal, 24 * std::log(3));
  }
}

INSTANTIATE_TEST_SUITE_P(All, SoftmaxBias, testing::ValuesIn(kMethods), [](const auto& instance) { return instance.param.label; });

// Small features make networks of large constants, which the intercept has to undo: steps change it by thousands.
TEST(SoftmaxBiasScale, OfFeaturesDoesNotStopTheDescent) {
  Random random(33);
  const Dataset plain = with_labels(random_dataset(random, 40, 3, 4), Loss::softmax);
  for (const double scale : {1e-3, 1.0, 1e3}) {
    std::vector<double> x = plain.x();
    for (double& value : x) value *= scale;
    Problem problem;
    problem.loss = Loss::softmax;
    problem.bias = true;
    const Dataset samples(40, 3, 4, x, plain.y());
    problem.beta = 0.05 * beta_max(problem, samples);
    Settings settings;
    settings.solver = SolverKind::burer_monteiro;
    EXPECT_EQ(fit(samples, problem, settings).report.status, Status::optimal) << scale;
  }
}

}  // namespace
}  // namespace neuspec::test
