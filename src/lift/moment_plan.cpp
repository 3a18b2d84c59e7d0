#include "lift/moment_plan.hpp"

#include <algorithm>
#include <array>

namespace neuspec {

namespace {
// Wide enough blocks keep GEMM at its peak, narrow ones waste fewer flops on the unsorted corner; an eighth of N does both.
constexpr Index smallest_block_columns = 96;
}  // namespace

MomentPlan::MomentPlan(Index size)
    : N(size),
      pairs(packed::size(size)),
      block_of_(static_cast<std::size_t>(size)),
      column_of_(static_cast<std::size_t>(size)),
      first_(static_cast<std::size_t>(size)),
      step_(static_cast<std::size_t>(size)) {
  for (Index k0 = 0; k0 < N;) {
    Index k1 = k0, columns = 0;
    while (k1 < N && (columns < smallest_block_columns || k1 - k0 < N / 16)) {
      block_of_[static_cast<std::size_t>(k1)] = static_cast<Index>(blocks.size());
      column_of_[static_cast<std::size_t>(k1)] = columns;
      columns += N - k1;
      ++k1;
    }
    const Index prefix = k1 * (k1 + 1) / 2;
    for (Index k = k0; k < k1; ++k) {
      first_[static_cast<std::size_t>(k)] = buffer_size + (column_of_[static_cast<std::size_t>(k)] - k) * prefix;
      step_[static_cast<std::size_t>(k)] = prefix;
    }
    blocks.push_back({k0, k1, prefix, columns, buffer_size});
    buffer_size += prefix * columns;
    k0 = k1;
  }
}

Index MomentPlan::position(Index i, Index j, Index k, Index l) const {
  std::array<Index, 4> s{i, j, k, l};
  std::sort(s.begin(), s.end());
  return sorted_position(s[0], s[1], s[2], s[3]);
}

}  // namespace neuspec
