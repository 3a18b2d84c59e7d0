/// \file shared_text.hpp
/// Text that ranks share out, each of which reads its own part.
#pragma once

#include <optional>
#include <string>

#include "distribute/ranks.hpp"
#include "neuspec/dataset.hpp"
#include "read/columns.hpp"
#include "read/stored_text.hpp"

namespace neuspec::read {

/// This rank's part of the samples of the text files, compressed or not, that `path` stands for, in the order of the ranks. What it holds, columns,
/// labels and message, is what one process makes of the whole; where its share of the memory does not hold that, its features stay in the files.
/// Nothing on any rank where that needs the whole: binary arrays and pipes, files whose lines cannot be cut apart, and so few lines or compressed
/// files that a rank has none. Collective. \throws DataError
std::optional<Table> read_shared_text(const std::string& path, const Selection& selection, const Ranks& ranks,
                                      std::size_t piece_bytes = text_piece_bytes);

}  // namespace neuspec::read
