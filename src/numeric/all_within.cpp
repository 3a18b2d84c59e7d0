#include "numeric/all_within.hpp"

#include <cmath>

namespace neuspec {

namespace {

[[gnu::always_inline]] inline bool within(const double* values, Index count, double largest) {
  Index beyond = 0;
#pragma omp simd reduction(+ : beyond)
  for (Index at = 0; at < count; ++at) beyond += std::fabs(values[at]) <= largest ? 0 : 1;
  return beyond == 0;
}

// The same code for the instruction sets that matter; which one is asked of the processor at run time.
bool within_portable(const double* values, Index count, double largest) { return within(values, count, largest); }
#if defined(__x86_64__)
[[gnu::target("avx2")]] bool within_avx2(const double* values, Index count, double largest) { return within(values, count, largest); }
bool has_avx2() { return __builtin_cpu_supports("avx2") != 0; }
#else
constexpr auto within_avx2 = within_portable;
constexpr bool has_avx2() { return false; }
#endif

}  // namespace

bool all_within(const double* values, Index count, double largest) {
  return has_avx2() ? within_avx2(values, count, largest) : within_portable(values, count, largest);
}

}  // namespace neuspec
