// The columns of a factored point, pool by pool.
#pragma once

#include <algorithm>
#include <vector>

#include "device/device.hpp"

namespace neuspec {

/// The neurons that see one pool: columns [first, first + count) of Z.
struct PoolColumns {
  Index pool, first, count;
  FactorColumns columns;
};

/// Pools without neurons are left out; a table without neurons has one empty group.
inline std::vector<PoolColumns> columns_by_pool(const FactorColumns& columns) {
  const auto m = static_cast<Index>(columns.sign.size());
  if (columns.pool.empty()) return {{0, 0, m, columns}};
  std::vector<PoolColumns> groups;
  for (Index first = 0; first < m;) {
    const auto at = [first](const auto& values) { return values.begin() + first; };
    const Index pool = *at(columns.pool);
    const Index count = std::upper_bound(at(columns.pool), columns.pool.end(), pool) - at(columns.pool);
    groups.push_back({pool, first, count, {{at(columns.sign), at(columns.sign) + count}, {at(columns.output), at(columns.output) + count}, {}, {}}});
    if (!columns.lead.empty()) {
      for (auto lead = at(columns.lead); lead != at(columns.lead) + count; ++lead) groups.back().columns.lead.push_back(*lead - first);
    }
    first += count;
  }
  return groups;
}

/// Neighbours that belong to one output and one pool.
struct Run {
  Index output, first, count;
};

inline std::vector<Run> runs_of(const FactorColumns& columns) {
  std::vector<Run> runs;
  for (Index j = 0; j < static_cast<Index>(columns.sign.size()); ++j) {
    const auto at = static_cast<std::size_t>(j);
    const bool another_pool = j > 0 && !columns.pool.empty() && columns.pool[at] != columns.pool[at - 1];
    if (runs.empty() || runs.back().output != columns.output[at] || another_pool) runs.push_back({columns.output[at], j, 0});
    ++runs.back().count;
  }
  return runs;
}

}  // namespace neuspec
