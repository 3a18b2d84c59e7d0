// Looking for values that are not usable, at the speed of memory.
#pragma once

#include <cmath>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// Whether |v| ≤ largest for all of them, which NaN is not.
inline bool all_within(const double* values, Index count, double largest) {
  Index beyond = 0;
#pragma omp simd reduction(+ : beyond)
  for (Index at = 0; at < count; ++at) beyond += std::fabs(values[at]) <= largest ? 0 : 1;
  return beyond == 0;
}

}  // namespace neuspec
