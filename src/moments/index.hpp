// Where moments stand: products of z̃ = (1, z_1, …, z_d) by their indices in ascending order, the largest first, so that those of the first features
// come before those of all.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "neuspec/moments.hpp"
#include "numeric/double_double.hpp"

namespace neuspec::moment {

constexpr Index pairs(Index N) { return N * (N + 1) / 2; }
constexpr Index triples(Index N) { return N * (N + 1) * (N + 2) / 6; }
/// N(N+1)(N+2)(N+3)/24.
constexpr Index quadruples(Index N) { return pairs(N) * pairs(N + 2) / 6; }

/// i ≤ j (≤ k ≤ l).
constexpr Index pair(Index i, Index j) { return pairs(j) + i; }
constexpr Index quadruple(Index i, Index j, Index k, Index l) { return quadruples(l) + triples(k) + pairs(j) + i; }

/// In any order.
inline Index quadruple_of(Index i, Index j, Index k, Index l) {
  std::array<Index, 4> s{i, j, k, l};
  std::sort(s.begin(), s.end());
  return quadruple(s[0], s[1], s[2], s[3]);
}

inline std::size_t at(Index index) { return static_cast<std::size_t>(index); }

/// A stored sum.
inline DoubleDouble get(const std::vector<double>& sums, Index index) { return {sums[at(2 * index)], sums[at(2 * index + 1)]}; }
inline void put(std::vector<double>& sums, Index index, DoubleDouble value) {
  sums[at(2 * index)] = value.high;
  sums[at(2 * index + 1)] = value.low;
}

/// Calls body(i, j, k, l, position) for all i ≤ j ≤ k ≤ l of one l.
template <class Body>
void for_quadruples(Index l, const Body& body) {
  Index position = quadruples(l);
  for (Index k = 0; k <= l; ++k)
    for (Index j = 0; j <= k; ++j)
      for (Index i = 0; i <= j; ++i) body(i, j, k, l, position++);
}

}  // namespace neuspec::moment
