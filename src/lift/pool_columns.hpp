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

}  // namespace neuspec
