#include "cli/processor.hpp"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>

#include "cli/environment.hpp"
#include "device/blas_threads.hpp"

// Absent where another BLAS is linked.
extern "C" __attribute__((weak)) char* openblas_get_corename();

namespace {

constexpr const char* spin_variable = "GOMP_SPINCOUNT";
constexpr const char* spins = "1000";  // some tens of microseconds
constinit bool asked_for_spins = false;

const char* in_environment(const char* name) { return environ == nullptr ? nullptr : neuspec::cli::value_of(name, environ); }

/// GCC's OpenMP spins for milliseconds before a thread that waits lets others have the processor, unless the user has said how it is to wait.
bool spins_are_ours() { return in_environment(spin_variable) == nullptr && in_environment("OMP_WAIT_POLICY") == nullptr; }

}  // namespace

// The libraries' question before `main`, answered by the program: a variable set by `main` would come too late for GCC's OpenMP.
extern "C" [[gnu::visibility("default")]] char* getenv(const char* name) noexcept {
  const char* value = in_environment(name);
  if (std::strcmp(name, spin_variable) == 0) {
    asked_for_spins = true;
    if (spins_are_ours()) value = spins;
  }
  return const_cast<char*>(value);
}

namespace neuspec::cli {
namespace {

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

/// An OpenBLAS older than the processor it runs on falls back to kernels of 2004, at a quarter of the speed or less.
bool choose_kernels() {
  constexpr const char* variable = "OPENBLAS_CORETYPE";
  constexpr const char* fallback = "Prescott";
  if (std::getenv(variable) != nullptr || openblas_get_corename == nullptr || std::strcmp(openblas_get_corename(), fallback) != 0) return false;
  const char* kernels = fitting_kernels();
  return kernels != nullptr && ::setenv(variable, kernels, 0) == 0;
}

/// Where OpenMP has read its variables otherwise than by `getenv`.
bool shorten_spinning() { return !asked_for_spins && spins_are_ours() && ::setenv(spin_variable, spins, 0) == 0; }

}  // namespace

void prepare_process(char** arguments) {
  const bool kernels = choose_kernels(), spinning = shorten_spinning();
  if (kernels || spinning) ::execv("/proc/self/exe", arguments);
  // OpenMP ends the process where it cannot start a thread.
  if (!threads_or_one()) {
    std::cerr << "neuspec: no second thread can be started (ulimit -u, or a control group's limit on processes): going on with one\n";
  }
}

}  // namespace neuspec::cli
