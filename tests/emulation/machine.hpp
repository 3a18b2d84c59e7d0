// The parts of the emulated device that its entry points share.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <string>

#include "emulation.hpp"

namespace neuspec::emulation {

[[noreturn]] void violation(const char* function, const std::string& what);

/// Solver infos that nobody has looked at yet are forgiven when a call fails: what was under way is given up.
void forgive_infos();

/// Counts down to a planted fault.
class Fault {
 public:
  void plant(long k) { left_ = k; }
  bool strikes() {
    const bool now = left_ >= 0 && left_-- == 0;
    if (now) forgive_infos();
    struck_ += now ? 1 : 0;
    return now;
  }
  long struck() const { return struck_; }

 private:
  long left_ = -1, struck_ = 0;
};
struct Faults {
  Fault allocation, launch, solver, blas, nccl;
};
Faults& faults();
Machine machine();
int gpus();
/// The GPU of the calling thread, which has used it from now on; as if it had used none.
int used_gpu();
void forget_gpu();
/// Becomes the last error, if it is one.
cudaError_t remembered(cudaError_t error);
void count_handle(long change);
void count_tf32();
void count_queued();
void count_solver();
void count_wait();
void count_sum(std::size_t numbers);

// Memory.
cudaError_t allocate_device(void** memory, std::size_t bytes);
cudaError_t allocate_pinned(void** memory, std::size_t bytes);
/// From this call on the memory must not be named any more; `unmap_device` gives it back once the queue has come so far.
void retire_device(const char* function, void* memory);
void unmap_device(void* memory);
void free_pinned(const char* function, void* memory);
/// [p, p + bytes) has to lie in one live device allocation.
void require_device(const char* function, const void* p, std::size_t bytes);
void require_pinned(const char* function, const void* p, std::size_t bytes);
/// A copy from or (`arriving`) to pinned memory is queued, and carried out: in between the host must not write, or not touch, that memory.
void copy_begins(const void* pinned, std::size_t bytes, bool arriving);
void copy_runs(void* to, const void* from, std::size_t bytes, const void* pinned, bool arriving);
bool on_device(const void* p);
/// From p to the end of the device allocation that holds it.
std::size_t bytes_from(const void* p);
std::size_t free_bytes();
std::size_t total_bytes();
/// Makes device memory readable for the lifetime of the object; they may nest.
class Opened {
 public:
  Opened();
  ~Opened();
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
};

// Queues.
/// Work that waits for other threads says when it can be run.
void enqueue(const char* function, cudaStream_t stream, std::function<void()> work, std::function<bool()> ready = {});
/// A kernel: its arguments are scanned for pointers to the host and for solver infos that it reads.
void launch(cudaStream_t stream, std::function<void()> work, const void* arguments, std::size_t size);

void register_info(const char* function, const int* info, std::size_t count);
void info_seen(const void* first, std::size_t bytes);
bool unread_infos();

/// A column-major matrix argument.
template <class T>
void require_matrix(const char* function, const T* A, long rows, long columns, long stride) {
  if (rows < 0 || columns < 0) violation(function, "a negative dimension");
  if (stride < (rows > 1 ? rows : 1)) violation(function, "leading dimension " + std::to_string(stride) + " below " + std::to_string(rows) + " rows");
  if (rows > 0 && columns > 0) require_device(function, A, static_cast<std::size_t>((columns - 1) * stride + rows) * sizeof(T));
}

}  // namespace neuspec::emulation
