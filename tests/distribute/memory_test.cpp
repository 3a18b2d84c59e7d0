// What ranks of one machine take of its memory, and what they do where that does not hold their samples.
#include <gtest/gtest.h>

#include <cmath>
#include <mutex>
#include <vector>

#include "device/device.hpp"
#include "solve/fit_on_ranks.hpp"
#include "support/random.hpp"
#include "support/thread_ranks.hpp"

namespace neuspec::test {
namespace {

TEST(MemoryOfRanks, IsAPartOfTheMachines) {
  Settings settings{.device = DeviceKind::cpu};
  const std::unique_ptr<Device<double>> device = make_device<double>(DeviceKind::cpu);
  const double alone = memory_for(settings, *device, nullptr);
  for (const std::exception_ptr& error : on_ranks(4, [&](std::shared_ptr<const Communicator> communicator) {
         const Ranks ranks(std::move(communicator), RankOrder::any);
         EXPECT_NEAR(memory_for(settings, *device, &ranks), alone / 4, 0.1 * alone);
         Settings limited = settings;
         limited.memory_limit = 1e9;  // of each
         EXPECT_EQ(memory_for(limited, *device, &ranks), 1e9);
       }))
    EXPECT_EQ(error, nullptr);
}

TEST(MemoryOfRanks, ThatHoldsAChunkIsEnoughForDescent) {
  Random random(3);
  constexpr Index n = 120000, d = 5;
  const std::vector<double> x = random.normals(n * d);
  std::vector<double> y;
  for (Index i = 0; i < n; ++i) {
    const double* row = x.data() + i * d;
    y.push_back(row[0] * row[0] - row[1] + random.normal() > 0.5 ? 1 : -1);
  }
  const Dataset data(n, d, 1, x, y);
  Problem problem;
  problem.loss = Loss(Loss::logistic);
  problem.beta = 0.2 * beta_max(problem, data);
  Settings settings{.solver = SolverKind::burer_monteiro};
  const Report whole = fit(data, problem, settings).report;
  ASSERT_EQ(whole.status, Status::optimal);
  settings.memory_limit = 20 << 20;  // of the 30 MB that a form of all samples of a rank takes
  std::mutex mutex;
  for (const std::exception_ptr& error : on_ranks(2, [&](std::shared_ptr<const Communicator> communicator) {
         const Dataset part = part_of(data, communicator->rank(), 2);
         const Report report = fit(Shard(part, communicator), problem, settings).report;
         const std::lock_guard lock(mutex);
         EXPECT_EQ(report.status, Status::optimal);
         EXPECT_EQ(report.data_operator, "streamed");
         EXPECT_NEAR(report.primal, whole.primal, 2e-6 * whole.primal);
         EXPECT_LE(report.dual, whole.primal);
       }))
    EXPECT_EQ(error, nullptr);
}

}  // namespace
}  // namespace neuspec::test
