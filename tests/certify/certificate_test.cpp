#include "neuspec/certificate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "neuspec/error.hpp"
#include "support/random.hpp"

namespace neuspec {
namespace {

using test::Random;

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

Dataset random_data(Random& random, Index n, Index d, Index C, bool weighted = false) {
  std::vector<double> weights;
  if (weighted)
    for (Index i = 0; i < n; ++i) weights.push_back(i % 7 == 3 ? 0.0 : random.uniform(0.1, 3));
  return {n, d, C, random.normals(n * d), random.normals(n * C), std::move(weights)};
}

Network zero_network(const Problem& problem, const Source& data) {
  return {.activation = problem.activation, .features = data.features(), .outputs = data.targets(), .directions = {}, .weights = {}, .output = {}};
}

// (P) by naive loops in long double.
double objective(const Network& network, const Problem& problem, const Dataset& data) {
  const Index d = data.features(), C = data.targets();
  long double sum = 0;
  for (Index i = 0; i < data.samples(); ++i)
    for (Index k = 0; k < C; ++k) {
      long double f = 0;
      for (Index j = 0; j < network.neurons(); ++j) {
        if (network.output[size(j)] != k) continue;
        long double h = 0;
        for (Index l = 0; l < d; ++l) h += static_cast<long double>(network.directions[size(j * d + l)]) * data.x()[size(i * d + l)];
        f += network.weights[size(j)] * ((network.activation.a * h + network.activation.b) * h + network.activation.c);
      }
      const long double residual = f - data.y()[size(i * C + k)];
      sum += (data.weights().empty() ? 1.0L : data.weights()[size(i)]) * residual * residual / 2;
    }
  for (const double alpha : network.weights) sum += static_cast<long double>(problem.beta) * std::abs(alpha);
  return static_cast<double>(sum);
}

// max over a fine circle (d = 2) of |Σ_i v_i σ(uᵀx_i)|.
double kappa_on_a_circle(const Activation& activation, const Dataset& data, const std::vector<double>& v) {
  double best = 0;
  for (int step = 0; step < 100000; ++step) {
    const double angle = 2e-5 * 3.14159265358979 * step;
    double sum = 0;
    for (Index i = 0; i < data.samples(); ++i)
      sum += v[size(i)] * activation(std::cos(angle) * data.x()[size(2 * i)] + std::sin(angle) * data.x()[size(2 * i + 1)]);
    best = std::max(best, std::abs(sum));
  }
  return best;
}

TEST(Certificate, PrimalIsTheObjective) {
  Random random(1);
  for (const bool weighted : {false, true})
    for (const Index C : {1, 3}) {
      const Dataset data = random_data(random, 300, 5, C, weighted);
      const Problem problem{.activation = {}, .loss = Loss::squared, .beta = 1.7};
      const Network network = random.network(problem.activation, 5, C, 9);
      const double reference = objective(network, problem, data);
      const double primal = certify(network, problem, data).primal;
      EXPECT_GE(primal, reference);  // from above, by no more than rounding can do
      EXPECT_LE(primal, (1 + 1e-13) * reference);
    }
}

TEST(Certificate, WeakDuality) {
  Random random(2);
  for (int trial = 0; trial < 40; ++trial) {
    const Index n = random.index(1, 60), d = random.index(1, 6), C = trial % 2 == 0 ? 1 : 3;
    const Dataset data = random_data(random, n, d, C, trial % 3 == 0);
    const Activation activation = trial % 4 == 0 ? Activation{1, 0, 0} : trial % 4 == 1 ? Activation{0, 1, 0} : Activation{};
    const Problem problem{.activation = activation, .loss = Loss::squared, .beta = std::exp(random.uniform(-5, 4))};
    double best_dual = 0, best_primal = std::numeric_limits<double>::infinity();
    const double without_neurons = objective(zero_network(problem, data), problem, data);
    for (int network = 0; network < 10; ++network) {
      const Certificate certificate = certify(random.network(activation, d, C, random.index(0, 5)), problem, data);
      EXPECT_GE(certificate.relative_gap, 0);
      EXPECT_NEAR(certificate.relative_gap, (certificate.primal - certificate.dual) / std::max(std::min(1.0, without_neurons), certificate.primal),
                  1e-15);
      best_dual = std::max(best_dual, certificate.dual);
      best_primal = std::min(best_primal, certificate.primal);
    }
    EXPECT_LE(best_dual, best_primal);  // every bound is below every objective
  }
}

TEST(Certificate, KappaIsTheMaximumOverTheSphere) {
  Random random(3);
  for (const Activation activation : {Activation{}, Activation{1, 0, 0}, Activation{0, 1, 0}, Activation{-0.5, 0.1, 0.3}}) {
    const Dataset data = random_data(random, 25, 2, 1);
    const Problem problem{.activation = activation, .loss = Loss::squared, .beta = 1};
    const Network network = random.network(activation, 2, 1, 3);
    std::vector<double> v(25);
    network.predict(data.x().data(), 25, v.data());
    for (std::size_t i = 0; i < v.size(); ++i) v[i] -= data.y()[i];
    const double reference = kappa_on_a_circle(activation, data, v), kappa = certify(network, problem, data).kappa;
    EXPECT_GE(kappa, reference);
    EXPECT_NEAR(kappa, reference, 1e-7 * reference);
  }
}

TEST(Certificate, ZeroNetworkIsOptimalFromBetaMaxOn) {
  Random random(4);
  for (const bool weighted : {false, true})
    for (const Index C : {1, 3}) {
      const Dataset data = random_data(random, 80, 4, C, weighted);
      Problem problem;
      problem.beta = beta_max(problem, data);
      EXPECT_LE(certify(zero_network(problem, data), problem, data).relative_gap, 3e-14);
      problem.beta *= 3;
      EXPECT_LE(certify(zero_network(problem, data), problem, data).relative_gap, 3e-14);
      problem.beta *= 0.9 / 3;
      EXPECT_GT(certify(zero_network(problem, data), problem, data).relative_gap, 1e-6);
    }
}

TEST(Certificate, BetaMaxClosedForms) {
  Random random(5);
  const Index n = 50, d = 4;
  const Dataset data = random_data(random, n, d, 1);
  std::vector<double> Xy(size(d));
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < d; ++j) Xy[size(j)] += data.y()[size(i)] * data.x()[size(i * d + j)];
  double square = 0, sum = 0;
  for (const double value : Xy) square += value * value;
  for (const double value : data.y()) sum += value;
  EXPECT_NEAR(beta_max({.activation = {0, 1, 0}, .loss = Loss::squared, .beta = 1}, data), std::sqrt(square), 1e-11);  // ‖Xᵀy‖
  EXPECT_NEAR(beta_max({.activation = {0, 0, 1}, .loss = Loss::squared, .beta = 1}, data), std::abs(sum), 1e-11);      // |Σ y|
  EXPECT_NEAR(beta_max({.activation = {0, 2, 3}, .loss = Loss::squared, .beta = 1}, data), 2 * std::sqrt(square) + 3 * std::abs(sum), 1e-11);
}

// Linear activation and the zero network: v = −y, κ = ‖Xᵀy‖, and for β < κ the multiple is τ = β/κ, so g = (τ − τ²/2)‖y‖² to the last digits.
TEST(Certificate, DualOfTheZeroNetworkIsTheClosedForm) {
  Random random(12);
  const Index n = 30, d = 4;
  const Dataset data = random_data(random, n, d, 1);
  std::vector<double> Xy(size(d));
  double square = 0, kappa = 0;
  for (Index i = 0; i < n; ++i) {
    square += data.y()[size(i)] * data.y()[size(i)];
    for (Index j = 0; j < d; ++j) Xy[size(j)] += data.y()[size(i)] * data.x()[size(i * d + j)];
  }
  for (const double value : Xy) kappa += value * value;
  kappa = std::sqrt(kappa);
  for (const double ratio : {0.9, 0.5, 0.01}) {
    const Problem problem{.activation = {0, 1, 0}, .loss = Loss::squared, .beta = ratio * kappa};
    const Certificate certificate = certify(zero_network(problem, data), problem, data);
    EXPECT_NEAR(certificate.kappa, kappa, 1e-12 * kappa);
    EXPECT_NEAR(certificate.dual, (ratio - 0.5 * ratio * ratio) * square, 1e-12 * square);
    EXPECT_LE(certificate.dual, (ratio - 0.5 * ratio * ratio) * square);
  }
}

// Linear activation, XᵀX = I: the optimum is one neuron, f = xᵀs with s = Xᵀy shrunk by β in length.
TEST(Certificate, ClosesTheGapForLinearActivation) {
  Random random(6);
  const Index d = 5;
  std::vector<double> y = random.normals(d), s(size(d));
  const std::vector<double> Q = random.orthogonal(d);  // rows of x are columns of Q
  for (Index i = 0; i < d; ++i)
    for (Index j = 0; j < d; ++j) s[size(j)] += y[size(i)] * Q[size(i * d + j)];
  double length = 0;
  for (const double value : s) length += value * value;
  length = std::sqrt(length);
  const Problem problem{.activation = {0, 1, 0}, .loss = Loss::squared, .beta = 0.4 * length};
  const Dataset data(d, d, 1, Q, y);
  Network network = zero_network(problem, data);
  for (double& value : s) value /= length;
  network.add(s.data(), 0.6 * length, 0);
  const Certificate certificate = certify(network, problem, data);
  EXPECT_LE(certificate.relative_gap, 1e-13);
  EXPECT_NEAR(certificate.primal, 0.5 * 0.16 * length * length + problem.beta * 0.6 * length, 1e-13);
  EXPECT_NEAR(certificate.kappa, problem.beta, 1e-13);
}

// Quadratic activation on d orthonormal samples: ⟨x_i x_iᵀ, S⟩ are then independent entries of S, and the optimum soft-thresholds each
// target by β along its own sample. Two outputs with different targets are solved at once.
TEST(Certificate, ClosesTheGapForQuadraticActivation) {
  Random random(7);
  const Index d = 4;
  const std::vector<double> values{3.0, -2.0, 0.5, -0.1};
  const Problem problem{.activation = {1, 0, 0}, .loss = Loss::squared, .beta = 0.75};
  const std::vector<double> Q = random.orthogonal(d);
  std::vector<double> y;
  for (const double value : values) {
    y.push_back(value);
    y.push_back(-0.5 * value);
  }
  const Dataset data(d, d, 2, Q, y);
  Network network = zero_network(problem, data);
  for (Index i = 0; i < d; ++i)
    for (Index k = 0; k < 2; ++k) {
      const double target = y[size(2 * i + k)], shrunk = std::copysign(std::max(0.0, std::abs(target) - problem.beta), target);
      if (shrunk != 0) network.add(Q.data() + i * d, shrunk, k);
    }
  ASSERT_EQ(network.neurons(), 4);
  const Certificate certificate = certify(network, problem, data);
  EXPECT_LE(certificate.relative_gap, 1e-13);
  EXPECT_NEAR(certificate.dual, objective(network, problem, data), 1e-13 * certificate.primal);
}

TEST(Certificate, OutputsAddUp) {
  // Independent outputs: the bound of the whole is the sum of the bounds of the single outputs.
  Random random(8);
  const Index n = 40, d = 3, C = 3;
  const Dataset data = random_data(random, n, d, C, true);
  const Problem problem{.activation = {}, .loss = Loss::squared, .beta = 4};
  const Network network = random.network(problem.activation, d, C, 6);
  const Certificate whole = certify(network, problem, data);
  double primal = 0, dual = 0, kappa = 0;
  for (Index k = 0; k < C; ++k) {
    std::vector<double> y(size(n));
    for (Index i = 0; i < n; ++i) y[size(i)] = data.y()[size(i * C + k)];
    const Dataset one(n, d, 1, data.x(), y, data.weights());
    Network part = zero_network(problem, one);
    for (Index j = 0; j < network.neurons(); ++j)
      if (network.output[size(j)] == k) part.add(network.directions.data() + j * d, network.weights[size(j)], 0);
    const Certificate certificate = certify(part, problem, one);
    primal += certificate.primal;
    dual += certificate.dual;
    kappa = std::max(kappa, certificate.kappa);
  }
  EXPECT_NEAR(whole.primal, primal, 1e-13 * primal);
  EXPECT_NEAR(whole.dual, dual, 1e-12 * primal);
  EXPECT_NEAR(whole.kappa, kappa, 1e-12 * kappa);
}

TEST(Certificate, RotationOfTheFeaturesChangesNothing) {
  Random random(9);
  const Index n = 70, d = 5;
  const Dataset data = random_data(random, n, d, 2);
  const Problem problem{.activation = {}, .loss = Loss::squared, .beta = 2};
  const Network network = random.network(problem.activation, d, 2, 4);
  const std::vector<double> Q = random.orthogonal(d);
  const auto rotate = [&](const std::vector<double>& rows) {
    std::vector<double> rotated(rows.size());
    for (std::size_t i = 0; i < rows.size(); i += size(d))
      for (std::size_t j = 0; j < size(d); ++j)
        for (std::size_t l = 0; l < size(d); ++l) rotated[i + j] += rows[i + l] * Q[j * size(d) + l];
    return rotated;
  };
  Network rotated = network;
  rotated.directions = rotate(network.directions);
  const Certificate before = certify(network, problem, data), after = certify(rotated, problem, Dataset(n, d, 2, rotate(data.x()), data.y()));
  EXPECT_NEAR(after.primal, before.primal, 1e-12 * before.primal);
  EXPECT_NEAR(after.dual, before.dual, 1e-12 * before.primal);
  EXPECT_NEAR(after.kappa, before.kappa, 1e-12 * before.kappa);
}

TEST(Certificate, WeightsCountAsRepetitions) {
  Random random(10);
  const Index n = 20, d = 3;
  const std::vector<double> x = random.normals(n * d), y = random.normals(n);
  std::vector<double> weights, repeated_x, repeated_y;
  for (Index i = 0; i < n; ++i) {
    weights.push_back(static_cast<double>(i % 3));
    for (Index copy = 0; copy < i % 3; ++copy) {
      repeated_x.insert(repeated_x.end(), x.begin() + i * d, x.begin() + (i + 1) * d);
      repeated_y.push_back(y[size(i)]);
    }
  }
  const Problem problem{.activation = {}, .loss = Loss::squared, .beta = 1};
  const Network network = random.network(problem.activation, d, 1, 3);
  const Certificate weighted = certify(network, problem, Dataset(n, d, 1, x, y, weights));
  const Certificate repeated = certify(network, problem, Dataset(static_cast<Index>(repeated_y.size()), d, 1, repeated_x, repeated_y));
  EXPECT_NEAR(weighted.primal, repeated.primal, 1e-13 * repeated.primal);
  EXPECT_NEAR(weighted.dual, repeated.dual, 1e-12 * repeated.primal);
  EXPECT_NEAR(weighted.kappa, repeated.kappa, 1e-12 * repeated.kappa);
}

TEST(Certificate, PerfectFitHasNothingToProve) {
  // Residual 0: v = 0, κ = 0, the bound is 0 and the gap is what the penalty costs.
  Random random(11);
  const Index n = 10, d = 3;
  const Problem problem{.activation = {0, 1, 0}, .loss = Loss::squared, .beta = 0.5};
  const std::vector<double> x = random.normals(n * d);
  std::vector<double> y(size(n)), u{1, 0, 0};
  for (Index i = 0; i < n; ++i) y[size(i)] = 2 * x[size(i * d)];
  const Dataset data(n, d, 1, x, y);
  Network network = zero_network(problem, data);
  network.add(u.data(), 2, 0);
  const Certificate certificate = certify(network, problem, data);
  EXPECT_NEAR(certificate.dual + certificate.kappa, 0, 1e-300);  // neither is negative
  EXPECT_NEAR(certificate.primal, 1, 5e-15);
  EXPECT_NEAR(certificate.relative_gap, 1, 5e-15);
}

}  // namespace
}  // namespace neuspec
