// OpenBLAS maps buffers for its threads while the program is being loaded, and where it may not it tries for ever, deaf to signals. Hence the program
// looks for the room before any library's own beginnings, among what the loader calls first.
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "device/blas_threads.hpp"

#if defined(__GLIBC__) && defined(__ELF__)

#define NEUSPEC_UNCHECKED __attribute__((no_sanitize("address", "thread", "undefined")))

namespace neuspec::cli {
namespace {

// Nothing of the C++ library's own state exists yet, nor does `environ`.
constexpr const char* thread_variables[] = {"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"};

/// As many threads as OpenBLAS is about to prepare for: the processors it may run on, or fewer where a variable says so.
int threads_prepared(char** environment) {
  cpu_set_t set;
  const int processors = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  for (const char* name : thread_variables) {
    const char* value = value_of(name, environment);
    const int threads = value == nullptr ? 0 : std::atoi(value);
    if (threads > 0) return std::min(threads, processors);
  }
  return processors;
}

void start_with(int threads, char** arguments, char** environment) {
  std::vector<char*> changed;
  for (char** entry = environment; *entry != nullptr; ++entry) {
    const auto names_it = [entry](const char* name) { return std::string_view(*entry).starts_with(std::string(name) + "="); };
    if (std::none_of(std::begin(thread_variables), std::end(thread_variables), names_it)) changed.push_back(*entry);
  }
  std::string blas = "OPENBLAS_NUM_THREADS=" + std::to_string(threads), openmp = "OMP_NUM_THREADS=" + std::to_string(threads);
  changed.insert(changed.end(), {blas.data(), openmp.data(), nullptr});
  ::execve("/proc/self/exe", arguments, changed.data());
}

void complain_and_end(int threads) {
  const std::string text = "neuspec: not enough address space: OpenBLAS takes " + std::to_string(static_cast<long long>(2 * blas_buffer()) >> 20) +
                           " MiB for each of its threads, which the limits of this process (ulimit -v, ulimit -d) do not leave for " +
                           (threads == 1 ? "one" : std::to_string(threads)) + "\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(exit_environment);
}

NEUSPEC_UNCHECKED void make_room(int /*count*/, char** arguments, char** environment) {
  if (blas_buffer() == 0) return;
  const int wanted = threads_prepared(environment), fitting = blas_threads_that_fit(wanted);
  if (fitting == wanted) return;
  if (fitting > 0) start_with(fitting, arguments, environment);
  complain_and_end(std::max(fitting, 1));
}

__attribute__((section(".preinit_array"), used)) void (*const before_all_libraries)(int, char**, char**) = make_room;

}  // namespace
}  // namespace neuspec::cli

#endif
