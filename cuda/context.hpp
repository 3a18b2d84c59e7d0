// What every operation on the GPU shares: one stream, the library handles on it, memory, and the way to and from the host.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusolverDn.h>

#include <array>
#include <string>
#include <vector>

#include "launch.hpp"
#include "neuspec/error.hpp"

namespace neuspec::cuda {

/// Throw EnvironmentError naming the call unless it succeeded.
void check(cudaError_t error, const char* call);
void check(cublasStatus_t status, const char* call);
void check(cusolverStatus_t status, const char* call);
#define NEUSPEC_CHECK(call) ::neuspec::cuda::check(call, #call)

class Context;

/// Device memory that grows when asked for more and is freed in stream order.
template <class T>
class Buffer {
 public:
  explicit Buffer(Context& context) : context_(context) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();
  /// At least `count` elements; what was there is lost when it grows.
  T* reserve(Index count);
  T* data() const { return data_; }

 private:
  Context& context_;
  T* data_ = nullptr;
  Index count_ = 0;
};

class Context {
 public:
  /// \throws NoDevice when no driver or no GPU is there, EnvironmentError when a library cannot start.
  Context();
  ~Context();
  /// Before its end, and that of what it has given out: from now on the thread uses its GPU, for a device that is kept may end where another is in
  /// use.
  void begin_end() noexcept;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  cudaStream_t stream() const { return stream_; }
  cublasHandle_t blas() const { return blas_; }
  cusolverDnHandle_t solver() const { return solver_; }
  cusolverDnParams_t params() const { return params_; }
  std::string device_name() const;
  /// From now on GEMM in single precision may round its factors to TF32; it never does unless told.
  void multiply_in_tf32() { NEUSPEC_CHECK(cublasSetMathMode(blas_, CUBLAS_TF32_TENSOR_OP_MATH)); }

  template <class Functor>
  void each(Index count, Functor functor) {
    cuda::each(stream_, count, functor);
    NEUSPEC_CHECK(cudaGetLastError());
  }
  template <class Functor>
  void sums(Index columns, Index rows, Functor functor) {
    cuda::sums(stream_, columns, rows, functor);
    NEUSPEC_CHECK(cudaGetLastError());
  }

  /// \throws EnvironmentError with sizes when the device's memory does not suffice.
  void* allocate(std::size_t bytes);
  void free(void* memory) noexcept;
  std::size_t free_memory() const;

  /// Waits for all that is queued. \throws EnvironmentError if a solver reported failure since the last time.
  void synchronize();
  /// Remembers a failure of a solver whose `info` (count of them, on the device) is not zero, without waiting for it.
  void note_info(const int* info, Index count);

  /// `count` doubles of the host on the device, valid for what is queued before the next but one call: copied through pinned buffers in turn, so that
  /// filling one overlaps with the transfer of another, and large transfers, which have a stream of their own, with work queued before.
  const double* send(const double* host, Index count);
  /// The same for a buffer that the caller fills: count doubles of pinned memory, then `send_filled`.
  double* fill(Index count);
  const double* send_filled(Index count);
  /// Copies `count` doubles from the device and waits.
  void receive(const double* device, Index count, double* host);
  /// Queues a copy of so few numbers to the host; `answer` waits for the oldest one not yet given, not for what is queued behind it. Two may be under
  /// way.
  void ask(const double* device, Index count);
  std::vector<double> answer();
  /// Whether the last answer came so soon that less is lost by work queued in vain than by a device that waits for the host.
  bool answers_quickly() const { return quick_; }
  /// What was asked before a failure.
  void forget_questions() { answered_ = asked_; }

 private:
  struct Question {
    double* pinned = nullptr;
    Index count = 0;
    cudaEvent_t answered = nullptr;
  };
  struct Slot {
    double* pinned = nullptr;
    double* device = nullptr;
    Index count = 0;
    cudaEvent_t sent = nullptr, used = nullptr;  // the latter of large ones: no more work with it has been queued since
  };
  void start();
  void create_pool();
  void stop() noexcept;
  void grow(Slot& slot, Index count);
  void send_beside(Slot& slot, Index count);
  void release(Slot& slot) noexcept;

  int gpu_ = 0, gpu_of_thread_ = 0;  // its own; what the thread goes back to at its end
  cudaStream_t stream_ = nullptr, transfers_ = nullptr;
  cudaMemPool_t pool_ = nullptr;
  cublasHandle_t blas_ = nullptr;
  cusolverDnHandle_t solver_ = nullptr;
  cusolverDnParams_t params_ = nullptr;
  std::array<Slot, 2> small_;
  std::array<Slot, 3> large_;
  std::size_t next_small_ = 0, next_large_ = 0;
  std::array<Question, 2> questions_;
  std::size_t asked_ = 0, answered_ = 0;
  bool quick_ = true;
  double* received_ = nullptr;  // pinned
  Index received_count_ = 0;
  int* failure_ = nullptr;       // device
  int* failure_seen_ = nullptr;  // pinned
};

template <class T>
Buffer<T>::~Buffer() {
  if (data_ != nullptr) context_.free(data_);
}

template <class T>
T* Buffer<T>::reserve(Index count) {
  if (count > count_) {
    if (data_ != nullptr) context_.free(std::exchange(data_, nullptr));
    count_ = 0;
    data_ = static_cast<T*>(context_.allocate(static_cast<std::size_t>(count) * sizeof(T)));
    count_ = count;
  }
  return data_;
}

}  // namespace neuspec::cuda
