#include "device/blas_threads.hpp"

#include <omp.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "neuspec/error.hpp"
#include "threads/available_memory.hpp"
#include "threads/parallel.hpp"
#include "threads/processors.hpp"

// Absent where another BLAS is linked.
extern "C" __attribute__((weak)) char* openblas_get_corename();
extern "C" __attribute__((weak)) char* openblas_get_config();
extern "C" double ddot_(const int*, const double*, const int*, const double*, const int*);

namespace neuspec {

namespace {

constexpr double flops_worth_threads = 2e7;  // about a third of a millisecond of GEMM on one thread
constexpr double mebibyte = 1 << 20;

/// Of calls with several threads there is one at a time: OpenBLAS spins where it finds another.
std::mutex& turns() {
  static std::mutex mutex;
  return mutex;
}

int threads_for(double flops) {
  if (flops < flops_worth_threads || omp_get_level() > 0 || omp_get_max_active_levels() < 1) return 1;
  const int wanted = std::min(threads(), omp_get_thread_limit());
  return wanted > 1 && threads_can_start(wanted) ? wanted : 1;
}

/// A thread's first call makes OpenBLAS map a buffer.
void check_buffer() {
  thread_local bool checked = false;
  if (checked || blas_buffer() == 0) return;
  const auto bytes = static_cast<std::size_t>(blas_buffer());
  void* const room = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) {
    throw EnvironmentError(
        "not enough address space: OpenBLAS needs " + std::to_string(bytes >> 20) + " MiB more for each thread, but the limit (ulimit -v) leaves " +
        std::to_string(static_cast<long long>(std::min(address_space_left(), blas_buffer()) / mebibyte)) + " MiB; fewer threads need less");
  }
  ::munmap(room, bytes);
  checked = true;
}

/// What the host program has linked may come before ours.
void check_integers() {
  static const bool narrow = blas_integer_bits(ddot_) == 32;
  if (!narrow) {
    throw EnvironmentError(
        "the BLAS of this program takes integers of 64 bits (ILP64) where neuspec passes 32 (LP64): link an LP64 BLAS, or one whose 64-bit names end "
        "in 64_");
  }
}

/// So many threads, all alive at a time.
bool start(int threads) {
  std::mutex mutex;
  std::condition_variable change;
  bool end = false;
  std::vector<std::thread> started;
  bool all = true;
  try {
    started.reserve(static_cast<std::size_t>(threads));
    for (int i = 0; i < threads; ++i) {
      started.emplace_back([&] {
        std::unique_lock<std::mutex> lock(mutex);
        change.wait(lock, [&] { return end; });
      });
    }
  } catch (const std::system_error&) {
    all = false;
  }
  {
    const std::lock_guard<std::mutex> lock(mutex);
    end = true;
  }
  change.notify_all();
  for (std::thread& thread : started) thread.join();
  return all;
}

}  // namespace

bool threads_can_start(int threads) {
  static std::atomic<int> possible = 1, impossible = std::numeric_limits<int>::max();
  if (threads <= possible) return true;
  if (threads >= impossible) return false;
  const bool all = start(threads - 1);
  (all ? possible : impossible) = threads;
  return all;
}

bool threads_or_one() {
  if (threads_can_start(usable_processors())) return true;
  omp_set_num_threads(1);
  return false;
}

const char* blas_name() { return openblas_get_config == nullptr ? "" : openblas_get_config(); }

int blas_integer_bits() { return blas_integer_bits(ddot_); }

// Taken for 64 bits the length is below zero, of which every BLAS makes the sum of nothing, 0, without a look at the vectors.
int blas_integer_bits(double (*ddot)(const int*, const double*, const int*, const double*, const int*)) {
  if constexpr (std::endian::native != std::endian::little) return 32;
  alignas(std::int64_t) const int length[] = {1, -1}, step[] = {1, 0};
  const double one = 1;
  return ddot(length, &one, step, &one, step) == 1 ? 32 : 64;
}

double blas_buffer() { return openblas_get_corename == nullptr ? 0 : 128 * mebibyte; }

int blas_threads_that_fit(int wanted) {
  // A buffer when OpenBLAS is loaded and one in use; stack, heap and the data themselves.
  const auto buffer = static_cast<std::size_t>(blas_buffer());
  constexpr std::size_t rest = std::size_t(64) << 20;
  std::vector<std::pair<void*, std::size_t>> mapped;
  const auto map = [&](std::size_t bytes) {
    void* const room = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room != MAP_FAILED) mapped.emplace_back(room, bytes);
    return room != MAP_FAILED;
  };
  int fitting = 0;
  while (fitting < wanted && map(buffer) && map(buffer) && map(rest)) ++fitting;
  for (const auto& [room, bytes] : mapped) ::munmap(room, bytes);
  return fitting;
}

BlasThreads::BlasThreads(double flops) {
  check_buffer();
  check_integers();
  const int wanted = threads_for(flops);
  threads_before_ = omp_get_max_threads();
  if (wanted > 1) {
    turn_ = std::unique_lock<std::mutex>(turns());
    dynamic_before_ = omp_get_dynamic();
    if (dynamic_before_ != 0) omp_set_dynamic(0);
  }
  changed_ = wanted != threads_before_;
  if (changed_) omp_set_num_threads(wanted);
}

BlasThreads::~BlasThreads() {
  if (changed_) omp_set_num_threads(threads_before_);
  if (dynamic_before_ != 0) omp_set_dynamic(dynamic_before_);
}

}  // namespace neuspec
