// Looking for values that are not usable, at the speed of memory.
#pragma once

#include "neuspec/dataset.hpp"

namespace neuspec {

/// Whether |v| ≤ largest for all of them, which NaN is not.
bool all_within(const double* values, Index count, double largest);

}  // namespace neuspec
