#include <cudaTypedefs.h>

#include "context.hpp"
#include "device/gpus.hpp"

namespace neuspec {
namespace {

/// Whether the calling thread has a GPU in use. The runtime does not tell a choice from its default; the driver does, whose library need not be
/// there.
bool uses_a_gpu() {
  constexpr unsigned int since = 4000;  // the version of CUDA that brought the function
  void* found = nullptr;
  cudaDriverEntryPointQueryResult status{};
  if (cudaGetDriverEntryPointByVersion("cuCtxGetCurrent", &found, since, cudaEnableDefault, &status) != cudaSuccess) (void)cudaGetLastError();
  if (found == nullptr || status != cudaDriverEntryPointSuccess) return false;
  CUcontext context = nullptr;
  return reinterpret_cast<PFN_cuCtxGetCurrent_v4000>(found)(&context) == CUDA_SUCCESS && context != nullptr;
}

}  // namespace

int current_gpu() {
  int gpu = 0;
  if (cudaGetDevice(&gpu) == cudaSuccess) return gpu;
  (void)cudaGetLastError();
  return 0;
}

void take_gpu(int local_rank) {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    (void)cudaGetLastError();  // whoever needs a GPU says so
    return;
  }
  if (count > 1 && !uses_a_gpu()) NEUSPEC_CHECK(cudaSetDevice(local_rank % count));
}

}  // namespace neuspec
