#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>

#include "context.hpp"
#include "numeric/packed.hpp"
#include "stored_form.hpp"

namespace neuspec::cuda {

namespace {

constexpr Index received_at_first = 1024;
constexpr Index worth_a_stream = 1 << 16;                   // doubles: 10 µs of a bus against the events that keep two streams in order
constexpr auto long_wait = std::chrono::microseconds(200);  // a few products' launches and the wait for each of them
constexpr std::size_t most_asked = 16;                      // numbers at once

[[noreturn]] void fail(const char* call, const std::string& reason) { throw EnvironmentError("CUDA: " + std::string(call) + ": " + reason); }

std::string size_text(std::size_t bytes) {
  const bool small = bytes < (1U << 20);
  return std::to_string(bytes >> (small ? 10 : 20)) + (small ? " KiB" : " MiB");
}

/// failure ← 1 where one of `count` infos is not zero.
struct NoteInfo {
  const int* info;
  Index count;
  int* failure;
  NEUSPEC_HOST_DEVICE void operator()(Index /*e*/) const {
    for (Index i = 0; i < count; ++i) {
      if (info[i] != 0) *failure = 1;
    }
  }
};

}  // namespace

void check(cudaError_t error, const char* call) {
  if (error == cudaSuccess) return;
  (void)cudaGetLastError();  // it is reported here and must not surface at the next launch
  fail(call, cudaGetErrorString(error));
}
void check(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS) fail(call, cublasGetStatusString(status));
}
void check(cusolverStatus_t status, const char* call) {
  if (status != CUSOLVER_STATUS_SUCCESS) fail(call, "cuSOLVER status " + std::to_string(static_cast<int>(status)));
}

Context::Context() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess) {
    (void)cudaGetLastError();
    throw NoDevice(std::string("device cuda: no GPU can be used: ") + cudaGetErrorString(error));
  }
  if (count == 0) throw NoDevice("device cuda: the driver sees no GPU");
  try {
    start();
  } catch (...) {
    stop();
    throw;
  }
}

Context::~Context() {
  stop();
  if (gpu_of_thread_ != gpu_) (void)cudaSetDevice(gpu_of_thread_);
}

void Context::begin_end() noexcept {
  (void)cudaGetDevice(&gpu_of_thread_);
  if (gpu_of_thread_ != gpu_) (void)cudaSetDevice(gpu_);
}

void Context::start() {
  NEUSPEC_CHECK(cudaGetDevice(&gpu_));
  gpu_of_thread_ = gpu_;
  for (cudaStream_t* stream : {&stream_, &transfers_}) NEUSPEC_CHECK(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking));
  create_pool();
  NEUSPEC_CHECK(cublasCreate(&blas_));
  NEUSPEC_CHECK(cublasSetStream(blas_, stream_));
  NEUSPEC_CHECK(cusolverDnCreate(&solver_));
  NEUSPEC_CHECK(cusolverDnSetStream(solver_, stream_));
  NEUSPEC_CHECK(cusolverDnCreateParams(&params_));
  for (Slot& slot : small_) NEUSPEC_CHECK(cudaEventCreateWithFlags(&slot.sent, cudaEventDisableTiming));
  for (Slot& slot : large_) {
    for (cudaEvent_t* event : {&slot.sent, &slot.used}) NEUSPEC_CHECK(cudaEventCreateWithFlags(event, cudaEventDisableTiming));
  }
  for (Question& question : questions_) {
    NEUSPEC_CHECK(cudaEventCreateWithFlags(&question.answered, cudaEventDisableTiming));
    NEUSPEC_CHECK(cudaMallocHost(reinterpret_cast<void**>(&question.pinned), most_asked * sizeof(double)));
  }
  failure_ = static_cast<int*>(allocate(sizeof(int)));
  NEUSPEC_CHECK(cudaMemsetAsync(failure_, 0, sizeof(int), stream_));
  NEUSPEC_CHECK(cudaMallocHost(reinterpret_cast<void**>(&failure_seen_), sizeof(int)));
}

// A pool of its own keeps what is freed for the next allocation, where the default one would give it back to the driver at each synchronisation.
void Context::create_pool() {
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = gpu_;
  NEUSPEC_CHECK(cudaMemPoolCreate(&pool_, &properties));
  std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
  NEUSPEC_CHECK(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &all));
}

// Failures while cleaning up have nowhere to go.
void Context::stop() noexcept {
  for (cudaStream_t stream : {transfers_, stream_}) {
    if (stream != nullptr) (void)cudaStreamSynchronize(stream);
  }
  const auto end = [this](Slot& slot) {
    release(slot);
    for (cudaEvent_t event : {slot.sent, slot.used}) {
      if (event != nullptr) (void)cudaEventDestroy(event);
    }
  };
  std::for_each(small_.begin(), small_.end(), end);
  std::for_each(large_.begin(), large_.end(), end);
  for (Question& question : questions_) {
    if (question.pinned != nullptr) (void)cudaFreeHost(question.pinned);
    if (question.answered != nullptr) (void)cudaEventDestroy(question.answered);
  }
  if (received_ != nullptr) (void)cudaFreeHost(received_);
  if (failure_seen_ != nullptr) (void)cudaFreeHost(failure_seen_);
  if (failure_ != nullptr) free(failure_);
  if (params_ != nullptr) (void)cusolverDnDestroyParams(params_);
  if (solver_ != nullptr) (void)cusolverDnDestroy(solver_);
  if (blas_ != nullptr) (void)cublasDestroy(blas_);
  if (stream_ != nullptr) (void)cudaStreamSynchronize(stream_);
  if (pool_ != nullptr) (void)cudaMemPoolDestroy(pool_);
  for (cudaStream_t stream : {transfers_, stream_}) {
    if (stream != nullptr) (void)cudaStreamDestroy(stream);
  }
}

std::string Context::device_name() const {
  cudaDeviceProp properties{};
  NEUSPEC_CHECK(cudaGetDeviceProperties(&properties, gpu_));
  return std::string("cuda (") + properties.name + ")";
}

// What has been freed in stream order counts once the stream has come so far, what the pool keeps counts too.
std::size_t Context::free_memory() const {
  NEUSPEC_CHECK(cudaStreamSynchronize(stream_));
  std::size_t available = 0, total = 0;
  std::uint64_t reserved = 0, used = 0;
  NEUSPEC_CHECK(cudaMemGetInfo(&available, &total));
  NEUSPEC_CHECK(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrReservedMemCurrent, &reserved));
  NEUSPEC_CHECK(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrUsedMemCurrent, &used));
  return available + (reserved - used);
}

void* Context::allocate(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t error = cudaMallocFromPoolAsync(&memory, std::max<std::size_t>(bytes, 1), pool_, stream_);
  if (error == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    throw EnvironmentError("not enough GPU memory: " + size_text(bytes) + " asked for, " + size_text(free_memory()) + " free");
  }
  check(error, "cudaMallocFromPoolAsync");
  return memory;
}

void Context::free(void* memory) noexcept { (void)cudaFreeAsync(memory, stream_); }

void Context::note_info(const int* info, Index count) { each(1, NoteInfo{info, count, failure_}); }

void Context::synchronize() {
  NEUSPEC_CHECK(cudaMemcpyAsync(failure_seen_, failure_, sizeof(int), cudaMemcpyDeviceToHost, stream_));
  NEUSPEC_CHECK(cudaStreamSynchronize(stream_));
  if (*failure_seen_ != 0) {
    NEUSPEC_CHECK(cudaMemsetAsync(failure_, 0, sizeof(int), stream_));
    throw EnvironmentError("the symmetric eigensolver did not converge on the GPU");
  }
}

void Context::release(Slot& slot) noexcept {
  if (slot.pinned != nullptr) (void)cudaFreeHost(slot.pinned);
  if (slot.device != nullptr) free(slot.device);
  slot.pinned = slot.device = nullptr;
  slot.count = 0;
}

void Context::grow(Slot& slot, Index count) {
  release(slot);
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(double);
  NEUSPEC_CHECK(cudaMallocHost(reinterpret_cast<void**>(&slot.pinned), bytes));
  slot.device = static_cast<double*>(allocate(bytes));
  slot.count = count;
}

double* Context::fill(Index count) {
  Slot& slot = count < worth_a_stream ? small_[next_small_] : large_[next_large_];
  NEUSPEC_CHECK(cudaEventSynchronize(slot.sent));  // done at once for an event never recorded
  if (count > slot.count) {
    grow(slot, count);
    if (slot.used != nullptr) NEUSPEC_CHECK(cudaEventRecord(slot.used, stream_));  // the memory is there from now on
  }
  return slot.pinned;
}

const double* Context::send_filled(Index count) {
  if (count >= worth_a_stream) {
    Slot& slot = large_[next_large_];
    next_large_ = (next_large_ + 1) % large_.size();
    send_beside(slot, count);
    return slot.device;
  }
  Slot& slot = small_[next_small_];
  next_small_ = (next_small_ + 1) % small_.size();
  NEUSPEC_CHECK(cudaMemcpyAsync(slot.device, slot.pinned, static_cast<std::size_t>(count) * sizeof(double), cudaMemcpyHostToDevice, stream_));
  NEUSPEC_CHECK(cudaEventRecord(slot.sent, stream_));
  return slot.device;
}

// Of three slots the one before the last is given up now: all work with it has been queued. The next call but this takes it, and has to wait for no
// work with the last one.
void Context::send_beside(Slot& slot, Index count) {
  NEUSPEC_CHECK(cudaStreamWaitEvent(transfers_, slot.used, 0));
  NEUSPEC_CHECK(cudaMemcpyAsync(slot.device, slot.pinned, static_cast<std::size_t>(count) * sizeof(double), cudaMemcpyHostToDevice, transfers_));
  NEUSPEC_CHECK(cudaEventRecord(slot.sent, transfers_));
  NEUSPEC_CHECK(cudaEventRecord(large_[next_large_].used, stream_));
  NEUSPEC_CHECK(cudaStreamWaitEvent(stream_, slot.sent, 0));
}

const double* Context::send(const double* host, Index count) {
  copy(host, count, fill(count));
  return send_filled(count);
}

void Context::receive(const double* device, Index count, double* host) {
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(double);
  if (count > received_count_) {
    if (received_ != nullptr) NEUSPEC_CHECK(cudaFreeHost(std::exchange(received_, nullptr)));
    received_count_ = 0;
    const Index capacity = std::max(count, received_at_first);
    NEUSPEC_CHECK(cudaMallocHost(reinterpret_cast<void**>(&received_), static_cast<std::size_t>(capacity) * sizeof(double)));
    received_count_ = capacity;
  }
  NEUSPEC_CHECK(cudaMemcpyAsync(received_, device, bytes, cudaMemcpyDeviceToHost, stream_));
  synchronize();
  std::memcpy(host, received_, bytes);
}

void Context::ask(const double* device, Index count) {
  Question& question = questions_[asked_++ % questions_.size()];
  question.count = count;
  NEUSPEC_CHECK(cudaMemcpyAsync(question.pinned, device, static_cast<std::size_t>(count) * sizeof(double), cudaMemcpyDeviceToHost, stream_));
  NEUSPEC_CHECK(cudaEventRecord(question.answered, stream_));
}

std::vector<double> Context::answer() {
  const Question& question = questions_[answered_++ % questions_.size()];
  const auto begin = std::chrono::steady_clock::now();
  NEUSPEC_CHECK(cudaEventSynchronize(question.answered));
  quick_ = std::chrono::steady_clock::now() - begin < long_wait;
  return {question.pinned, question.pinned + question.count};
}

}  // namespace neuspec::cuda
