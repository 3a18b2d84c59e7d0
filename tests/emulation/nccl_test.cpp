// Ranks with a GPU each sum from GPU to GPU; those that share one, or sum in a fixed order, through the host. Ranks are threads that take turns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "device/device.hpp"
#include "device/gpus.hpp"
#include "distribute/gpu_link.hpp"
#include "emulation.hpp"
#include "lift/device_sums.hpp"
#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "support/random_architecture.hpp"
#include "support/random_problem.hpp"
#include "turns.hpp"

namespace neuspec::test {
namespace {

using ::testing::HasSubstr;

struct Case {
  const char* label;
  Loss loss;
  OperatorKind form;
};
void PrintTo(const Case& which, std::ostream* out) { *out << which.label; }

class BetweenGpus : public testing::TestWithParam<Case> {
 public:
  BetweenGpus(const BetweenGpus&) = delete;
  BetweenGpus& operator=(const BetweenGpus&) = delete;

 protected:
  BetweenGpus() : data_(with_labels(random_dataset(random_, 90, 6, 2), GetParam().loss)) { emulation::reset(); }
  ~BetweenGpus() override { emulation::reset(); }

  Settings settings() const {
    Settings settings;
    settings.device = DeviceKind::cuda;
    settings.data_operator = GetParam().form;
    settings.tolerance = 1e-10;
    return settings;
  }
  Problem problem() const { return {.activation = {0.09, 0.5, 0.47}, .loss = GetParam().loss, .beta = 2, .bias = true}; }

  struct Fitted {
    Report report;  // rank 0's
    long sums = 0, summed = 0, travelled = 0;
    std::vector<std::string> messages;
  };
  /// On two ranks of a machine with so many GPUs.
  Fitted fitted(int gpus, RankOrder order = RankOrder::any) const {
    emulation::reset();
    emulation::set_gpus(gpus);
    const emulation::Counts before = emulation::counts();
    Fitted result;
    result.messages = on_two_ranks([&](const auto& communicator) {
      const Dataset part = part_of(data_, communicator->rank(), 2);
      const Result own = fit(Shard(part, communicator, order), problem(), settings());
      if (communicator->rank() == 0) result.report = own.report;
    });
    const emulation::Counts after = emulation::counts();
    EXPECT_EQ(after.handles, before.handles);
    EXPECT_EQ(after.bytes, before.bytes);
    result.sums = after.sums - before.sums;
    result.summed = after.summed - before.summed;
    result.travelled = after.travelled - before.travelled;
    return result;
  }

  Random random_{7};
  Dataset data_;
};

TEST_P(BetweenGpus, AFitIsThatOfOneProcess) {
  const Report alone = fit(data_, problem(), settings()).report;
  const Fitted two = fitted(2);
  EXPECT_EQ(two.messages, all_well);
  EXPECT_GT(two.sums, 0);
  EXPECT_EQ(two.sums % 2, 0);
  EXPECT_EQ(two.report.status, alone.status);
  EXPECT_NEAR(two.report.primal, alone.primal, 1e-10 * alone.primal);
  EXPECT_NEAR(two.report.dual, alone.dual, 1e-10 * alone.primal);
}

// Two numbers have one sum, whoever adds them: the steps are the same, and what does not travel is what was summed.
TEST_P(BetweenGpus, TheHostSumsWhereRanksShareAGpu) {
  const Fitted apart = fitted(2), together = fitted(1);
  EXPECT_EQ(together.messages, all_well);
  EXPECT_EQ(together.sums, 0);
  EXPECT_EQ(together.travelled - apart.travelled, 16 * apart.summed) << "each number of each rank, to the host and back";
  EXPECT_EQ(together.report.primal, apart.report.primal);
  EXPECT_EQ(together.report.iterations, apart.report.iterations);
  RecordProperty("sums", static_cast<int>(apart.sums / 2));
  RecordProperty("bytes_with_a_gpu_each", static_cast<int>(apart.travelled));
  RecordProperty("bytes_with_one_gpu", static_cast<int>(together.travelled));
}

TEST_P(BetweenGpus, AFixedOrderSumsNothingThere) {
  const Report alone = fit(data_, problem(), settings()).report;
  const Fitted two = fitted(2, RankOrder::fixed);
  EXPECT_EQ(two.messages, all_well);
  EXPECT_EQ(two.sums, 0);
  EXPECT_EQ(two.report.primal, alone.primal);
}

constexpr Case cases[] = {{"squared_moments", Loss::squared, OperatorKind::moments},
                          {"logistic_matrix_free", Loss::logistic, OperatorKind::matrix_free},
                          {"logistic_streamed", Loss::logistic, OperatorKind::streamed}};
INSTANTIATE_TEST_SUITE_P(Fits, BetweenGpus, testing::ValuesIn(cases), [](const auto& instance) { return std::string(instance.param.label); });

class Sums : public testing::Test {
 public:
  Sums(const Sums&) = delete;
  Sums& operator=(const Sums&) = delete;

 protected:
  Sums() { emulation::reset(); }
  ~Sums() override { emulation::reset(); }

  /// Of so many numbers of two ranks, where rank r has i + r.
  template <class Real>
  static void sum(const Ranks& ranks, Device<Real>& device, Index count) {
    std::vector<double> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) + ranks.rank();
    const DeviceMatrix<Real> M = device.allocate(count, 1);
    device.upload(values.data(), M);
    sum_over_ranks(device, &ranks, M.view());
    device.download(M, values.data());
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], 2 * static_cast<double>(i) + 1) << i;
  }
  /// What calls of NCCL and bytes between host and devices a sum takes on two ranks of a machine with so many GPUs, which it reaches and leaves by
  /// the host.
  template <class Real>
  static emulation::Counts counted(int gpus, Index count) {
    emulation::reset();
    emulation::set_gpus(gpus);
    const emulation::Counts before = emulation::counts();
    EXPECT_EQ(on_two_ranks([&](const auto& communicator) {
                const Ranks ranks(communicator, RankOrder::any);
                take_gpu(communicator->local_rank());
                link_gpus(ranks, DeviceKind::cuda);
                sum(ranks, *make_device<Real>(DeviceKind::cuda), count);
              }),
              all_well);
    emulation::Counts after = emulation::counts();
    EXPECT_EQ(after.handles, before.handles);
    after.sums -= before.sums;
    after.travelled -= before.travelled;
    return after;
  }
};

template <class Real>
void expect_nothing_through_the_host(const std::function<emulation::Counts(int, Index)>& counted) {
  constexpr Index n = 1000;
  constexpr long once = 2 * n * static_cast<long>(sizeof(double)), infos = 100;  // of both ranks
  const emulation::Counts apart = counted(2, n), together = counted(1, n);
  EXPECT_EQ(apart.sums, 2);
  EXPECT_EQ(together.sums, 0);
  EXPECT_LE(apart.travelled, 2 * once + infos);
  EXPECT_GE(together.travelled, 4 * once);
}
TEST_F(Sums, OfDoublesDoNotTravelThroughTheHost) { expect_nothing_through_the_host<double>(counted<double>); }
TEST_F(Sums, OfFloatsDoNotTravelThroughTheHost) { expect_nothing_through_the_host<float>(counted<float>); }
TEST_F(Sums, OfFewNumbersRideAlong) { EXPECT_EQ(counted<double>(2, Ranks::rides_along).sums, 0); }

// In any call of NCCL on either rank: at joining, at a sum, or while one is waited for.
TEST_F(Sums, ThatFailEndBothRanksWhoThenBeginAnew) {
  int struck = 0;
  for (long k = 0; k < 100; ++k) {
    emulation::reset();
    emulation::set_gpus(2);
    const emulation::Counts before = emulation::counts();
    emulation::fail_nccl(k);
    std::vector<std::string> messages(2);
    EXPECT_EQ(on_two_ranks([&](const auto& communicator) {
                const Ranks ranks(communicator, RankOrder::any);
                take_gpu(communicator->local_rank());
                const auto twice = [&] {
                  link_gpus(ranks, DeviceKind::cuda);
                  const auto device = make_device<double>(DeviceKind::cuda);
                  sum(ranks, *device, 100);
                  sum(ranks, *device, 200);
                };
                try {
                  ranks.together(twice);
                } catch (const EnvironmentError& e) {
                  messages[static_cast<std::size_t>(communicator->rank())] = e.what();
                  ranks.together(twice);
                }
              }),
              all_well);
    EXPECT_EQ(emulation::counts().handles, before.handles);
    EXPECT_EQ(emulation::counts().bytes, before.bytes);
    EXPECT_EQ(messages[0], messages[1]);
    if (!emulation::struck()) break;
    ++struck;
    EXPECT_THAT(messages[0], HasSubstr("NCCL: "));
    EXPECT_THAT(messages[0], HasSubstr("unhandled system error: a planted failure"));
  }
  EXPECT_GT(struck, 6);
}

// A GPU that fails before its rank has said that it takes part, and whatever else fails there, keeps nobody waiting.
TEST_F(Sums, WaitForNoRankThatFailed) {
  emulation::set_gpus(2);
  const emulation::Counts before = emulation::counts();
  const std::vector<std::string> messages = on_two_ranks([&](const auto& communicator) {
    const Ranks ranks(communicator, RankOrder::any);
    take_gpu(communicator->local_rank());
    ranks.together([&] {
      link_gpus(ranks, DeviceKind::cuda);
      const auto device = make_device<double>(DeviceKind::cuda);
      sum(ranks, *device, 100);
      if (communicator->rank() == 1) throw DataError("the file has changed");
      sum(ranks, *device, 100);
    });
  });
  EXPECT_EQ(messages, std::vector<std::string>(2, "rank 1: the file has changed"));
  EXPECT_EQ(emulation::counts().handles, before.handles);
}

TEST_F(Sums, OfDifferentLengthsAreRefused) {
  emulation::set_gpus(2);
  for (const std::string& message : on_two_ranks([&](const auto& communicator) {
         const Ranks ranks(communicator, RankOrder::any);
         take_gpu(communicator->local_rank());
         ranks.together([&] {
           link_gpus(ranks, DeviceKind::cuda);
           sum(ranks, *make_device<double>(DeviceKind::cuda), 100 + communicator->rank());
         });
       }))
    EXPECT_THAT(message, HasSubstr("the ranks disagree"));
}

// Of fits one after the other the first joins; one on the CPU has no use for it.
TEST_F(Sums, JoinOnce) {
  emulation::set_gpus(2);
  EXPECT_EQ(on_two_ranks([&](const auto& communicator) {
              const Ranks ranks(communicator, RankOrder::any);
              take_gpu(communicator->local_rank());
              link_gpus(ranks, DeviceKind::cuda);
              const std::shared_ptr<GpuLink> first = ranks.gpu_link();
              EXPECT_NE(first, nullptr);
              link_gpus(ranks, DeviceKind::automatic);
              EXPECT_EQ(ranks.gpu_link(), first);
              link_gpus(ranks, DeviceKind::cpu);
              EXPECT_EQ(ranks.gpu_link(), nullptr);
            }),
            all_well);
}

}  // namespace
}  // namespace neuspec::test
