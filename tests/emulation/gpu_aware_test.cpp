// Ranks whose communicator takes memory of GPUs send what these hold through no host, one GPU each or shared. Ranks are threads that take turns.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "device/device.hpp"
#include "device/gpus.hpp"
#include "distribute/gpu_link.hpp"
#include "lift/device_sums.hpp"
#include "neuspec/fit.hpp"
#include "support/random_architecture.hpp"
#include "support/random_problem.hpp"
#include "turns.hpp"

namespace neuspec::test {
namespace {

struct Case {
  const char* label;
  Loss loss;
  OperatorKind form;
};
void PrintTo(const Case& which, std::ostream* out) { *out << which.label; }

class ByTheCommunicator : public testing::TestWithParam<Case> {
 public:
  ByTheCommunicator(const ByTheCommunicator&) = delete;
  ByTheCommunicator& operator=(const ByTheCommunicator&) = delete;

 protected:
  ByTheCommunicator() { emulation::reset(); }
  ~ByTheCommunicator() override { emulation::reset(); }

  struct Fitted {
    Report report;  // rank 0's
    long summed = 0, travelled = 0;
  };
  /// On two ranks that share a GPU.
  static Fitted fitted(std::array<bool, 2> on_gpus, RankOrder order = RankOrder::any, Precision precision = Precision::double_precision) {
    Random random(7);
    const Dataset data = with_labels(random_dataset(random, 90, 6, 2), GetParam().loss);
    const Problem problem{.activation = {0.09, 0.5, 0.47}, .loss = GetParam().loss, .beta = 2, .bias = true};
    const bool single = precision == Precision::single_precision;
    Settings settings;
    settings.device = DeviceKind::cuda;
    settings.data_operator = GetParam().form;
    settings.precision = precision;
    settings.tolerance = single ? 1e-3 : 1e-10;
    emulation::reset();
    const long travelled = emulation::counts().travelled, summed = summed_on_gpus;
    Fitted result;
    EXPECT_EQ(on_two_ranks(
                  [&](const auto& communicator) {
                    const Dataset part = part_of(data, communicator->rank(), 2);
                    const Result own = fit(Shard(part, communicator, order), problem, settings);
                    if (communicator->rank() == 0) result.report = own.report;
                  },
                  on_gpus),
              all_well);
    EXPECT_EQ(result.report.status, Status::optimal);
    result.summed = summed_on_gpus - summed;
    result.travelled = emulation::counts().travelled - travelled;
    return result;
  }
};

// Two numbers have one sum, whoever adds them: the steps are the same, and what does not travel is what was summed.
TEST_P(ByTheCommunicator, SumsAreTheHostsAndDoNotTravel) {
  const Fitted host = fitted({false, false}), device = fitted({true, true});
  EXPECT_EQ(host.summed, 0);
  EXPECT_GT(device.summed, 0);
  EXPECT_EQ(host.travelled - device.travelled, 16 * device.summed) << "each number of each rank, to the host and back";
  EXPECT_EQ(device.report.primal, host.report.primal);
  EXPECT_EQ(device.report.dual, host.report.dual);
  EXPECT_EQ(device.report.iterations, host.report.iterations);
}

TEST_P(ByTheCommunicator, OneThatCannotSendsAllThroughTheHost) {
  EXPECT_EQ(fitted({true, false}).summed, 0);
  EXPECT_EQ(fitted({false, true}).summed, 0);
}

TEST_P(ByTheCommunicator, AFixedOrderAndSinglePrecisionAreTheHosts) {
  EXPECT_EQ(fitted({true, true}, RankOrder::fixed).summed, 0);
  EXPECT_EQ(fitted({true, true}, RankOrder::any, Precision::single_precision).summed, 0);
}

constexpr Case cases[] = {{"squared_moments", Loss::squared, OperatorKind::moments},
                          {"logistic_matrix_free", Loss::logistic, OperatorKind::matrix_free},
                          {"logistic_streamed", Loss::logistic, OperatorKind::streamed}};
INSTANTIATE_TEST_SUITE_P(Fits, ByTheCommunicator, testing::ValuesIn(cases), [](const auto& instance) { return std::string(instance.param.label); });

}  // namespace
}  // namespace neuspec::test
