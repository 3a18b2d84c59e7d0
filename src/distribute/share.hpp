// What one rank knows, told to the others.
#pragma once

#include <vector>

#include "distribute/ranks.hpp"
#include "neuspec/fit.hpp"

namespace neuspec {

/// Rank 0's become everyone's; the dual vector, which belongs to samples, stays each rank's own.
void share(const Ranks& ranks, Network& network);
void share(const Ranks& ranks, Certificate& certificate);
void share(const Ranks& ranks, Result& result);
void share(const Ranks& ranks, std::vector<Result>& results);

/// On rank 0 the numbers of all ranks, one rank after the other; nothing elsewhere.
std::vector<double> gather(const Ranks& ranks, std::vector<double> own);
/// The other way round: of `all`, which rank 0 has, each rank's `count`.
std::vector<double> scatter(const Ranks& ranks, std::vector<double> all, std::size_t count);

}  // namespace neuspec
