// What must hold for any data and β, with every loss and every kind of architecture.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <tuple>

#include "neuspec/fit.hpp"
#include "support/naive.hpp"
#include "support/random_architecture.hpp"

namespace neuspec::test {
namespace {

using naive::at;

class LossProperty : public testing::TestWithParam<std::tuple<Loss, Architecture>> {
 protected:
  LossProperty() {
    std::tie(problem_.loss, problem_.architecture) = GetParam();
    const auto seed = static_cast<std::size_t>(problem_.loss.kind) + static_cast<std::size_t>(features_of(problem_.architecture));
    random_ = Random(static_cast<unsigned>(seed));
    problem_.activation = kActivations[seed % std::size(kActivations)];
    const Index C = problem_.loss.coupled() ? 3 : 1 + static_cast<Index>(seed % 2);
    data_ = with_labels(random_dataset(random_, 22, features_of(problem_.architecture), C), problem_.loss);
    problem_.beta = 0.15 * naive::beta_max(problem_, data_);
  }

  static Result solve(const Dataset& data, const Problem& problem) {
    Settings settings;
    settings.tolerance = 1e-7;
    Result result = fit(data, problem, settings);
    EXPECT_EQ(result.report.status, Status::optimal);
    return result;
  }
  static void expect_optimum(const Dataset& data, const Problem& problem, double optimum) {
    EXPECT_NEAR(solve(data, problem).report.primal, optimum, 2e-7 * std::max(1.0, optimum));
  }
  /// The samples at `order`, some of them several times.
  Dataset chosen(const std::vector<Index>& order) const {
    std::vector<double> x, y;
    for (const Index i : order) {
      const naive::Row xi = naive::row(data_.x(), i, data_.features()), yi = naive::row(data_.y(), i, data_.targets());
      x.insert(x.end(), xi.begin(), xi.end());
      y.insert(y.end(), yi.begin(), yi.end());
    }
    return {static_cast<Index>(order.size()), data_.features(), data_.targets(), x, y};
  }

  Random random_{0};
  Problem problem_;
  Dataset data_;
};

TEST_P(LossProperty, NoNetworkIsBelowTheDual) {
  const auto [best, report] = solve(data_, problem_);
  EXPECT_GT(best.neurons(), 0);
  EXPECT_LE(report.dual, report.primal);
  EXPECT_LE(naive::relative_gap(best, problem_, data_, report.dual_vector), 1e-7 * (1 + 1e-5));
  for (int trial = 0; trial < 12; ++trial) {
    // Half of them are close to the optimum: its own neurons, jittered.
    Network network = trial % 2 == 0 ? random_network(random_, problem_, data_.features(), data_.targets(), 1 + trial) : best;
    if (trial % 2 == 1)
      for (double& alpha : network.weights) alpha *= 1 + 1e-3 * random_.normal();
    const double primal = naive::primal(network, problem_, data_);
    EXPECT_GE(primal, report.dual);
    const Certificate certificate = certify(network, problem_, data_, report.dual_vector);
    EXPECT_NEAR(certificate.primal, primal, 1e-12 * std::max(1.0, primal));
    EXPECT_LE(certificate.dual, report.primal);
  }
}

TEST_P(LossProperty, OrderOfSamplesDoesNotMatter) {
  std::vector<Index> order(static_cast<std::size_t>(data_.samples()));
  std::iota(order.begin(), order.end(), Index{0});
  std::mt19937 engine(7);
  std::shuffle(order.begin(), order.end(), engine);
  expect_optimum(chosen(order), problem_, solve(data_, problem_).report.primal);
}

TEST_P(LossProperty, WeightIsTheNumberOfRepetitions) {
  std::vector<Index> repeated;
  std::vector<double> weights;
  for (Index i = 0; i < data_.samples(); ++i) {
    weights.push_back(i % 5 == 4 ? 0 : 1 + static_cast<double>(i % 3 == 0));
    for (Index copy = 0; copy < static_cast<Index>(weights.back()); ++copy) repeated.push_back(i);
  }
  expect_optimum({data_.samples(), data_.features(), data_.targets(), data_.x(), data_.y(), weights}, problem_,
                 solve(chosen(repeated), problem_).report.primal);
}

TEST_P(LossProperty, BetaMaxSeparatesTheZeroNetworkFromOthers) {
  const double largest = beta_max(problem_, data_);
  EXPECT_NEAR(largest, naive::beta_max(problem_, data_), 1e-10 * largest);
  const double zero = naive::primal(random_network(random_, problem_, data_.features(), data_.targets(), 0), problem_, data_);
  for (const double ratio : {1.000001, 100.0}) {
    problem_.beta = ratio * largest;
    const Report report = solve(data_, problem_).report;
    EXPECT_EQ(report.neurons, 0);
    EXPECT_NEAR(report.primal, zero, 1e-13 * zero);
    EXPECT_LE(report.relative_gap, 1e-12);
    EXPECT_NEAR(report.beta_max, largest, 1e-10 * largest);
  }
  problem_.beta = 0.9 * largest;
  const Report report = solve(data_, problem_).report;
  EXPECT_GE(report.neurons, 1);
  EXPECT_LT(report.primal, zero);
}

INSTANTIATE_TEST_SUITE_P(All, LossProperty, testing::Combine(testing::ValuesIn(every_loss()), testing::ValuesIn(every_architecture())),
                         [](const auto& instance) { return label_of(std::get<0>(instance.param), std::get<1>(instance.param)); });

}  // namespace
}  // namespace neuspec::test
