/// \file stored_text.hpp
/// Text that memory does not hold stays in its file: targets and where rows begin are kept, features are read again whenever they are asked for.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "read/columns.hpp"
#include "read/file_buffer.hpp"

namespace neuspec::read {

inline constexpr std::size_t text_piece_bytes = std::size_t{1} << 25;  // read at a time: many blocks for each thread

/// The table of an open text file whose numbers and text would take more than `selection.memory`; every row is read once, for its errors. Nothing
/// where they take less, and where lines cannot be cut apart: such files are held. \throws DataError
std::optional<Table> read_stored_text(const std::shared_ptr<const FileBuffer>& file, const std::string& path, const Selection& selection,
                                      std::size_t piece_bytes = text_piece_bytes);

}  // namespace neuspec::read
