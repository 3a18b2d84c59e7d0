/// \file csv_rows.hpp
/// The rows of a CSV file in blocks that threads can read on their own.
#pragma once

#include <string_view>
#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec::read {

/// Whole rows, one after another. Line feeds inside quotes end a line, but no row.
struct RowBlock {
  std::string_view text;
  Index lines_before = 0, rows_before = 0;  ///< in the body
  Index rows = 0;
};

struct RowBlocks {
  std::vector<RowBlock> blocks;
  Index lines = 0, rows = 0;
  bool open = false;  ///< the body ends within quotes
};

/// Cuts `body`, which starts with a row and does not end with a line feed, into blocks of about so many bytes, looked through on threads.
RowBlocks cut_at_rows(std::string_view body, char delimiter, std::size_t bytes);

}  // namespace neuspec::read
