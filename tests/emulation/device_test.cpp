// Which device a build with CUDA takes, on machines with and without a GPU.
#include "device/device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "emulation.hpp"
#include "neuspec/error.hpp"
#include "support/random_problem.hpp"

namespace neuspec {
namespace {

class ChosenDevice : public testing::Test {
 protected:
  ~ChosenDevice() override { emulation::reset(); }
  ChosenDevice() = default;
  ChosenDevice(const ChosenDevice&) = delete;
  ChosenDevice& operator=(const ChosenDevice&) = delete;

  static std::string refusal() {
    try {
      make_device<double>(DeviceKind::cuda);
    } catch (const NoDevice& error) {
      return error.what();
    }
    return {};
  }
  std::string used(DeviceKind kind) {
    Settings settings;
    settings.device = kind;
    return fit(test::random_dataset(random_, 20, 2, 1), {.activation = {}, .loss = Loss::squared, .beta = 1}, settings).report.device;
  }
  test::Random random_{1};
};

TEST_F(ChosenDevice, IsTheGpuWhereThereIsOne) {
  EXPECT_EQ(used(DeviceKind::automatic), "cuda (emulated)");
  EXPECT_EQ(used(DeviceKind::cuda), "cuda (emulated)");
  EXPECT_EQ(used(DeviceKind::cpu), "cpu");
}

TEST_F(ChosenDevice, IsTheCpuWithoutAGpuOrItsDriver) {
  for (const auto machine : {emulation::Machine::no_gpu, emulation::Machine::no_driver}) {
    emulation::become(machine);
    EXPECT_EQ(used(DeviceKind::automatic), "cpu");
  }
  emulation::become(emulation::Machine::gpu);
  EXPECT_EQ(used(DeviceKind::automatic), "cuda (emulated)") << "nothing is left of the refusal";
}

TEST_F(ChosenDevice, IsRefusedInTheWordsOfTheDriver) {
  emulation::become(emulation::Machine::no_gpu);
  EXPECT_THAT(refusal(), testing::HasSubstr("no CUDA-capable device"));
  emulation::become(emulation::Machine::no_driver);
  EXPECT_THAT(refusal(), testing::HasSubstr("driver version is insufficient"));
}

class ChosenArithmetic : public ChosenDevice {
 protected:
  /// Products in TF32 that a solve of this precision makes, and its gap.
  std::pair<long, double> solve(Precision precision) {
    Settings settings;
    settings.device = DeviceKind::cuda;
    settings.precision = precision;
    settings.tolerance = 1e-2;
    const long before = emulation::counts().tf32;
    const Problem problem{.activation = {}, .loss = Loss::squared, .beta = 1};
    const Report report = fit(test::random_dataset(random_, 40, 3, 1), problem, settings).report;
    EXPECT_EQ(report.precision, name(precision));
    EXPECT_EQ(report.status, Status::optimal);
    return {emulation::counts().tf32 - before, report.relative_gap};
  }
};

TEST_F(ChosenArithmetic, IsTf32WhereAskedForAndNeverElse) {
  EXPECT_EQ(solve(Precision::double_precision).first, 0);
  EXPECT_EQ(solve(Precision::single_precision).first, 0);
  EXPECT_GT(solve(Precision::tf32).first, 0);
  EXPECT_EQ(solve(Precision::single_precision).first, 0) << "nothing is left of it";
}

TEST_F(ChosenArithmetic, OfTf32HasElevenBits) {
  const auto device = make_device<float>(DeviceKind::cuda, Arithmetic::tf32);
  const auto A = device->allocate(1, 1), B = device->allocate(1, 1), C = device->allocate(1, 1);
  double a = 1 + std::ldexp(1.0, -10) + std::ldexp(1.0, -13), b = 3, c = 0;  // the last bit is lost
  device->upload(&a, A);
  device->upload(&b, B);
  device->gemm(Transpose::no, Transpose::no, 1, A, B, 0, C);
  device->download(C, &c);
  EXPECT_EQ(c, 3 * (1 + std::ldexp(1.0, -10)));
}

TEST_F(ChosenArithmetic, OfTf32NeedsAGpu) {
  EXPECT_THROW(make_device<float>(DeviceKind::cpu, Arithmetic::tf32), UsageError);
  emulation::become(emulation::Machine::no_gpu);
  EXPECT_THROW(make_device<float>(DeviceKind::automatic, Arithmetic::tf32), UsageError);
}

}  // namespace
}  // namespace neuspec
