// Memory of the GPU that belongs to the host program.
#include <limits>

#include "context.hpp"
#include "device/device_memory.hpp"

namespace neuspec {

bool cuda_is_compiled() { return true; }

bool cuda_is_found() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count > 0;
  (void)cudaGetLastError();
  return false;
}

void copy_from_device(const void* from, Index pitch, Index width, Index lines, void* to) {
  const auto bytes = static_cast<std::size_t>(width);
  // A pitch is an int to the hardware: lines further apart go one by one.
  const bool together = pitch <= std::numeric_limits<int>::max();
  const Index rounds = together ? 1 : lines;
  for (Index round = 0; round < rounds; ++round) {
    const auto height = static_cast<std::size_t>(together ? lines : 1);
    NEUSPEC_CHECK(cudaMemcpy2D(static_cast<char*>(to) + round * width, bytes, static_cast<const char*>(from) + round * pitch,
                               together ? static_cast<std::size_t>(pitch) : bytes, bytes, height, cudaMemcpyDeviceToHost));
  }
}

}  // namespace neuspec
