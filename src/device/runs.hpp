// The columns of a factored point that belong together.
#pragma once

#include <vector>

#include "device/device.hpp"

namespace neuspec {

/// Neighbours that belong to one output and one pool.
struct Run {
  Index output, pool, first, count;
};

inline std::vector<Run> runs_of(const FactorColumns& columns) {
  std::vector<Run> runs;
  for (Index j = 0; j < static_cast<Index>(columns.sign.size()); ++j) {
    const auto at = static_cast<std::size_t>(j);
    const Index pool = columns.pool.empty() ? 0 : columns.pool[at];
    if (runs.empty() || runs.back().output != columns.output[at] || runs.back().pool != pool) runs.push_back({columns.output[at], pool, j, 0});
    ++runs.back().count;
  }
  return runs;
}

}  // namespace neuspec
