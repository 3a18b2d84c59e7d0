/// \file rows.hpp
/// Consecutive samples of a table as a table of their own.
#pragma once

#include "neuspec/dataset.hpp"

namespace neuspec::read {

/// Samples first … first + count − 1. Features that stay in their file stay there.
Table rows_of(const Table& table, Index first, Index count);

}  // namespace neuspec::read
