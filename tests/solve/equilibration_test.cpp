// Other units are the same problem: exactly so in what the solver is given, and nearly so in how long it takes.
#include "solve/equilibration.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "support/naive.hpp"
#include "support/random_architecture.hpp"

namespace neuspec::test {
namespace {

struct Units {
  double features = 1, targets = 1, weights = 1;
};

/// The same data in other units.
Dataset measured_in(const Units& units, const Dataset& data, const Loss& loss) {
  std::vector<double> x = data.x(), y = data.y(), weights(static_cast<std::size_t>(data.samples()), 1.0);
  if (!data.weights().empty()) weights = data.weights();
  for (double& value : x) value *= units.features;
  for (double& value : y) value *= loss.classification() ? 1 : units.targets;
  for (double& value : weights) value *= units.weights;
  return {data.samples(), data.features(), data.targets(), std::move(x), std::move(y), std::move(weights)};
}

/// And the same problem on them, whose objective is larger by the factor of Ω.
Problem measured_in(const Units& units, Problem problem) {
  const bool labels = problem.loss.classification(), absolute = problem.loss.kind == Loss::absolute;
  problem.activation.a /= units.features * units.features;
  problem.activation.b /= units.features;
  problem.loss.delta *= labels ? 1 : units.targets;
  problem.beta *= units.weights * (labels || absolute ? 1 : units.targets);
  return problem;
}

Dataset copy_of(const Source& source) {
  std::vector<double> x, y, weights;
  source.visit(7, [&](const Chunk& chunk) {
    x.insert(x.end(), chunk.x, chunk.x + chunk.samples * source.features());
    y.insert(y.end(), chunk.y, chunk.y + chunk.samples * source.targets());
    if (chunk.weights != nullptr) weights.insert(weights.end(), chunk.weights, chunk.weights + chunk.samples);
  });
  return {source.samples(), source.features(), source.targets(), std::move(x), std::move(y), std::move(weights)};
}

class InUnits : public testing::TestWithParam<Loss> {
 protected:
  InUnits() {
    problem_.loss = GetParam();
    Random random(static_cast<unsigned>(problem_.loss.kind) + 71);
    data_ = with_labels(random_dataset(random, 40, 4, problem_.loss.coupled() ? 3 : 2), problem_.loss);
    problem_.beta = 0.1 * naive::beta_max(problem_, data_);
  }
  Problem problem_;
  Dataset data_;
};

constexpr Units kUnits[] = {{1e6, 1, 1},  {1e-6, 1, 1},  {1, 1e-4, 1},        {1, 1e9, 1},
                            {1, 1, 1e10}, {1, 1, 1e-12}, {3e77, 1e-40, 1e30}, {1e-60, 1e50, 1e-50}};

TEST_P(InUnits, DataOfOrdinarySizeAreLeftAlone) {
  const Equilibration plain(problem_, data_);
  EXPECT_TRUE(plain.trivial());
  EXPECT_EQ(copy_of(plain).x(), data_.x());
  EXPECT_TRUE(copy_of(plain).weights().empty());
  EXPECT_EQ(plain.objective(), 1);
  EXPECT_EQ(plain.beta(0.3), 0.3);
}

TEST_P(InUnits, ObjectivesAndBoundsAreTheSame) {
  Random random(9);
  const Network network = random_network(random, problem_, 4, data_.targets(), 5);
  for (const Units& units : kUnits) {
    const Dataset data = measured_in(units, data_, problem_.loss);
    const Problem problem = measured_in(units, problem_);
    const Equilibration equilibration(problem, data);
    const Dataset seen = copy_of(equilibration);
    Problem own = equilibration.problem();
    Network inside = network;
    inside.activation = own.activation;
    const Network outside = equilibration.network_of_the_data(inside);
    EXPECT_EQ(outside.activation, problem.activation);
    const double primal = naive::primal(outside, problem, data);
    EXPECT_NEAR(equilibration.objective() * naive::primal(inside, own, seen), primal, 1e-11 * primal);
    EXPECT_DOUBLE_EQ(equilibration.beta_of_the_data(own.beta), problem.beta);
    const std::vector<double> v = naive::gradient(own, seen, naive::predict(inside, seen));
    const double dual = naive::dual(own, seen, v) * equilibration.objective();
    EXPECT_NEAR(naive::dual(problem, data, equilibration.dual_vector_of_the_data(v)), dual, 1e-9 * primal);
    // What the solver sees is of ordinary size.
    for (const double weight : seen.weights()) EXPECT_NEAR(std::log2(weight), 0, 5);
    double squares = 0;
    for (const double value : seen.x()) squares += value * value / static_cast<double>(seen.x().size());
    EXPECT_NEAR(std::log2(squares) / 2, 0, 5);
  }
}

TEST_P(InUnits, StepsDoNotDependOnThem) {
  const Report plain = fit(data_, problem_).report;
  ASSERT_EQ(plain.status, Status::optimal);
  for (const Units& units : {Units{1e6, 1, 1}, Units{1, 1e-4, 1}, Units{1, 1, 1e10}, Units{1e-3, 1e6, 1e-8}}) {
    const Dataset data = measured_in(units, data_, problem_.loss);
    const auto [network, report] = fit(data, measured_in(units, problem_));
    EXPECT_EQ(report.status, Status::optimal);
    EXPECT_GT(network.neurons(), 0);
    EXPECT_LE(static_cast<double>(report.iterations), 1.5 * static_cast<double>(plain.iterations) + 40);
    EXPECT_NEAR(report.beta / report.beta_max, plain.beta / plain.beta_max, 1e-9);
    const double size = report.beta / problem_.beta * (problem_.loss.classification() || problem_.loss.kind == Loss::absolute ? 1 : units.targets) *
                        (problem_.loss.kind == Loss::absolute ? units.targets : 1);
    EXPECT_NEAR(report.primal / size, plain.primal, 1e-5 * std::max(1.0, plain.primal));
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, InUnits, testing::ValuesIn(every_loss()), [](const auto& tested) {
  std::string text = tested.param.name();
  std::replace_if(text.begin(), text.end(), [](char c) { return c == ':' || c == '.'; }, '_');
  return text;
});

TEST(InUnitsOfTheirOwn, TargetsFarFromZeroAreCentredBesideAnIntercept) {
  Random random(3);
  const Dataset near = random_dataset(random, 30, 3, 1);
  std::vector<double> y = near.y();
  for (double& value : y) value += 1e6;
  const Dataset data(30, 3, 1, near.x(), y);
  Problem problem;
  EXPECT_EQ(copy_of(Equilibration(problem, near)).y(), near.y());
  problem.bias = true;
  const Dataset seen = copy_of(Equilibration(problem, data));
  double mean = 0;
  for (const double value : seen.y()) mean += value / 30;
  EXPECT_NEAR(mean, 0, 1e-9);
  problem.beta = 0.05 * beta_max(problem, data);
  EXPECT_EQ(fit(data, problem).report.status, Status::optimal);
}

// Beside features this large the activation's linear part is a millionth of the quadratic one, but not nothing at the tolerance. ADMM hardly moves
// it.
TEST(InUnitsOfTheirOwn, FeaturesFarFromTheActivationsOwnUnits) {
  Random random(29);
  const Dataset near = random_dataset(random, 20, 2, 1);
  for (const double size : {1e3, 1e5, 1e6, 1e7, 1e8}) {
    const Dataset data = measured_in({size, 1, 1}, near, Loss::squared);
    Problem problem;
    problem.beta = 0.01 * beta_max(problem, data);
    EXPECT_EQ(fit(data, problem).report.status, Status::optimal) << size;
  }
}

// Where a square overflows the answer is a network or a clear word, never a failed eigensolver.
TEST(InUnitsOfTheirOwn, FeaturesBeyondAnySquareAreSolvedOrRefused) {
  Random random(5);
  for (const double size : {1e99, 1e180, 1e-99, 1e-180}) {
    for (const Loss& loss : every_loss()) {
      const Dataset data = measured_in({size, 1, 1}, with_labels(random_dataset(random, 20, 3, loss.coupled() ? 3 : 1), loss), loss);
      Problem problem;
      problem.loss = loss;
      Settings settings;
      settings.max_iterations = 2000;
      try {
        problem.beta = 0.1 * beta_max(problem, data);
        const Report report = fit(data, problem, settings).report;
        EXPECT_TRUE(std::isfinite(report.primal) && std::isfinite(report.dual)) << size << loss.name();
      } catch (const DataError&) {
        EXPECT_GT(size, 1);
      }
    }
  }
}

}  // namespace
}  // namespace neuspec::test
