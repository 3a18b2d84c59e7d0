// Streams, events, copies and the rest of the CUDA runtime.
#include <cstdint>
#include <cstring>
#include <deque>
#include <set>
#include <utility>

#include "machine.hpp"
#include "queues.hpp"

namespace em = neuspec::emulation;

struct CUmemPoolHandle_st {
  int gpu = 0;
};
struct CUevent_st {
  CUstream_st* stream = nullptr;
  long recorded = 0, reached = 0;
};

namespace {

struct Runtime {
  std::set<CUevent_st*> events;
  std::set<cudaMemPool_t> pools;
  cudaError_t last = cudaSuccess;
  long timings = 0;
};
Runtime& runtime() {
  static Runtime instance;
  return instance;
}

void require_stream(const char* function, cudaStream_t stream) {
  if (em::streams().count(stream) == 0) em::violation(function, "a stream that is not alive");
}
void require_own_stream(const char* function, cudaStream_t stream) {
  require_stream(function, stream);
  if (stream->gpu != em::used_gpu()) em::violation(function, "a stream of another GPU than the thread's");
}
void require_event(const char* function, cudaEvent_t event) {
  if (runtime().events.count(event) == 0) em::violation(function, "an event that is not alive");
}
void require_pool(const char* function, cudaMemPool_t pool) {
  if (runtime().pools.count(pool) == 0) em::violation(function, "a memory pool that is not alive");
}
/// Checks the sides of an asynchronous copy and returns what copies.
cudaError_t copy(const char* function, void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  if (kind != cudaMemcpyHostToDevice && kind != cudaMemcpyDeviceToHost && kind != cudaMemcpyDeviceToDevice)
    em::violation(function, "an unknown direction");
  if (bytes == 0) return cudaSuccess;
  if (kind == cudaMemcpyHostToDevice) {
    em::require_pinned(function, from, bytes);
  } else {
    em::require_device(function, from, bytes);
    em::info_seen(from, bytes);
  }
  if (kind == cudaMemcpyDeviceToHost) {
    em::require_pinned(function, to, bytes);
  } else {
    em::require_device(function, to, bytes);
  }
  if (kind == cudaMemcpyDeviceToDevice) {
    em::enqueue(function, stream, [to, from, bytes] { std::memmove(to, from, bytes); });
    return cudaSuccess;
  }
  const bool arriving = kind == cudaMemcpyDeviceToHost;
  const void* pinned = arriving ? to : from;
  em::copy_begins(pinned, bytes, arriving);
  em::enqueue(function, stream, [to, from, bytes, pinned, arriving] { em::copy_runs(to, from, bytes, pinned, arriving); });
  return cudaSuccess;
}

}  // namespace

namespace neuspec::emulation {

cudaError_t remembered(cudaError_t error) {
  if (error != cudaSuccess) runtime().last = error;
  return error;
}

void run_others(Others when) { others() = when; }

void enqueue(const char* function, cudaStream_t stream, std::function<void()> work, std::function<bool()> ready) {
  require_own_stream(function, stream);
  count_queued();
  stream->queue.push_back({std::move(work), std::move(ready)});
}

void launch(cudaStream_t stream, std::function<void()> work, const void* arguments, std::size_t size) {
  for (std::size_t at = 0; at + sizeof(void*) <= size; at += sizeof(void*)) {
    std::uintptr_t word = 0;
    std::memcpy(&word, static_cast<const char*>(arguments) + at, sizeof word);
    // User-space addresses begin far above any size in a test and have two zero bytes on top, which no ordinary double has.
    if (word < (std::uintptr_t{1} << 36) || word >= (std::uintptr_t{1} << 47)) continue;
    const auto* pointer = reinterpret_cast<const void*>(word);  // NOLINT(performance-no-int-to-ptr)
    if (!on_device(pointer)) violation("kernel", "an argument that points to the host or to freed memory");
    info_seen(pointer, bytes_from(pointer));
  }
  if (faults().launch.strikes()) {
    remembered(cudaErrorLaunchFailure);
    return;
  }
  enqueue("kernel", stream, std::move(work));
}

}  // namespace neuspec::emulation

extern "C" {

cudaError_t cudaGetLastError() { return std::exchange(runtime().last, cudaSuccess); }
const char* cudaGetErrorString(cudaError_t error) {
  return error == cudaSuccess                   ? "no error"
         : error == cudaErrorMemoryAllocation   ? "out of memory"
         : error == cudaErrorLaunchFailure      ? "launch failure"
         : error == cudaErrorNoDevice           ? "no CUDA-capable device is detected"
         : error == cudaErrorInsufficientDriver ? "CUDA driver version is insufficient for CUDA runtime version"
                                                : "error";
}
cudaError_t cudaMemGetInfo(std::size_t* available, std::size_t* total) {
  *available = em::free_bytes();
  *total = em::total_bytes();
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int /*flags*/) {
  *stream = *em::streams().insert(new CUstream_st{.gpu = em::used_gpu(), .queue = {}}).first;
  em::count_handle(1);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  require_stream(__func__, stream);
  em::run(stream);
  em::streams().erase(stream);
  delete stream;
  em::count_handle(-1);
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  require_stream(__func__, stream);
  em::count_wait();
  em::run(stream);
  return cudaSuccess;
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  require_stream(__func__, stream);
  if (em::run_what_can(stream)) return cudaSuccess;
  em::give_way();
  return em::remembered(cudaErrorNotReady);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int /*flags*/) {
  *event = *runtime().events.insert(new CUevent_st).first;
  em::count_handle(1);
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  require_event(__func__, event);
  if (event->stream != nullptr && event->reached < event->recorded) em::run(event->stream);
  runtime().events.erase(event);
  delete event;
  em::count_handle(-1);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  require_event(__func__, event);
  event->stream = stream;
  em::enqueue(__func__, stream, [event, number = ++event->recorded] { event->reached = number; });
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  require_event(__func__, event);
  em::count_wait();
  if (event->reached == event->recorded) return cudaSuccess;
  require_stream(__func__, event->stream);
  while (!em::run_until(event->stream, [event] { return event->reached == event->recorded; })) em::give_way();  // no further than needed
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int /*flags*/) {
  require_event(__func__, event);
  if (event->recorded == 0) return cudaSuccess;
  require_own_stream(__func__, event->stream);
  const auto reached = [event, number = event->recorded] { return runtime().events.count(event) == 0 || event->reached >= number; };
  em::enqueue(__func__, stream, [] {}, reached);
  stream->queue.back().behind = event->stream;
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  require_event(__func__, begin);
  require_event(__func__, end);
  if (end->reached < end->recorded) return em::remembered(cudaErrorNotReady);
  *milliseconds = static_cast<float>(1 + 7 * ++runtime().timings % 5);  // each way to do a thing is the fastest now and then
  return cudaSuccess;
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
  if (properties->allocType != cudaMemAllocationTypePinned || properties->location.type != cudaMemLocationTypeDevice || properties->location.id < 0 ||
      properties->location.id >= em::gpus())
    return em::remembered(cudaErrorInvalidValue);
  *pool = *runtime().pools.insert(new CUmemPoolHandle_st{properties->location.id}).first;
  em::count_handle(1);
  return cudaSuccess;
}
cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  require_pool(__func__, pool);
  runtime().pools.erase(pool);
  delete pool;
  em::count_handle(-1);
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* /*value*/) {
  require_pool(__func__, pool);
  return em::remembered(attribute == cudaMemPoolAttrReleaseThreshold ? cudaSuccess : cudaErrorInvalidValue);
}
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  require_pool(__func__, pool);
  if (attribute != cudaMemPoolAttrReservedMemCurrent && attribute != cudaMemPoolAttrUsedMemCurrent) return em::remembered(cudaErrorInvalidValue);
  const auto in_use = static_cast<std::uint64_t>(em::total_bytes() - em::free_bytes());  // nothing is kept
  std::memcpy(value, &in_use, sizeof in_use);
  return cudaSuccess;
}
cudaError_t cudaMallocFromPoolAsync(void** memory, std::size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
  require_pool(__func__, pool);
  require_own_stream(__func__, stream);
  if (pool->gpu != stream->gpu) em::violation(__func__, "a pool of another GPU than the stream's");
  return cudaMallocAsync(memory, bytes, stream);
}
cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t stream) {
  require_own_stream(__func__, stream);
  if (bytes > em::free_bytes()) em::run(stream);  // what was freed before on this stream may be used again
  return em::remembered(em::allocate_device(memory, bytes));
}
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
  em::retire_device(__func__, memory);
  em::enqueue(__func__, stream, [memory] { em::unmap_device(memory); });
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** memory, std::size_t bytes) { return em::remembered(em::allocate_pinned(memory, bytes)); }
cudaError_t cudaFreeHost(void* memory) {
  for (CUstream_st* stream : em::streams())
    if (stream->gpu == em::used_gpu()) em::run(stream);  // it waits for the device
  em::free_pinned(__func__, memory);
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  return copy(__func__, to, from, bytes, kind, stream);
}
cudaError_t cudaMemcpy2D(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch, std::size_t width, std::size_t height,
                         cudaMemcpyKind kind) {
  if (kind != cudaMemcpyDeviceToHost) em::violation(__func__, "a direction that is not emulated");
  if (to_pitch < width || from_pitch < width) em::violation(__func__, "lines wider than their pitch");
  for (std::size_t line = 0; line < height; ++line) em::require_device(__func__, static_cast<const char*>(from) + line * from_pitch, width);
  const em::Opened opened;
  for (std::size_t line = 0; line < height; ++line)
    std::memcpy(static_cast<char*>(to) + line * to_pitch, static_cast<const char*>(from) + line * from_pitch, width);
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  if (bytes > 0) em::require_device(__func__, memory, bytes);
  em::enqueue(__func__, stream, [memory, value, bytes] { std::memset(memory, value, bytes); });
  return cudaSuccess;
}

}  // extern "C"
