// Ranks of a machine with several GPUs take one each; whoever has chosen keeps it. One after the other, each on a thread that has used none.
#include "device/gpus.hpp"

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "device/device.hpp"
#include "emulation.hpp"
#include "neuspec/communicator.hpp"
#include "neuspec/fit.hpp"
#include "neuspec/moments.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

/// A rank without others, somewhere among those of its machine.
class Alone final : public Communicator {
 public:
  explicit Alone(int local_rank) : local_rank_(local_rank) {}
  int rank() const override { return 0; }
  int size() const override { return 1; }
  int local_rank() const override { return local_rank_; }
  void sum(double* /*values*/, std::size_t /*count*/) const override {}
  void broadcast(void* /*bytes*/, std::size_t /*count*/) const override {}
  void send(const void* /*bytes*/, std::size_t /*count*/, int /*to*/) const override {}
  void receive(void* /*bytes*/, std::size_t /*count*/, int /*from*/) const override {}

 private:
  int local_rank_;
};

class Gpus : public testing::Test {
 public:
  Gpus(const Gpus&) = delete;
  Gpus& operator=(const Gpus&) = delete;

 protected:
  Gpus() { emulation::reset(); }
  ~Gpus() override { emulation::reset(); }

  /// On a thread of its own.
  template <class Body>
  static void on_thread(const Body& body) {
    std::thread(body).join();
  }
  static std::string name_of(int gpu) { return gpu == 0 ? "cuda (emulated)" : "cuda (emulated " + std::to_string(gpu) + ")"; }

  std::string used(const Source& data, const Settings& settings) const {
    return fit(data, {.activation = {}, .loss = Loss::squared, .beta = 2}, settings).report.device;
  }
  std::string used_by_rank(int local_rank, const Settings& settings = {}) const {
    return used(Shard(data_, std::make_shared<Alone>(local_rank)), settings);
  }

  Random random_{3};
  Dataset data_ = random_dataset(random_, 40, 3, 1);
};

TEST_F(Gpus, AreTheRanksModuloTheirNumber) {
  for (int count = 1; count <= 3; ++count) {
    emulation::set_gpus(count);
    for (int rank = 0; rank < 5; ++rank) {
      on_thread([&] {
        EXPECT_EQ(used_by_rank(rank), name_of(rank % count));
        EXPECT_EQ(current_gpu(), rank % count);
      });
    }
  }
}

TEST_F(Gpus, OfMomentsAreTheRanksToo) {
  emulation::set_gpus(2);
  on_thread([&] {
    Moments moments;
    moments.add(Shard(data_, std::make_shared<Alone>(3)), DeviceKind::cuda);
    EXPECT_EQ(current_gpu(), 1);
  });
}

TEST_F(Gpus, ThatWereChosenAreKept) {
  emulation::set_gpus(3);
  for (const int chosen : {0, 2}) {
    on_thread([&] {
      ASSERT_EQ(cudaSetDevice(chosen), cudaSuccess);
      EXPECT_EQ(used_by_rank(1), name_of(chosen));
    });
  }
  on_thread([&] {
    EXPECT_EQ(used(data_, {}), name_of(0)) << "without ranks the first is taken";
    EXPECT_EQ(used_by_rank(1), name_of(0)) << "and is in use from then on";
  });
  on_thread([&] {
    EXPECT_EQ(used_by_rank(1), name_of(1));
    EXPECT_EQ(used_by_rank(2), name_of(1)) << "what the first fit took";
  });
}

TEST_F(Gpus, AreLeftAloneByWhoWantsNone) {
  emulation::set_gpus(2);
  on_thread([&] {
    Settings settings;
    settings.device = DeviceKind::cpu;
    EXPECT_EQ(used_by_rank(1, settings), "cpu");
    EXPECT_EQ(current_gpu(), 0);
  });
  emulation::become(emulation::Machine::no_driver);
  on_thread([&] { EXPECT_EQ(used_by_rank(1), "cpu"); });
}

// A device that is kept is its GPU's: a thread that uses another does not get it, and may end it.
TEST_F(Gpus, KeepTheirDevicesApart) {
  emulation::set_gpus(2);
  Settings settings;
  settings.kept_device = std::make_shared<KeptDevice>();
  const long before = emulation::counts().handles;
  long of_one = 0;
  on_thread([&] {
    EXPECT_EQ(used_by_rank(1, settings), name_of(1));
    of_one = emulation::counts().handles;
    EXPECT_EQ(used_by_rank(1, settings), name_of(1));
    EXPECT_EQ(emulation::counts().handles, of_one);
  });
  EXPECT_GT(of_one, before);
  on_thread([&] {
    EXPECT_EQ(used_by_rank(0, settings), name_of(0));
    EXPECT_EQ(current_gpu(), 0);
    settings.kept_device.reset();
  });
  EXPECT_EQ(emulation::counts().handles, before);
}

}  // namespace
}  // namespace neuspec::test
