// The rival's training: update rules against their formulas, and the objective that a run reports against (P) computed by other code.
#include "backprop/race.hpp"

#include <gtest/gtest.h>

#include "backprop/host_machine.hpp"
#include "support/random.hpp"

namespace neuspec::bench {
namespace {

class Steps : public testing::Test {
 protected:
  Steps() {
    test::Random random(11);
    x_ = random.normals(6 * 4);
    y_ = random.normals(6 * 2);
    network_.randomise(1);
  }
  /// w after two steps, with `advance(w, gradient, step)` as the update by the book.
  template <class Advance>
  void expect_steps(Optimizer optimizer, const Advance& advance) {
    Stepper<HostMachine, double> stepper(machine_, network_, optimizer, 0.9);
    std::vector<double> w = network_.w().download(), alpha = network_.alpha().download();
    for (int step = 1; step <= 2; ++step) {
      network_.differentiate(x_.data(), y_.data(), 1, 0.1);
      advance(w, network_.w_gradient().download(), step, 0);
      advance(alpha, network_.alpha_gradient().download(), step, 1);
      stepper.step(kRate);
      for (std::size_t e = 0; e < w.size(); ++e) ASSERT_NEAR(network_.w().download()[e], w[e], 1e-12);
      for (std::size_t e = 0; e < alpha.size(); ++e) ASSERT_NEAR(network_.alpha().download()[e], alpha[e], 1e-12);
    }
  }
  static constexpr double kRate = 0.02;
  HostMachine machine_;
  Network<HostMachine, double> network_{machine_, parse_architecture("dense", 4, 3, 2).with_batch(6), {}};
  std::vector<double> x_, y_;
};

TEST_F(Steps, SgdCarriesItsMomentum) {
  std::vector<double> velocity[2];
  expect_steps(Optimizer::sgd, [&](std::vector<double>& w, const std::vector<double>& g, int, int which) {
    velocity[which].resize(w.size());
    for (std::size_t e = 0; e < w.size(); ++e) w[e] -= kRate * (velocity[which][e] = 0.9 * velocity[which][e] + g[e]);
  });
}

TEST_F(Steps, AdamCorrectsItsBias) {
  std::vector<double> first[2], second[2];
  expect_steps(Optimizer::adam, [&](std::vector<double>& w, const std::vector<double>& g, int step, int which) {
    first[which].resize(w.size());
    second[which].resize(w.size());
    for (std::size_t e = 0; e < w.size(); ++e) {
      first[which][e] = 0.9 * first[which][e] + 0.1 * g[e];
      second[which][e] = 0.999 * second[which][e] + 0.001 * g[e] * g[e];
      const double mean = first[which][e] / (1 - std::pow(0.9, step)), square = second[which][e] / (1 - std::pow(0.999, step));
      w[e] -= kRate * mean / (std::sqrt(square) + 1e-8);
    }
  });
}

// One patch that is all of a sample with two channels; 1500 samples, which are evaluated in chunks that overlap.
TEST(Race, ReportsTheObjectiveOfTheUnitNormNetwork) {
  constexpr Index n = 1500, channels = 2, pixels = 6, d = channels * pixels, m = 5;
  test::Random random(3);
  const Dataset data(n, d, 1, random.normals(n * d), random.normals(n));
  const RaceProblem problem{.activation = {0.3, -0.2, 0.1}, .loss = RaceLoss::squared, .beta = 2.5};
  const NetworkShape shape = parse_architecture("conv2d:height=2,width=3,channels=2,filter=2x3", d, m, 1);
  HostMachine machine;
  Network<HostMachine, float> start(machine, shape, problem);
  start.randomise(4);
  const std::vector<float> w = start.w().download(), alpha = start.alpha().download();
  double expected = 0;
  for (const float value : alpha) expected += problem.beta * std::abs(static_cast<double>(value));
  for (Index i = 0; i < n; ++i) {
    double f = 0;
    for (Index j = 0; j < m; ++j) {
      double t = 0, square = 0;
      for (Index c = 0; c < channels; ++c)
        for (Index pixel = 0; pixel < pixels; ++pixel) {
          const auto weight = static_cast<double>(w[static_cast<std::size_t>(j * d + c * pixels + pixel)]);
          t += weight * data.x()[static_cast<std::size_t>(i * d + pixel * channels + c)];
          square += weight * weight;
        }
      f += static_cast<double>(alpha[static_cast<std::size_t>(j)]) * problem.activation(t / std::sqrt(square));
    }
    expected += 0.5 * std::pow(f - data.y()[static_cast<std::size_t>(i)], 2);
  }

  Race<HostMachine> race(machine, data, shape, problem, {.batch = 64, .seconds = 1e-9});
  std::vector<RacePoint> points;
  race.run(Optimizer::adam, 1e-3, 4, [&](const RacePoint& point) { points.push_back(point); });
  ASSERT_EQ(points.size(), 2U);
  EXPECT_NEAR(points[0].objective, expected, 1e-10 * expected);
  EXPECT_EQ(points[0].epoch, 0);
  EXPECT_NE(points[1].objective, points[0].objective);
  EXPECT_DOUBLE_EQ(points[1].epoch, 8.0 / (n / 64));
}

}  // namespace
}  // namespace neuspec::bench
