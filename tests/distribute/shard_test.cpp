// Training and proofs on samples that ranks share out are those of all samples.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>

#include "neuspec/communicator.hpp"
#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "support/random_architecture.hpp"
#include "support/thread_ranks.hpp"

namespace neuspec::test {
namespace {

struct Case {
  Loss loss;
  Architecture shape;
};

class OnRanks : public ::testing::TestWithParam<Case> {
 protected:
  Problem problem(bool bias) const {
    return {.activation = {0.09, 0.5, 0.47}, .loss = GetParam().loss, .beta = 2.0, .architecture = GetParam().shape, .bias = bias};
  }
  Dataset data(Random& random) const {
    const Index outputs = GetParam().loss.coupled() ? 3 : 2;
    return with_weights(with_labels(random_dataset(random, 90, features_of(GetParam().shape), outputs), GetParam().loss), random);
  }
};

/// Both of exact solves, whose paths need not be the same.
void expect_same_optimum(const Report& report, const Report& of_all, double tolerance) {
  EXPECT_EQ(report.status, Status::optimal);
  const double slack = 2 * tolerance * std::abs(of_all.primal);
  EXPECT_NEAR(report.primal, of_all.primal, slack);
  EXPECT_NEAR(report.dual, of_all.dual, slack);
  EXPECT_NEAR(report.beta_max, of_all.beta_max, 1e-9 * of_all.beta_max);
  EXPECT_EQ(report.samples, of_all.samples);
}

TEST_P(OnRanks, TheOptimumIsThatOfAllSamples) {
  Random random(3);
  const Dataset all = data(random);
  Settings settings;
  settings.tolerance = 1e-8;
  for (const bool bias : {false, true}) {
    const Problem problem = this->problem(bias);
    const Result alone = fit(all, problem, settings);
    ASSERT_EQ(alone.report.status, Status::optimal);
    for (const int size : {1, 2, 3, 4}) {
      const auto errors = on_ranks(size, [&](const auto& communicator) {
        const Dataset part = part_of(all, communicator->rank(), size);
        const Shard shard(part, communicator);
        const Result result = fit(shard, problem, settings);
        expect_same_optimum(result.report, alone.report, settings.tolerance);
        // One process proves what the ranks have found.
        if (result.report.dual_vector.empty()) {
          const Certificate proof = certify(result.network, problem, all);
          EXPECT_NEAR(proof.primal, result.report.primal, 1e-12 * proof.primal);
          EXPECT_LE(proof.relative_gap, settings.tolerance * 1.001);
        }
        const Certificate of_ranks = certify(result.network, problem, shard, result.report.dual_vector);
        EXPECT_NEAR(of_ranks.primal, result.report.primal, 1e-12 * std::abs(of_ranks.primal));
        EXPECT_LE(of_ranks.relative_gap, settings.tolerance);
      });
      for (const auto& error : errors) EXPECT_EQ(error, nullptr);
    }
  }
}

TEST_P(OnRanks, AFixedOrderGivesTheSameBits) {
  Random random(4);
  const Dataset all = data(random);
  const Problem problem = this->problem(true);
  const Result alone = fit(all, problem);
  for (const int size : {2, 3}) {
    on_ranks(size, [&](const auto& communicator) {
      const Dataset part = part_of(all, communicator->rank(), size);
      const Shard shard(part, communicator, RankOrder::fixed);
      const Result result = fit(shard, problem);
      EXPECT_EQ(result.report.primal, alone.report.primal);
      EXPECT_EQ(result.report.dual, alone.report.dual);
      EXPECT_EQ(result.network.directions, alone.network.directions);
      EXPECT_EQ(result.network.bias, alone.network.bias);
    });
  }
}

TEST_P(OnRanks, ProofsOfAnyNetworkAgree) {
  Random random(5);
  const Dataset all = data(random);
  for (const bool bias : {false, true}) {
    const Problem problem = this->problem(bias);
    Network network = random_network(random, problem, all.features(), all.targets(), 4);
    if (bias) network.bias = random.normals(all.targets());
    const Certificate alone = certify(network, problem, all);
    const double largest = beta_max(problem, all);
    on_ranks(3, [&](const auto& communicator) {
      const Dataset part = part_of(all, communicator->rank(), 3);
      const Shard shard(part, communicator);
      const Certificate result = certify(network, problem, shard);
      EXPECT_NEAR(result.primal, alone.primal, 1e-13 * alone.primal);
      EXPECT_NEAR(result.dual, alone.dual, 1e-10 * std::abs(alone.primal));
      EXPECT_NEAR(result.kappa, alone.kappa, 1e-10 * alone.kappa);
      EXPECT_NEAR(result.unit, alone.unit, 1e-14);
      EXPECT_NEAR(beta_max(problem, shard), largest, 1e-10 * largest);
    });
  }
}

std::vector<Case> every_case() {
  std::vector<Case> cases;
  for (const Loss& loss : every_loss())
    for (const Architecture& shape : {every_architecture()[0], every_architecture()[3]}) cases.push_back({loss, shape});
  return cases;
}
INSTANTIATE_TEST_SUITE_P(All, OnRanks, ::testing::ValuesIn(every_case()),
                         [](const auto& which) { return label_of(which.param.loss, which.param.shape); });

TEST(Shard, APathIsShared) {
  Random random(6);
  const Dataset all = random_dataset(random, 120, 6, 2);
  const Problem problem{.activation = {}, .loss = Loss::squared, .beta = 1, .bias = true};
  const double largest = beta_max(problem, all);
  const std::vector<double> betas{largest / 2, largest / 10, largest / 50};
  const std::vector<Result> alone = fit_path(all, problem, betas);
  std::atomic<int> seen = 0;
  on_ranks(3, [&](const auto& communicator) {
    const Dataset part = part_of(all, communicator->rank(), 3);
    const Shard shard(part, communicator);
    const std::vector<Result> path = fit_path(shard, problem, betas, {}, [&](const Result&) {
      EXPECT_EQ(communicator->rank(), 0);
      return ++seen < 2;
    });
    ASSERT_EQ(path.size(), 2U);
    for (std::size_t i = 0; i < path.size(); ++i) {
      EXPECT_EQ(path[i].report.status, Status::optimal);
      EXPECT_NEAR(path[i].report.primal, alone[i].report.primal, 2e-6 * alone[i].report.primal);
      EXPECT_THAT(path[i].report.choice, ::testing::StartsWith("3 ranks, "));
    }
  });
}

TEST(Shard, WideSamplesComeTogether) {
  Random random(7);
  const Dataset all = random_dataset(random, 20, 60, 1);
  const Problem problem{.activation = {}, .loss = Loss::squared, .beta = 1};
  const Result alone = fit(all, problem);
  on_ranks(2, [&](const auto& communicator) {
    const Dataset part = part_of(all, communicator->rank(), 2);
    const Result result = fit(Shard(part, communicator), problem);
    EXPECT_EQ(result.report.primal, alone.report.primal);
    EXPECT_EQ(result.report.dual, alone.report.dual);
  });
}

TEST(Shard, BadSamplesOfOneRankEndAll) {
  Random random(8);
  const Dataset all = with_labels(random_dataset(random, 40, 3, 1), Loss::logistic);
  for (const bool bias : {false, true}) {
    const auto errors = on_ranks(3, [&](const auto& communicator) {
      const Dataset part = part_of(all, communicator->rank(), 3);
      std::vector<double> y = part.y();
      if (communicator->rank() == 1) y[2] = 0.5;
      const Dataset damaged(part.samples(), 3, 1, part.x(), std::move(y));
      fit(Shard(damaged, communicator), {.activation = {}, .loss = Loss::logistic, .beta = 1, .bias = bias});
    });
    for (const auto& error : errors) {
      try {
        ASSERT_NE(error, nullptr);
        std::rethrow_exception(error);
      } catch (const DataError& e) {
        EXPECT_THAT(e.what(), ::testing::HasSubstr("needs labels of -1 and +1"));
      }
    }
  }
}

TEST(Shard, RanksWithOtherShapesOrNoSamplesAreRefused) {
  Random random(9);
  const Dataset three = random_dataset(random, 30, 3, 1), four = random_dataset(random, 30, 4, 1);
  const auto errors = on_ranks(2, [&](const auto& communicator) {
    const Dataset& part = communicator->rank() == 0 ? three : four;
    EXPECT_THROW(fit(Shard(part, communicator), {.activation = {}, .loss = Loss::squared, .beta = 1}), DataError);
    const Dataset none(0, 3, 1, {}, {});
    const Dataset& some = communicator->rank() == 0 ? three : none;
    EXPECT_THROW(fit(Shard(some, communicator), {.activation = {}, .loss = Loss::squared, .beta = 1}), DataError);
  });
  for (const auto& error : errors) EXPECT_EQ(error, nullptr);
}

}  // namespace
}  // namespace neuspec::test
