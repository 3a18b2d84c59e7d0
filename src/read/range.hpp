// Numbers that the program can reckon with.
#pragma once

#include "neuspec/dataset.hpp"

namespace neuspec {

/// The moments are sums of fourth powers of features, weighted: beyond this size of features, targets and weights they need not be finite.
constexpr double largest_usable = 1e60;

/// Refuse samples with a value above `largest_usable`: in most cases it stands for what is missing. \throws DataError naming sample and column
void check_range(const Source& data);
void check_range(const Table& table);  ///< also naming the file, before anything is made of its values

}  // namespace neuspec
