// Which device a build with CUDA takes, on machines with and without a GPU.
#include "device/device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace neuspec
