/// \file rows.hpp
/// Consecutive samples of a table as a table of their own, and what tables of the same columns have in common.
#pragma once

#include "distribute/ranks.hpp"
#include "neuspec/dataset.hpp"
#include "read/columns.hpp"

namespace neuspec::read {

/// A table without samples, of the same columns under the same names.
Table columns_of(const Table& table);

/// Samples first … first + count − 1. Features that stay in their file stay there.
Table rows_of(const Table& table, Index first, Index count);

/// Of so many samples of `path` those of this rank. \throws UsageError where there are fewer than ranks
Stretch own_stretch(const std::string& path, Index samples, const Ranks& ranks);

/// Of a table that every rank has whole, this one's rows. \throws UsageError as `own_stretch`
Table own_rows(const Table& table, const Ranks& ranks);

}  // namespace neuspec::read
