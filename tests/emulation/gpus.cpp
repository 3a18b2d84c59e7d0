// Which GPUs there are, and which of them a thread uses.
#include <cuda.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include "machine.hpp"

namespace em = neuspec::emulation;

struct CUctx_st {};

namespace {

int number = 1;
thread_local int of_thread = -1;  // before it has used one

/// cuCtxGetCurrent: a thread that has used a GPU has a context.
CUresult get_current(CUcontext* context) {
  static CUctx_st something;
  *context = of_thread < 0 ? nullptr : &something;
  return CUDA_SUCCESS;
}

}  // namespace

namespace neuspec::emulation {

void set_gpus(int count) { number = count; }
int gpus() { return number; }
int used_gpu() { return of_thread = std::max(of_thread, 0); }
void forget_gpu() { of_thread = -1; }

std::mutex& turn() {
  static std::mutex instance;
  return instance;
}
void give_way() {
  turn().unlock();
  std::this_thread::sleep_for(std::chrono::microseconds(20));
  turn().lock();
}

}  // namespace neuspec::emulation

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  if (em::machine() == em::Machine::no_gpu) return em::remembered(cudaErrorNoDevice);
  if (em::machine() == em::Machine::no_driver) return em::remembered(cudaErrorInsufficientDriver);
  *count = number;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  if (em::machine() != em::Machine::gpu) return em::remembered(cudaErrorNoDevice);
  *device = std::max(of_thread, 0);
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= number) return em::remembered(cudaErrorInvalidDevice);
  of_thread = device;
  return cudaSuccess;
}
cudaError_t cudaGetDriverEntryPointByVersion(const char* symbol, void** function, unsigned int /*version*/, unsigned long long flags,
                                             cudaDriverEntryPointQueryResult* status) {
  if (std::strcmp(symbol, "cuCtxGetCurrent") != 0 || flags != cudaEnableDefault) em::violation(__func__, "a function that is not emulated");
  *function = reinterpret_cast<void*>(&get_current);
  *status = cudaDriverEntryPointSuccess;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device < 0 || device >= number) return em::remembered(cudaErrorInvalidDevice);
  *properties = {};
  std::strcpy(properties->name, device == 0 ? "emulated" : ("emulated " + std::to_string(device)).c_str());
  return cudaSuccess;
}
cudaError_t cudaDeviceGetPCIBusId(char* place, int length, int device) {
  if (device < 0 || device >= number) return em::remembered(cudaErrorInvalidDevice);
  std::snprintf(place, static_cast<std::size_t>(length), "0000:%02x:00.0", device + 1);
  return cudaSuccess;
}

}  // extern "C"
