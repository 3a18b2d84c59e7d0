#include "cli/processor.hpp"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

// Absent where another BLAS is linked.
extern "C" __attribute__((weak)) char* openblas_get_corename();

namespace neuspec::cli {
namespace {

constexpr const char* variable = "OPENBLAS_CORETYPE";
constexpr const char* fallback = "Prescott";

/// OpenBLAS's name of the newest kernels that the instruction set allows, or null.
const char* fitting_kernels() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl")) {
    return "SKYLAKEX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "HASWELL";
#endif
  return nullptr;
}

}  // namespace

void match_blas_to_processor(char** arguments) {
  if (std::getenv(variable) != nullptr || openblas_get_corename == nullptr || std::strcmp(openblas_get_corename(), fallback) != 0) return;
  const char* kernels = fitting_kernels();
  if (kernels != nullptr && ::setenv(variable, kernels, 0) == 0) ::execv("/proc/self/exe", arguments);
}

}  // namespace neuspec::cli
