// What library this is, and what it runs on.
#include "c/build.hpp"
#include "c/handle.hpp"
#include "device/blas_threads.hpp"
#include "device/device_memory.hpp"
#include "neuspec/version.hpp"

using namespace neuspec::c;

extern "C" {

const char* neuspec_version(void) { return NEUSPEC_VERSION; }

int neuspec_abi(void) { return NEUSPEC_ABI; }

int neuspec_runtime_info(neuspec_runtime* info) {
  return guarded(nullptr, [&] {
    required(info, "info") = {neuspec::build_commit,
                              neuspec::build_options,
                              neuspec::blas_name(),
                              neuspec::blas_integer_bits(),
                              neuspec::cuda_is_compiled() ? 1 : 0,
                              neuspec::cuda_is_found() ? 1 : 0};
  });
}

}  // extern "C"
