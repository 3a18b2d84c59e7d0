// Networks and data at which rounding decides: what the certificate says of them is held against 60 digits.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "certify/bias.hpp"
#include "certify/in_row_space.hpp"
#include "support/verdict.hpp"

namespace neuspec::test {
namespace {

const Activation relu{};

Dataset column(std::vector<double> x, std::vector<double> y, std::vector<double> weights = {}) {
  const auto n = static_cast<Index>(x.size());
  return {n, 1, 1, std::move(x), std::move(y), std::move(weights)};
}

struct Neuron {
  double direction, weight;
};

Network network_of(const Problem& problem, const std::vector<Neuron>& neurons, std::vector<double> bias = {}) {
  Network network{.activation = problem.activation, .features = 1, .outputs = 1, .directions = {}, .weights = {}, .output = {}};
  network.bias = std::move(bias);
  for (const Neuron& neuron : neurons) network.add(&neuron.direction, neuron.weight, 0);
  return network;
}

Verdict judged(const Problem& problem, const Dataset& data, const Network& network, const std::vector<double>& dual_vector = {}) {
  const Claim claim{problem, data, network, dual_vector, {}, {}};
  const Verdict verdict = Trial(claim).run();
  EXPECT_FALSE(verdict.wrong() || verdict.unconfirmed()) << verdict << claim;
  return verdict;
}

// Next to a target of 4e15 a double knows halves: the residual is (b − y) + f, and no other order keeps it.
TEST(Extremes, TargetsFarFromZeroWithAnIntercept) {
  const Problem problem{.activation = relu, .loss = Loss::squared, .beta = 0.6360476000000145, .bias = true};
  const Dataset data = column({-0.21, 0.59, -0.87, 1.74}, {3999999999999998.0, 4000000000000001.0, 3999999999999999.0, 4000000000000002.0});
  const Verdict verdict = judged(problem, data, network_of(problem, {{1, 1.9479052940050274}}, {3.999999999999999e+15}));
  EXPECT_NEAR(verdict.certificate.primal, 2.8467866955400836, 1e-12);
  EXPECT_NEAR(verdict.certificate.dual, 2.5220790254680045, 1e-9);
  EXPECT_NEAR(verdict.certificate.relative_gap, 0.11406112, 1e-7);
}

// The same targets seen from 4e15 are proven.
TEST(Extremes, TheSameTargetsNearZero) {
  const Problem problem{.activation = relu, .loss = Loss::squared, .beta = 0.6360476000000145, .bias = true};
  const Dataset data = column({-0.21, 0.59, -0.87, 1.74}, {-2, 1, -1, 2});
  Network network = network_of(problem, {{1, 1.9479052940050274}});
  set_best_bias(network, problem, data);
  const Verdict verdict = judged(problem, data, network);
  EXPECT_NEAR(verdict.certificate.primal, static_cast<double>(verdict.primal), 1e-12);
}

// Its neurons all but cancel: each of their products is rounded by more than the objective.
TEST(Extremes, HugeTargetsOfHugeWeights) {
  const Problem problem{.activation = {0, 1, 0}, .loss = Loss::squared, .beta = 1e-30};
  const Network network =
      network_of(problem, {{-1, 6.121857637751437e+16}, {1, 1.9948011700044915e+17}, {1, -6.121857637751311e+16}, {-1, -1.9948011700045078e+17}});
  const Verdict verdict = judged(problem, column({2.94}, {812977858862865000.0}), network);
  EXPECT_GE(verdict.certificate.primal, 163.73459854241881);
  EXPECT_GT(verdict.certificate.relative_gap, 0.99);
}

TEST(Extremes, WeightsThatCancel) {
  const Problem problem{.activation = relu, .loss = Loss::squared, .beta = 1e-290};
  const Verdict verdict = judged(problem, column({0.3, 0.7, 1.1}, {0, 0, 0}), network_of(problem, {{1, 1e25}, {1, -1e25}, {1, 1}}));
  EXPECT_GE(verdict.certificate.primal, 1.2077968149999999661);
  EXPECT_EQ(verdict.certificate.relative_gap, 1);
}

// A class of weight 1e12 lies at the kink of its loss, where a rounding of f costs 1e-4 on the wrong side and nothing on the right one.
TEST(Extremes, AHeavyClassAtAKink) {
  const Problem problem{.activation = relu, .loss = Loss::hinge, .beta = 0.1, .bias = true};
  const std::vector<double> dual_vector{0.9328358208954801, -0.9328358208954801};
  for (const double weight : {1.0, 1e6, 1e9, 1e12, 1e15}) {
    const Dataset data = column({-0.3, -0.1}, {-1, 1}, {1, weight});
    Network network = network_of(problem, {{-1, -18.65671641790632}}, {10.7182835820874});
    const Verdict beside = judged(problem, data, network, dual_vector);
    EXPECT_GE(beside.certificate.relative_gap, 5e-16 * weight);
    set_best_bias(network, problem, data);
    const Verdict best = judged(problem, data, network, dual_vector);
    EXPECT_LE(best.certificate.relative_gap, 1e-12);
    EXPECT_NEAR(best.certificate.primal, 1.8656716417910782, 1e-12);
  }
}

// ‖u‖ = 1 ± 9e-10 with weights of ±1e9: normalised, the neurons cancel, and the network is 0.
TEST(Extremes, DirectionsAreOfUnitLength) {
  const Problem problem{.activation = relu, .loss = Loss::squared, .beta = 1e-17};
  std::vector<double> x, y;
  for (int i = -4; i <= 4; ++i) {
    x.push_back(0.5 * i);
    y.push_back(0.25 * i * i);
  }
  const double alpha = 1543209844.0411825;
  const Network network = network_of(problem, {{1.0000000009, alpha}, {0.9999999991, -alpha}, {-1.0000000009, alpha}, {-0.9999999991, -alpha}});
  const Verdict verdict = judged(problem, column(x, y), network);
  EXPECT_NEAR(verdict.certificate.primal, 22.125, 0.01);
  Network bent = network_of(problem, {{1.00000002, 1}});
  EXPECT_THROW(certify(bent, problem, column(x, y)), DataError);
}

// x² is below all numbers, σ(x) = 1e150 x² is not.
TEST(Extremes, SquaresBelowAllNumbers) {
  const Problem problem{.activation = {1e150, 0, 0}, .loss = Loss::squared, .beta = 1e-300};
  const Dataset data = column({1e-163, 1e-163, 1.5e-163}, {1, 1, 1});
  const Verdict nothing = judged(problem, data, network_of(problem, {}));
  EXPECT_EQ(nothing.certificate.relative_gap, 1);
  EXPECT_LE(nothing.certificate.dual, 7.0588235294117650e-125);
  judged(problem, data, network_of(problem, {{1, 6.017699115044247e+175}}));
}

// The sides of v differ by a factor of 1e328. Balanced, v proves 0.01, which the network 1e20 − 1e20 x attains; of that one no double knows to
// 1e-308 that it hits the first target.
TEST(Extremes, DualVectorsOfAllSizesAreBalanced) {
  const Problem problem{.activation = {0, 1, 0}, .loss = Loss::absolute, .beta = 1e-22, .bias = true};
  const Dataset data = column({1, 0, 0}, {0, 1e20, 1e20}, {1e308, 1e-20, 1e-20});
  const std::vector<double> dual_vector{1e308, -1e-20, -1e-20};
  const Verdict verdict = judged(problem, data, network_of(problem, {}, {0}), dual_vector);
  EXPECT_LE(verdict.certificate.dual, 0.01);
  EXPECT_GE(verdict.certificate.dual, 0.01 * (1 - 1e-7));
  EXPECT_THROW(certify(network_of(problem, {{-1, 1e20}}, {1e20}), problem, data, dual_vector), DataError);
}

// Targets of 1e-4 have an objective of 1e-8 without any network: nothing is learnt by 0.
TEST(Extremes, SmallObjectivesAreMeasuredInTheirOwnUnit) {
  const Problem problem{.activation = relu, .loss = Loss::squared, .beta = 1e-9};
  const Dataset data = column({-1, 0.5, 2}, {1e-4, -2e-4, 2e-4});
  EXPECT_NEAR(objective_unit(problem, data), 4.5e-8, 1e-20);
  EXPECT_GT(judged(problem, data, network_of(problem, {})).certificate.relative_gap, 0.01);
  // Nothing is to be learnt of zeros, or beside an intercept of targets that are all the same.
  EXPECT_EQ(judged(problem, column({-1, 0.5, 2}, {0, 0, 0}), network_of(problem, {})).certificate.relative_gap, 0);
  for (const LossKind loss : {Loss::squared, Loss::huber, Loss::absolute}) {
    const Problem free{.activation = relu, .loss = loss, .beta = 1e-9, .bias = true};
    const Dataset same = column({-1, 0.5, 2}, {0.1, 0.1, 0.1}, {0.3, 0.7, 1.9});
    Network constant = network_of(free, {});
    set_best_bias(constant, free, same);
    EXPECT_EQ(constant.bias.front(), 0.1);
    EXPECT_EQ(judged(free, same, constant).certificate.relative_gap, 0);
    EXPECT_EQ(objective_unit(free, same), 0);
  }
}

/// Counts passes over targets alone.
class CountedTargets final : public Source {
 public:
  explicit CountedTargets(const Dataset& data) : data_(data) {}
  Index samples() const override { return data_.samples(); }
  Index features() const override { return data_.features(); }
  Index targets() const override { return data_.targets(); }
  void visit(Index most, const std::function<void(const Chunk&)>& visitor) const override { data_.visit(most, visitor); }
  void visit_targets(Index most, const std::function<void(const Chunk&)>& visitor) const override {
    ++passes;
    data_.visit_targets(most, visitor);
  }
  mutable int passes = 0;

 private:
  const Dataset& data_;
};

TEST(Extremes, AUnitThatIsKnownIsNotAskedForAgain) {
  const Problem problem{.activation = relu, .loss = Loss::absolute, .beta = 0.01, .bias = true};
  const Dataset data = column({-1, 0.5, 2, 3}, {0.01, 0.02, 0.04, 0.01});
  const Network network = network_of(problem, {{1, 0.001}}, {0.01});
  const CountedTargets without(data), with(data);
  const double unit = objective_unit(problem, data);
  const Certificate asked = certify(network, problem, without, {}, nullptr), known = certify(network, problem, with, {}, nullptr, unit);
  EXPECT_EQ(known.unit, asked.unit);
  EXPECT_EQ(known.relative_gap, asked.relative_gap);
  EXPECT_EQ(known.dual, asked.dual);
  const CountedTargets alone(data);
  EXPECT_EQ(objective_unit(problem, alone), unit);
  EXPECT_GE(alone.passes, 3);
  EXPECT_EQ(with.passes, without.passes - alone.passes);
}

}  // namespace
}  // namespace neuspec::test
