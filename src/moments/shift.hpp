// What moments are taken about.
#pragma once

#include <vector>

namespace neuspec::moment {

/// A number no further from the mean of `rows` values (each `stride` from the last) than their deviation, with as few digits as that allows: a
/// multiple of a power of two near the deviation. Differences of integers from it are integers, of single-precision numbers exact, as a rule; files
/// of samples of one kind mostly have the same.
double shift_of(const double* values, std::ptrdiff_t rows, std::ptrdiff_t stride);

}  // namespace neuspec::moment
