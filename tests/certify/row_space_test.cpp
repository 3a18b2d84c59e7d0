// κ and with it certificates in the row space of the samples: never below those on the samples themselves, and no looser where the space is right.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "certify/in_row_space.hpp"
#include "support/naive.hpp"
#include "support/random_problem.hpp"

namespace neuspec {
namespace {

using test::Random;

Dataset labelled(const Dataset& data, const Loss& loss) {
  std::vector<double> y = data.y();
  const Index C = data.targets();
  if (loss.kind == LossKind::softmax) {
    for (Index i = 0; i < data.samples(); ++i)
      for (Index k = 0; k < C; ++k) y[static_cast<std::size_t>(i * C + k)] = i % C == k ? 1 : 0;
  } else if (loss.classification()) {
    for (double& value : y) value = value > 0 ? 1 : -1;
  }
  return {data.samples(), data.features(), C, data.x(), std::move(y), data.weights()};
}

const std::vector<Loss> kLosses = {Loss::squared, Loss::huber, Loss::absolute, Loss::logistic, Loss::squared_hinge, Loss::hinge, Loss::softmax};

TEST(CertificateInRowSpace, EqualsThatOnTheSamples) {
  Random random(1);
  for (const Loss& loss : kLosses) {
    for (const bool bias : {false, true}) {
      for (const Activation& activation : test::kActivations) {
        const Dataset data = labelled(test::random_dataset(random, 8, 20, 2), loss);
        Problem problem{.activation = activation, .loss = loss, .beta = 1, .architecture = {}, .bias = bias};
        const double full = beta_max(problem, data, nullptr), reduced = beta_max(problem, data);
        EXPECT_NEAR(reduced, full, 1e-11 * full + 1e-300) << loss.name();
        problem.beta = 0.3 * full;
        const Network network = random.network(activation, 20, 2, 3);
        const Certificate expected = certify(network, problem, data, {}, nullptr), certificate = certify(network, problem, data);
        EXPECT_EQ(certificate.primal, expected.primal);
        EXPECT_NEAR(certificate.kappa, expected.kappa, 1e-11 * expected.kappa + 1e-300) << loss.name();
        EXPECT_NEAR(certificate.dual, expected.dual, 1e-10 * std::max(1.0, std::abs(expected.primal))) << loss.name();
        if (!bias) {
          EXPECT_LE(certificate.dual, naive::dual(network, problem, data) + 1e-12 * std::abs(expected.primal)) << loss.name();
        }
      }
    }
  }
}

TEST(CertificateInRowSpace, KappaIsNeverBelowTheLargestOnTheSphere) {
  Random random(2);
  for (int trial = 0; trial < 200; ++trial) {
    const Index n = random.index(1, 7), d = random.index(n + 1, 16);
    std::vector<double> x = random.normals(n * d);
    const double scale = std::pow(10, random.uniform(-6, 6));
    for (double& value : x) value *= scale;
    if (trial % 3 == 0) std::fill_n(x.begin(), d, 0.0);
    if (trial % 4 == 0 && n > 1) std::copy_n(x.begin(), d, x.begin() + d);
    const Dataset data(n, d, 1, std::move(x), random.normals(n));
    const Problem problem{.activation = test::kActivations[trial % 5], .loss = Loss::squared, .beta = 1};
    const double kappa = naive::beta_max(problem, data);
    const RowSpace space(data);
    EXPECT_NEAR(beta_max(problem, data, &space), kappa, 1e-10 * kappa + 1e-300);
    EXPECT_GE(beta_max(problem, data, &space), kappa * (1 - 1e-13));  // of the judge's own rounding
  }
}

// Whatever basis is taken, however far from orthonormal, and whatever coordinates.
TEST(CertificateInRowSpace, WrongSpacesLoosenTheBoundAndKeepIt) {
  Random random(3);
  for (int trial = 0; trial < 300; ++trial) {
    const Index n = random.index(1, 6), d = random.index(n + 1, 14), r = random.index(0, n);
    const Dataset data = test::random_dataset(random, n, d, 1);
    const Problem problem{.activation = test::kActivations[trial % 5], .loss = Loss::squared, .beta = 1};
    const RowSpace right(data);
    const double wrong = std::pow(10, random.uniform(-14, 0));
    // Fewer vectors than samples, each off by about `wrong`.
    std::vector<double> basis = random.normals(d * (r + 1)), coordinates(static_cast<std::size_t>(n * (r + 1)));
    Network axes{.activation = {}, .features = n + 1, .outputs = 1, .directions = {}, .weights = {}, .output = {}};
    for (Index j = 0; j <= r; ++j) {
      std::vector<double> axis(static_cast<std::size_t>(n + 1));
      axis[static_cast<std::size_t>(j)] = 1;
      axes.add(axis.data(), 1, 0);
    }
    const Network lifted = right.lift(axes);
    for (std::size_t at = 0; at < basis.size(); ++at) basis[at] = lifted.directions[at] + wrong * basis[at];
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < r; ++j) coordinates[static_cast<std::size_t>(i * (r + 1) + j)] = right.sample(i)[j] * (1 + wrong * random.normal());
    const RowSpace space(data, std::move(basis), std::move(coordinates));
    EXPECT_GE(beta_max(problem, data, &space), naive::beta_max(problem, data) * (1 - 1e-13)) << trial << " " << wrong;
  }
}

TEST(CertificateInRowSpace, AnEmptySpaceStillProvesSomething) {
  Random random(4);
  const Dataset data = test::random_dataset(random, 6, 30, 1);
  Problem problem{.activation = {}, .loss = Loss::squared, .beta = 1};
  problem.beta = 0.5 * naive::beta_max(problem, data);
  const RowSpace empty(data, [] { return true; });
  const Network network = random.network(problem.activation, 30, 1, 2);
  const Certificate certificate = certify(network, problem, data, {}, &empty), whole = certify(network, problem, data);
  EXPECT_EQ(certificate.primal, whole.primal);
  EXPECT_GT(certificate.dual, 0);
  EXPECT_LT(certificate.dual, whole.dual);
}

}  // namespace
}  // namespace neuspec
