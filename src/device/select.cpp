#include "device/cpu_device.hpp"
#include "device/device_memory.hpp"
#include "device/gpu_sums.hpp"
#include "device/gpus.hpp"
#include "neuspec/error.hpp"

namespace neuspec {

#ifdef NEUSPEC_HAS_CUDA
template <class Real>
std::unique_ptr<Device<Real>> make_cuda_device(Arithmetic arithmetic);  // cuda/moments.cu
#else
template <class Real>
std::unique_ptr<Device<Real>> make_cuda_device(Arithmetic /*arithmetic*/) {
  throw NotCompiled("device cuda: this build of neuspec has no CUDA backend; use --device cpu");
}

bool cuda_is_compiled() { return false; }
bool cuda_is_found() { return false; }
int current_gpu() { return 0; }
void take_gpu(int /*local_rank*/) {}
void copy_from_device(const void* /*from*/, Index /*pitch*/, Index /*width*/, Index /*lines*/, void* /*to*/) {
  throw NotCompiled("memory of a device: this build of neuspec has no CUDA backend");
}
#endif

#ifndef NEUSPEC_HAS_NCCL
namespace {
[[noreturn]] void no_sums() { throw NotCompiled("sums between GPUs: this build of neuspec has no NCCL"); }
}  // namespace

double gpu_for_sums() { return 0; }
std::string gpu_sums_ticket() { no_sums(); }
std::unique_ptr<GpuSums> join_gpu_sums(const std::string& /*ticket*/, int /*rank*/, int /*size*/) { no_sums(); }
#endif

template <class Real>
std::unique_ptr<Device<Real>> make_device(DeviceKind kind, Arithmetic arithmetic) {
  if (kind == DeviceKind::cuda) return make_cuda_device<Real>(arithmetic);
#ifdef NEUSPEC_HAS_CUDA
  if (kind == DeviceKind::automatic) {
    try {
      return make_cuda_device<Real>(arithmetic);
    } catch (const NoDevice&) {  // the report names the device that was used
    }
  }
#endif
  if (arithmetic == Arithmetic::tf32) throw UsageError("precision tf32: there is no TF32 on a CPU; use --precision single, or a GPU");
  return std::make_unique<CpuDevice<Real>>();
}

template std::unique_ptr<Device<float>> make_device<float>(DeviceKind, Arithmetic);
template std::unique_ptr<Device<double>> make_device<double>(DeviceKind, Arithmetic);

}  // namespace neuspec
