/// \file columns.hpp
/// Which columns of a file are features and which are targets.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec::read {

enum class TargetRule {
  last_column,   ///< the last column is the target
  named,         ///< the columns of `Selection::names`, in that order
  none,          ///< every column is a feature, except those of `Selection::names` that exist: they are dropped
  every_column,  ///< a file of labels
};

/// What a reader should make of a file.
struct Selection {
  TargetRule rule = TargetRule::last_column;
  std::vector<std::string> names;  ///< names or 0-based positions
  Index features = 0;              ///< LIBSVM: as in ReadOptions
};

/// Where the columns of a file go.
struct Columns {
  static constexpr Index kDropped = std::numeric_limits<Index>::min();

  /// Per column of the file: j ≥ 0 is feature j, −1 − k is target k.
  std::vector<Index> place;
  Index features = 0, targets = 0, dropped = 0;
  std::vector<std::string> feature_names, target_names;
};

/// Places `count` columns; `header` holds their names or is empty. \throws DataError for a target that is missing, ambiguous or
/// given twice, and when no feature is left.
Columns select_columns(const std::string& path, const std::vector<std::string>& header, Index count, const Selection& selection);

/// prefix0, prefix1, …
std::vector<std::string> numbered_names(const std::string& prefix, Index count);

}  // namespace neuspec::read
