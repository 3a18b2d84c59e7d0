/// \file header.hpp
/// Whether the first line of a CSV file names its columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "read/columns.hpp"

namespace neuspec::read {

/// One row of a CSV file as text.
struct Record {
  std::vector<std::string> fields;
  std::string_view text;
  Index quoted = 0;    ///< fields that stand in quotes
  bool closed = true;  ///< false: the last field has a quote that does not end it
};

/// Whether `field` is what programs write for a value that is missing: '?', 'NA', 'null', … An empty field is not among them.
bool is_missing(std::string_view field);

/// Numbers alone are a sample, words above numbers are names. What may be either is a notice where one of the two is all but certain: then the
/// reading goes on, and `notices` says how. `second` has no fields where there is one line alone; `lines` counts all of them where
/// `Selection::samples` is given. \throws DataError where it may be either
bool has_header(const std::string& path, const Record& first, const Record& second, Index lines, const Selection& selection,
                std::vector<std::string>& notices);

}  // namespace neuspec::read
