// What must hold for any data, β and activation.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "neuspec/fit.hpp"
#include "support/naive.hpp"
#include "support/random_problem.hpp"

namespace {

using naive::at;
using neuspec::Activation;
using neuspec::Dataset;
using neuspec::Index;
using neuspec::Problem;
using neuspec::Report;

/// A random problem for each activation; outputs, sizes and β vary with the seed.
class Property : public testing::TestWithParam<int> {
 protected:
  Property() : data_(neuspec::test::random_dataset(random_, 30 + 7 * (GetParam() % 4), 2 + GetParam() % 5, 1 + GetParam() % 3)) {
    problem_.activation = neuspec::test::kActivations[static_cast<std::size_t>(GetParam()) % std::size(neuspec::test::kActivations)];
    problem_.beta = (0.02 + 0.1 * (GetParam() % 4)) * naive::beta_max(problem_, data_);
  }

  static Report solve(const Dataset& data, const Problem& problem) {
    neuspec::Settings settings;
    settings.tolerance = 1e-9;
    auto report = neuspec::fit(data, problem, settings).report;
    EXPECT_EQ(report.status, neuspec::Status::optimal);
    return report;
  }
  void expect_optimum(const Dataset& data, const Problem& problem, double optimum) {
    EXPECT_NEAR(solve(data, problem).primal, optimum, 1e-8 * std::max(1.0, optimum));
  }
  double optimum() { return solve(data_, problem_).primal; }

  neuspec::test::Random random_{static_cast<unsigned>(GetParam())};
  Dataset data_;
  Problem problem_;
};

TEST_P(Property, NoNetworkIsBelowTheDual) {
  const auto [best, report] = neuspec::fit(data_, problem_);
  EXPECT_LE(report.dual, report.primal);
  for (int trial = 0; trial < 20; ++trial) {
    // Half of them are close to the optimum: its own neurons, jittered.
    auto network = trial % 2 == 0 ? random_.network(problem_.activation, data_.features(), data_.targets(), 1 + trial) : best;
    if (trial % 2 == 1)
      for (double& alpha : network.weights) alpha *= 1 + 1e-3 * random_.normal();
    const double primal = naive::primal(network, problem_, data_);
    EXPECT_GE(primal, report.dual);
    const auto certificate = neuspec::certify(network, problem_, data_);
    EXPECT_NEAR(certificate.primal, primal, 1e-12 * std::max(1.0, primal));
    EXPECT_LE(certificate.dual, report.primal);
    EXPECT_NEAR(certificate.relative_gap, (certificate.primal - certificate.dual) / std::max(1.0, certificate.primal), 1e-12);
  }
}

TEST_P(Property, OrderOfSamplesDoesNotMatter) {
  std::vector<Index> order(static_cast<std::size_t>(data_.samples()));
  std::iota(order.begin(), order.end(), Index{0});
  std::mt19937 engine(7);
  std::shuffle(order.begin(), order.end(), engine);
  std::vector<double> x, y;
  for (const Index i : order) {
    for (Index k = 0; k < data_.features(); ++k) x.push_back(at(data_.x(), i * data_.features() + k));
    for (Index k = 0; k < data_.targets(); ++k) y.push_back(at(data_.y(), i * data_.targets() + k));
  }
  expect_optimum({data_.samples(), data_.features(), data_.targets(), x, y}, problem_, optimum());
}

TEST_P(Property, RotatingTheFeaturesDoesNotMatter) {
  const Index d = data_.features();
  const auto Q = random_.orthogonal(d);
  std::vector<double> x;
  for (Index i = 0; i < data_.samples(); ++i)
    for (Index k = 0; k < d; ++k) x.push_back(std::inner_product(Q.begin() + k * d, Q.begin() + (k + 1) * d, data_.x().begin() + i * d, 0.0));
  expect_optimum({data_.samples(), d, data_.targets(), x, data_.y()}, problem_, optimum());
}

TEST_P(Property, ScalingTargetsAndBetaScalesTheOptimumBySquare) {
  auto y = data_.y();
  for (double& value : y) value *= 3;
  Problem problem = problem_;
  problem.beta *= 3;
  expect_optimum({data_.samples(), data_.features(), data_.targets(), data_.x(), y}, problem, 9 * optimum());
}

TEST_P(Property, ScalingActivationAndBetaDoesNotMatter) {
  Problem problem = problem_;
  problem.activation = {2.5 * problem.activation.a, 2.5 * problem.activation.b, 2.5 * problem.activation.c};
  problem.beta *= 2.5;
  expect_optimum(data_, problem, optimum());
}

TEST_P(Property, ScalingFeaturesMovesIntoTheActivation) {
  auto x = data_.x();
  for (double& value : x) value *= 2;
  Problem problem = problem_;
  problem.activation = {problem.activation.a / 4, problem.activation.b / 2, problem.activation.c};
  expect_optimum({data_.samples(), data_.features(), data_.targets(), x, data_.y()}, problem, optimum());
}

TEST_P(Property, WeightTwoIsTheSameSampleTwice) {
  auto x = data_.x(), y = data_.y();
  std::vector<double> weights(static_cast<std::size_t>(data_.samples()), 1.0);
  for (Index i = 0; i < data_.samples(); i += 3) {
    at(weights, i) = 2;
    x.insert(x.end(), data_.x().begin() + i * data_.features(), data_.x().begin() + (i + 1) * data_.features());
    y.insert(y.end(), data_.y().begin() + i * data_.targets(), data_.y().begin() + (i + 1) * data_.targets());
  }
  const auto samples = static_cast<Index>(x.size()) / data_.features();
  const double twice = solve({samples, data_.features(), data_.targets(), x, y}, problem_).primal;
  expect_optimum({data_.samples(), data_.features(), data_.targets(), data_.x(), data_.y(), weights}, problem_, twice);
}

TEST_P(Property, BetaMaxSeparatesTheZeroNetworkFromOthers) {
  const double beta_max = neuspec::beta_max(problem_, data_);
  EXPECT_NEAR(beta_max, naive::beta_max(problem_, data_), 1e-10 * beta_max);
  double zero_network = 0;
  for (const double y : data_.y()) zero_network += 0.5 * y * y;
  for (const double ratio : {1.000001, 1.5, 100.0}) {
    Problem problem = problem_;
    problem.beta = ratio * beta_max;
    const auto report = solve(data_, problem);
    EXPECT_EQ(report.neurons, 0);
    EXPECT_NEAR(report.primal, zero_network, 1e-12 * zero_network);
    EXPECT_NEAR(report.beta_max, beta_max, 1e-10 * beta_max);
  }
  Problem problem = problem_;
  problem.beta = 0.95 * beta_max;
  const auto report = solve(data_, problem);
  EXPECT_GE(report.neurons, 1);
  EXPECT_LT(report.primal, zero_network);
}

TEST_P(Property, OutputsAreSolvedAsIfAlone) {
  double sum = 0;
  for (Index output = 0; output < data_.targets(); ++output) {
    std::vector<double> y;
    for (Index i = 0; i < data_.samples(); ++i) y.push_back(at(data_.y(), i * data_.targets() + output));
    sum += solve({data_.samples(), data_.features(), 1, data_.x(), y}, problem_).primal;
  }
  expect_optimum(data_, problem_, sum);
}

INSTANTIATE_TEST_SUITE_P(RandomProblems, Property, testing::Range(0, 10));

/// R(S, s), the smallest Σ|α_j| of neurons with Σ α u uᵀ = S and Σ α u = s (docs/mathematics.md section 7), as the limit of optimum/β for β → 0: with
/// σ(t) = t² + t and exact targets xᵀSx + sᵀx, optimum/β = R − kβ until the optimal face changes, so two values of β give R.
double smallest_penalty(const std::vector<double>& S, const std::vector<double>& s) {
  const auto d = static_cast<Index>(s.size());
  const Index n = 200;
  neuspec::test::Random random(3);
  const auto x = random.normals(n * d);
  std::vector<double> y;
  for (Index i = 0; i < n; ++i) {
    double value = 0;
    for (Index k = 0; k < d; ++k) {
      const double x_k = at(x, i * d + k);
      value += at(s, k) * x_k;
      for (Index l = 0; l < d; ++l) value += x_k * at(S, k * d + l) * at(x, i * d + l);
    }
    y.push_back(value);
  }
  neuspec::Settings settings;
  settings.tolerance = 1e-8;
  const auto optimum_per_beta = [&](double beta) {
    const Problem problem{.activation = {1, 1, 0}, .loss = neuspec::Loss::squared, .beta = beta};
    const auto report = neuspec::fit(Dataset(n, d, 1, x, y), problem, settings).report;
    EXPECT_EQ(report.status, neuspec::Status::optimal);
    return report.primal / beta;
  };
  return 2 * optimum_per_beta(0.25) - optimum_per_beta(0.5);
}

TEST(ClosedForm, QuadraticPartAloneIsTheNuclearNorm) { EXPECT_NEAR(smallest_penalty({2, 1, 1, -3}, {0, 0}), std::sqrt(29.0), 1e-5); }

TEST(ClosedForm, LinearPartAloneIsTheEuclideanNorm) { EXPECT_NEAR(smallest_penalty({0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, -1, 2}), 3, 1e-5); }

TEST(ClosedForm, OneDirectionTakesTheLargerPart) {
  EXPECT_NEAR(smallest_penalty({2, 0, 0, 0}, {1, 0}), 2, 1e-5);
  EXPECT_NEAR(smallest_penalty({1, 0, 0, 0}, {-3, 0}), 3, 1e-5);
}

TEST(ClosedForm, OrthogonalDirections) {
  const double p = 1.5, q = 0.8;
  EXPECT_NEAR(smallest_penalty({p, 0, 0, 0}, {0, q}), (p * p + 2 * p * q + 2 * q * q) / (p + 2 * q), 1e-5);
}

}  // namespace
