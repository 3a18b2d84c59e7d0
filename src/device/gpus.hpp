// Which of a machine's GPUs a thread uses.
#pragma once

#include "device/device_memory.hpp"
#include "neuspec/fit.hpp"

namespace neuspec {

/// Whether the device of Settings is one of them here.
inline bool is_gpu(DeviceKind kind) { return kind == DeviceKind::cuda || (kind == DeviceKind::automatic && cuda_is_found()); }

/// The number of the calling thread's GPU; 0 where there is none.
int current_gpu();

/// Of GPUs that ranks of a machine share, the calling thread takes number `local_rank` modulo how many it sees, and keeps it; a thread that has used
/// a GPU, or chosen one, keeps that. Nothing where there are not several. \throws EnvironmentError where the GPU cannot be used
void take_gpu(int local_rank);

}  // namespace neuspec
