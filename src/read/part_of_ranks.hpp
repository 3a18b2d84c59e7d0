/// \file part_of_ranks.hpp
/// Each rank's part of a data set.
#pragma once

#include <string>

#include "distribute/ranks.hpp"
#include "neuspec/dataset.hpp"

namespace neuspec::read {

/// Consecutive samples of what `read_table` reads, in the order of the ranks; of text and binary arrays in files each rank reads its own part
/// alone. Notices are rank 0's. Collective, within Ranks::together. \throws as `read_table`
Table read_part(const std::string& path, const ReadOptions& options, const Ranks& ranks);

}  // namespace neuspec::read
