/// \file columns.hpp
/// Which columns of a file are features and which are targets.
#pragma once

#include <limits>
#include <optional>
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

/// Consecutive samples.
struct Stretch {
  Index first = 0, count = 0;
};

/// What a reader should make of a file.
struct Selection {
  TargetRule rule = TargetRule::last_column;
  std::vector<std::string> names = {};  ///< names or 0-based positions
  Index features = 0;                   ///< LIBSVM: as in ReadOptions
  Header header = Header::automatic;
  Labels labels = Labels::numbers;
  Index samples = 0;                                        ///< in a file of labels: how many there should be; 0: not known
  double memory = std::numeric_limits<double>::infinity();  ///< bytes of it that text and what is made of it may take; larger text stays in its file
  const Preprocessing* like = nullptr;  ///< as in ReadOptions; `rule` and `names` then say only whether targets are wanted and which columns they are
  std::optional<Stretch> rows = {};     ///< of a binary array the samples that the table has; none: all
  bool deviations = true;               ///< as in ReadOptions
  bool header_alone = false;            ///< a binary array's table has its columns and the number of its samples, and none of their numbers
};

/// Where the columns of a file go.
struct Columns {
  static constexpr Index kDropped = std::numeric_limits<Index>::min();

  /// Per column of the file: j ≥ 0 is feature j, −1 − k is target k.
  std::vector<Index> place;
  Index features = 0, targets = 0, dropped = 0;
  std::vector<std::string> feature_names, target_names;
  FileColumns file;
  std::vector<std::string> notices;  ///< without the file's name
};

/// The columns of a file: their names, none where it has no header, and how many there are.
struct ColumnList {
  const std::string& path;
  const std::vector<std::string>& header;
  Index count;
};

/// Places the columns of a file. \throws DataError for a target that is missing, ambiguous or given twice, and when no feature is left.
Columns select_columns(const ColumnList& list, const Selection& selection);

/// The same for `Selection::like` (trained_columns.cpp). \throws DataError for columns that cannot be those of the training file
Columns select_trained_columns(const ColumnList& list, const Selection& selection);

/// The column of that name or, when the text is a number, at that position; −1 if there is none. \throws DataError for a name of several columns
Index find_column(const ColumnList& list, const std::string& name);

/// Columns are named on line 1 where there is a header; elsewhere there is no line to point at. \throws DataError
[[noreturn]] void fail_in_header(const ColumnList& list, const std::string& message);

/// 'a', 'b', …: not more than a line holds.
std::string listed(const std::vector<std::string>& names);

/// Copies everything but samples and numbers into the table.
void describe(const Columns& columns, const std::string& path, Table& table);

/// prefix0, prefix1, …
std::vector<std::string> numbered_names(const std::string& prefix, Index count);

}  // namespace neuspec::read
