// Moments of samples that ranks share out.
#pragma once

#include "distribute/ranks.hpp"
#include "neuspec/moments.hpp"

namespace neuspec {

/// The sum of the moments of all ranks, the same on each. Collective, within Ranks::together. \throws as Moments::merge
Moments sum_over_ranks(const Moments& own, const Ranks& ranks);

/// Rank 0's become everyone's.
void share(const Ranks& ranks, Moments& moments);

}  // namespace neuspec
