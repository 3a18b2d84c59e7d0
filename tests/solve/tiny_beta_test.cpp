// Hardly any penalty: beside a β of 10⁻⁹ β_max the bound hangs on the ninth digit of Γ(v), and the ρ of blocks and split are as far apart.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

#include "neuspec/fit.hpp"
#include "support/naive.hpp"
#include "support/random.hpp"

namespace neuspec::test {
namespace {

double total_weight(const Network& network) {
  return std::transform_reduce(network.weights.begin(), network.weights.end(), 0.0, std::plus(), [](double alpha) { return std::abs(alpha); });
}

/// More samples than a network of d features can fit: targets, or their signs, of a random one under noise.
Dataset noisy(Random& random, Index n, Index d, const Loss& loss) {
  const Network truth = random.network({}, d, 1, 4);
  const Dataset x(n, d, 1, random.normals(n * d), std::vector<double>(static_cast<std::size_t>(n)));
  std::vector<double> y = naive::predict(truth, x);
  const double mean = std::accumulate(y.begin(), y.end(), 0.0) / static_cast<double>(n);
  for (double& value : y) {
    value += 0.7 * random.normal() - mean;
    if (loss.classification()) value = value > 0 ? 1 : -1;
  }
  return {n, d, 1, x.x(), y};
}

class TinyBeta : public testing::TestWithParam<Loss> {};

// The optimum is concave in β, with Σ|α| as its slope, so that two solves that know nothing of each other bound each other.
TEST_P(TinyBeta, IsProven) {
  Random random(9);
  for (const auto& [n, d] : {std::pair<Index, Index>{30, 2}, {60, 3}, {120, 4}, {90, 6}}) {
    Problem problem;
    problem.loss = GetParam();
    const Dataset data = noisy(random, n, d, problem.loss);
    Settings settings;
    settings.solver = SolverKind::admm;
    settings.data_operator = OperatorKind::moments;
    const double largest = beta_max(problem, data);
    double before = 0, slope = 0, beta_before = 0;
    for (const double power : {-9, -8, -7, -6}) {
      problem.beta = std::pow(10, power) * largest;
      const auto [network, report] = fit(data, problem, settings);
      EXPECT_EQ(report.status, Status::optimal) << n << ' ' << d << ' ' << power << ' ' << report.relative_gap;
      EXPECT_LE(report.iterations, power < -7 ? 15000 : 6000) << n << ' ' << d << ' ' << power;
      EXPECT_NEAR(report.primal, naive::primal(network, problem, data), 1e-9 * report.primal);
      if (beta_before > 0) {
        EXPECT_LE(report.dual, before + (problem.beta - beta_before) * slope) << "above the tangent of a smaller β";
        EXPECT_GE(report.primal, before * (1 - 1e-6)) << "below the optimum of a smaller β";
      }
      before = report.primal;
      slope = total_weight(network);
      beta_before = problem.beta;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, TinyBeta, testing::Values(Loss(Loss::hinge), Loss(Loss::absolute), Loss(Loss::logistic), Loss(Loss::huber, 0.3)),
                         [](const auto& of) { return of.param.name().substr(0, of.param.name().find(':')); });

// Whatever the network touches: as many margins as it has freedom, fewer, or none because it separates the classes.
TEST(TinyBeta, WithKinksOnManyDataSets) {
  for (const auto& [n, d, bias] : {std::tuple<Index, Index, bool>{60, 3, true}, {40, 5, false}, {90, 6, true}}) {
    for (unsigned seed = 10; seed < 41; seed += 2) {
      for (const Loss& loss : {Loss(Loss::hinge), Loss(Loss::absolute)}) {
        Random random(seed);
        Problem problem;
        problem.loss = loss;
        problem.bias = bias;
        const Dataset data = noisy(random, n, d, loss);
        const int power = -5 - static_cast<int>(seed / 2 % 4);
        problem.beta = std::pow(10, power) * beta_max(problem, data);
        const auto [network, report] = fit(data, problem);
        EXPECT_EQ(report.status, Status::optimal) << n << ' ' << seed << ' ' << power << ' ' << loss.name() << ' ' << report.relative_gap;
        if (!bias) {  // an upper bound, which large weights that cancel make allow for rounding of some 1e-9
          const double primal = naive::primal(network, problem, data), unit = std::max(1.0, primal);
          EXPECT_GE(report.primal, primal - 1e-11 * unit);
          EXPECT_LE(report.primal, primal + 1e-8 * unit);
        }
      }
    }
  }
}

// Pools, several outputs, weights of which some are 0, an odd activation: what ADMM proves of a larger β, at one where it stagnates.
TEST(TinyBeta, WithKinksAndEverythingElse) {
  Random random(7);
  const Index n = 70, d = 6, C = 2;
  std::vector<double> y(static_cast<std::size_t>(n * C)), weights(static_cast<std::size_t>(n));
  for (double& value : y) value = random.normal() > 0 ? 1 : -1;
  for (double& weight : weights) weight = random.index(0, 3) == 0 ? 0 : random.uniform(0.2, 3);
  const Dataset data(n, d, C, random.normals(n * d), y, weights);
  Problem problem;
  problem.loss = Loss::hinge;
  problem.bias = true;
  problem.activation = {0.2, -0.7, 0.1};
  problem.architecture = Architecture::parse("conv1d:length=6,filter=3,pool=2");
  double larger = std::numeric_limits<double>::infinity();
  for (const double ratio : {1e-3, 1e-6}) {
    problem.beta = ratio * beta_max(problem, data);
    const Report report = fit(data, problem).report;
    EXPECT_EQ(report.status, Status::optimal) << ratio << ' ' << report.relative_gap;
    EXPECT_LE(report.dual, larger) << "above the optimum of a larger beta";
    larger = report.primal;
  }
}

/// Asks to stop once it has been asked so often itself, and from then on or that one time.
struct Stop {
  int asked = 0, first = 0;
  bool lasting = true;
  bool operator()() { return ++asked == first || (lasting && first > 0 && asked > first); }
};

// Wherever within its last steps, and whether the wish lasts or was said once: what ends early ends with bounds that hold. A step of ADMM asks once,
// one of the interior point more often.
TEST(TinyBeta, AStopWithinAStepOfTheInteriorPointKeepsWhatThereIs) {
  int stopped = 0;
  for (unsigned seed = 22; seed < 60 && stopped == 0; ++seed) {
    Random random(seed);
    Problem problem;
    problem.loss = Loss(Loss::hinge);
    const Dataset data = noisy(random, 60, 3, problem.loss);
    problem.beta = 1e-8 * beta_max(problem, data);
    Stop stop;
    Settings settings;
    settings.solver = SolverKind::admm;
    settings.stop_requested = std::ref(stop);
    const Report proven = fit(data, problem, settings).report;
    ASSERT_EQ(proven.status, Status::optimal);
    const int all = stop.asked;
    if (all <= proven.iterations + 250) continue;  // ADMM got there
    for (const int before_end : {200, 90, 61, 40, 25}) {
      for (const bool lasting : {true, false}) {
        stop = {0, all - before_end, lasting};
        const auto [network, report] = fit(data, problem, settings);
        EXPECT_TRUE(!lasting || report.status == Status::interrupted);
        EXPECT_LE(stop.asked, lasting ? stop.first + 20 : all + 20) << "the step went on";
        EXPECT_NEAR(report.primal, naive::primal(network, problem, data), 1e-9 * report.primal);
        EXPECT_GE(report.primal, proven.dual);
        EXPECT_LE(report.dual, proven.primal);
        ++stopped;
      }
    }
  }
  EXPECT_EQ(stopped, 10);
}

}  // namespace
}  // namespace neuspec::test
