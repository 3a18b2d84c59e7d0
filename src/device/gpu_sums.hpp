// Sums of what the GPUs of several processes hold, from GPU to GPU.
#pragma once

#include <memory>
#include <string>

#include "device/matrix.hpp"

namespace neuspec {

/// Processes that have joined, with a GPU each, and what they have under way: joining, or a sum. Of a failure no other process hears; the end gives
/// up what is under way and waits for nobody.
class GpuSums {
 public:
  virtual ~GpuSums() = default;
  /// Begins M ← Σ over the processes of a contiguous M, behind what is in the device's queue (Device::queue) and before all that is queued once the
  /// sum has ended. Nothing else may be under way. \throws EnvironmentError
  virtual void begin(void* queue, View<float> M) = 0;
  virtual void begin(void* queue, View<double> M) = 0;
  /// Waits for what is under way, but a tenth of a second at most; whether it has ended. \throws EnvironmentError where it has failed
  virtual bool ended() = 0;
};

/// A number that tells the calling thread's GPU from those of all other processes, wherever they run; 0 where this build has no sums between GPUs.
double gpu_for_sums();
/// What the first process makes and all of them join by. \throws NotCompiled, EnvironmentError
std::string gpu_sums_ticket();
/// Begins to join as number `rank` of `size`, with the calling thread's GPU. \throws NotCompiled, EnvironmentError
std::unique_ptr<GpuSums> join_gpu_sums(const std::string& ticket, int rank, int size);

}  // namespace neuspec
