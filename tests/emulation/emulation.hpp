// A machine without a GPU plays one: the entry points of the CUDA runtime, cuBLAS, cuSOLVER and NCCL that the library calls, on host memory and as
// strict as their documentation. Whatever CUDA may do late is done as late as possible: every stream is a queue that runs when it is waited for, and
// others beside it early or late. "Device" memory is unreadable while no queue runs, pinned memory while a copy to it is queued. A broken rule prints
// "emulation: <function>: <what>" and aborts.
#pragma once

#include <cstddef>
#include <mutex>

namespace neuspec::emulation {

struct Counts {
  long handles = 0;      ///< live streams, events, library handles and parameters
  long bytes = 0;        ///< live device and pinned memory
  long allocations = 0;  ///< made so far
  long tf32 = 0;         ///< products made in TF32 so far
  long peak = 0;         ///< most device memory in use at a time since the last `reset`
  long queued = 0;       ///< kernels, calls of libraries, copies, fills and events queued so far
  long solver = 0;       ///< of them cuSOLVER's; which of its ways is taken, and so how many, the clock decides
  long waits = 0;        ///< of the host for a stream or an event, so far
  long travelled = 0;    ///< bytes that copies between host and device were to move, so far
  long sums = 0;         ///< calls of ncclAllReduce so far
  long summed = 0;       ///< numbers in them
};
Counts counts();

// Faults: the k-th call from now on of a kind fails, 0 being the next; −1: none.
void fail_allocation(long k);  ///< device or pinned memory: cudaErrorMemoryAllocation
void fail_launch(long k);      ///< a kernel: cudaErrorLaunchFailure as the last error
void fail_solver(long k);      ///< an eigendecomposition or factorisation leaves info = 1
void fail_blas(long k);        ///< CUBLAS_STATUS_EXECUTION_FAILED
void fail_nccl(long k);        ///< a call of NCCL that asks for something: ncclSystemError
bool struck();                 ///< whether one of them has struck since the last `reset`
void reset();                  ///< no faults, 8 GiB of memory, a GPU that the calling thread has not used

/// Capacity of the device.
void set_memory(std::size_t bytes);

enum class Machine { gpu, no_gpu, no_driver };
void become(Machine machine);
/// When other streams run than the one that is waited for, where CUDA leaves it open: as early as they may, as late, or now so, now so.
enum class Others { in_turns, early, late };
void run_others(Others when);
/// How many GPUs there are. They have their memory in common; streams and pools are of that which the thread uses that makes them, and no other may
/// use them.
void set_gpus(int count);

/// Ranks that are threads take turns: one at a time works with the machine, and gives way while it waits for another.
std::mutex& turn();
void give_way();

}  // namespace neuspec::emulation
