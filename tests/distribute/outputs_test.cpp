// Squared loss of many outputs: each rank solves some of them from the moments that all have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "neuspec/certificate.hpp"
#include "neuspec/communicator.hpp"
#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "support/random_problem.hpp"
#include "support/thread_ranks.hpp"

namespace neuspec::test {
namespace {

struct Case {
  const char *name, *architecture;
  bool bias;
  SolverKind solver;
};
std::ostream& operator<<(std::ostream& stream, const Case& value) { return stream << value.name; }

class OutputsOnRanks : public testing::TestWithParam<Case> {
 protected:
  static constexpr Index outputs = 5;
  static Problem problem(double beta) {
    return {
        .activation = {}, .loss = Loss::squared, .beta = beta, .architecture = Architecture::parse(GetParam().architecture), .bias = GetParam().bias};
  }
  static Settings settings() {
    Settings settings;
    settings.solver = GetParam().solver;
    settings.data_operator = OperatorKind::moments;
    settings.tolerance = 1e-10;
    return settings;
  }
  Random random_{17};
  const Dataset all_ = random_dataset(random_, 140, 6, outputs);
};

TEST_P(OutputsOnRanks, TogetherAreThoseOfOneProcess) {
  const double largest = beta_max(problem(1), all_);
  const std::vector<double> betas{largest * 1.01, 0.2 * largest, 0.1 * largest};
  const std::vector<Result> alone = fit_path(all_, problem(1), betas, settings());
  for (const int size : {2, 3, 4, 7}) {
    SCOPED_TRACE(size);
    const auto errors = on_ranks(size, [&](const auto& communicator) {
      const Dataset part = part_of(all_, communicator->rank(), size);
      const Shard shard(part, communicator);
      const std::vector<Result> path = fit_path(shard, problem(1), betas, settings());
      ASSERT_EQ(path.size(), betas.size());
      for (std::size_t k = 0; k < path.size(); ++k) {
        const Report& report = path[k].report;
        EXPECT_EQ(report.status, Status::optimal);
        EXPECT_NEAR(report.primal, alone[k].report.primal, 1e-10 * report.primal);
        EXPECT_NEAR(report.dual, alone[k].report.dual, 1e-10 * report.primal);
        EXPECT_EQ(path[k].network.outputs, outputs);
        EXPECT_LE(certify(path[k].network, problem(betas[k]), all_).relative_gap, 1e-10) << "by one process";
      }
      EXPECT_GT(path[1].report.iterations, 0);
      EXPECT_EQ(path[0].network.neurons(), 0);
    });
    for (const auto& error : errors) EXPECT_EQ(error, nullptr);
  }
}

TEST_P(OutputsOnRanks, EndAtALimitWithWhatTheyHave) {
  Settings limited = settings();
  limited.max_iterations = 1;
  const double beta = 0.01 * beta_max(problem(1), all_);
  const auto errors = on_ranks(3, [&](const auto& communicator) {
    const Dataset part = part_of(all_, communicator->rank(), 3);
    const Result result = fit(Shard(part, communicator), problem(beta), limited);
    EXPECT_EQ(result.report.status, Status::iteration_limit);
    EXPECT_LT(result.report.dual, result.report.primal);
    EXPECT_GT(result.report.relative_gap, 1e-10);
  });
  for (const auto& error : errors) EXPECT_EQ(error, nullptr);
}

INSTANTIATE_TEST_SUITE_P(All, OutputsOnRanks,
                         testing::Values(Case{"admm", "dense", false, SolverKind::automatic},
                                         Case{"intercepts", "dense", true, SolverKind::automatic},
                                         Case{"descent", "dense", false, SolverKind::burer_monteiro},
                                         Case{"convolution", "conv1d:length=6,filter=3,pool=2", false, SolverKind::automatic}),
                         [](const auto& tested) { return std::string(tested.param.name); });

// Rank 0's observer is asked, and its wish ends all; a start or a checkpoint is of all outputs, which rank 0 then solves.
TEST(OutputsOnRanks, WhatIsRankZerosAloneStaysSo) {
  Random random(18);
  const Dataset all = random_dataset(random, 90, 4, 3);
  Problem problem;
  problem.beta = 0.1 * beta_max(problem, all);
  const Result alone = fit(all, problem);
  const auto errors = on_ranks(2, [&](const auto& communicator) {
    const Dataset part = part_of(all, communicator->rank(), 2);
    const Shard shard(part, communicator);
    const Result stopped = fit(shard, problem, {}, [](const Progress&) { return false; });
    EXPECT_EQ(stopped.report.status, Status::optimal) << "it has arrived when it is asked";
    Settings from;
    if (communicator->rank() == 0) from.start = std::make_shared<const Network>(alone.network);
    const Result again = fit(shard, problem, from);
    EXPECT_EQ(again.report.status, Status::optimal);
    EXPECT_NEAR(again.report.primal, alone.report.primal, 2e-6 * alone.report.primal);
    std::string kept;
    Settings keeping;
    keeping.checkpoint_interval = 0;
    if (communicator->rank() == 0) keeping.checkpoint = [&kept](const std::string& bytes) { kept = bytes; };
    EXPECT_EQ(fit(shard, problem, keeping).report.status, Status::optimal);
    EXPECT_EQ(kept.empty(), communicator->rank() != 0);
  });
  for (const auto& error : errors) EXPECT_EQ(error, nullptr);
}

}  // namespace
}  // namespace neuspec::test
