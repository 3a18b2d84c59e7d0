// Sums from GPU to GPU by NCCL. Its communicator does not block: whoever waits can be told that another rank has failed, and gives up.
#include <nccl.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>

#include "context.hpp"
#include "device/gpu_sums.hpp"
#include "device/gpus.hpp"
#include "threads/patience.hpp"

namespace neuspec {
namespace {

constexpr auto one_look = std::chrono::milliseconds(100);

/// What is under way is no failure.
void check(ncclResult_t result, ncclComm_t communicator, const char* call) {
  if (result == ncclSuccess || result == ncclInProgress) return;
  const std::string more = ncclGetLastError(communicator);
  throw EnvironmentError("NCCL: " + std::string(call) + ": " + ncclGetErrorString(result) + (more.empty() ? "" : ": " + more));
}

class NcclSums final : public GpuSums {
 public:
  NcclSums() = default;
  // Not ncclCommDestroy, which may wait for ranks that end theirs at another time.
  ~NcclSums() override {
    if (communicator_ != nullptr) (void)ncclCommAbort(communicator_);
  }
  NcclSums(const NcclSums&) = delete;
  NcclSums& operator=(const NcclSums&) = delete;

  void join(const std::string& ticket, int rank, int size) {
    ncclUniqueId id{};
    ticket.copy(id.internal, sizeof id.internal);
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    check(ncclCommInitRankConfig(&communicator_, size, id, rank, &config), communicator_, "ncclCommInitRankConfig");
  }
  void begin(void* queue, View<float> M) override { begin(queue, M.data, M.size(), ncclFloat32); }
  void begin(void* queue, View<double> M) override { begin(queue, M.data, M.size(), ncclFloat64); }
  bool ended() override {
    const auto until = std::chrono::steady_clock::now() + one_look;
    for (Patience patience; !has_ended(); patience.wait())
      if (std::chrono::steady_clock::now() > until) return false;
    return true;
  }

 private:
  void begin(void* queue, void* numbers, Index count, ncclDataType_t type) {
    stream_ = static_cast<cudaStream_t>(queue);
    check(ncclAllReduce(numbers, numbers, static_cast<std::size_t>(count), type, ncclSum, communicator_, stream_), communicator_, "ncclAllReduce");
  }
  bool has_ended() {
    ncclResult_t state = ncclSuccess;
    check(ncclCommGetAsyncError(communicator_, &state), communicator_, "ncclCommGetAsyncError");
    check(state, communicator_, "a connection or a sum between GPUs");
    if (state == ncclInProgress) return false;  // of a sum that is not in the queue yet
    if (stream_ == nullptr) return true;
    const cudaError_t queue = cudaStreamQuery(stream_);
    if (queue == cudaErrorNotReady) {
      (void)cudaGetLastError();
      return false;
    }
    NEUSPEC_CHECK(queue);
    return true;
  }

  ncclComm_t communicator_ = nullptr;
  cudaStream_t stream_ = nullptr;  // of the last sum
};

}  // namespace

// A machine and a place on its bus, which is what NCCL tells GPUs by. A machine goes by its last start, for names may be the same; where that is not
// known, two of them pass for one, whose ranks then sum through the host.
double gpu_for_sums() {
  std::array<char, 32> place{};
  NEUSPEC_CHECK(cudaDeviceGetPCIBusId(place.data(), static_cast<int>(place.size()), current_gpu()));
  std::string machine;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), machine);
  constexpr std::uint64_t exact = std::uint64_t{1} << 52;  // in a double
  return 1.0 + static_cast<double>(std::hash<std::string>()(machine + ' ' + place.data()) % exact);
}

std::string gpu_sums_ticket() {
  ncclUniqueId id{};
  check(ncclGetUniqueId(&id), nullptr, "ncclGetUniqueId");
  return {id.internal, sizeof id.internal};
}

std::unique_ptr<GpuSums> join_gpu_sums(const std::string& ticket, int rank, int size) {
  auto sums = std::make_unique<NcclSums>();
  sums->join(ticket, rank, size);
  return sums;
}

}  // namespace neuspec
