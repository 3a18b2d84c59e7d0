// What C++ asks memory for, counted; and memory that runs out when a test wants it to.
#pragma once

#include <cstddef>

namespace neuspec::test {

/// Bytes in use, and the most there have been since `forget_peak`.
std::size_t bytes_in_use();
std::size_t peak_bytes();
void forget_peak();

/// The allocation after so many more on this thread fails, once; a negative number: none does.
void fail_after(long allocations);
/// Whether it has.
bool has_failed();

}  // namespace neuspec::test
