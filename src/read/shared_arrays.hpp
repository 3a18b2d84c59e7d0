/// \file shared_arrays.hpp
/// Binary arrays that ranks share out, each of which reads its own rows.
#pragma once

#include <optional>
#include <string>

#include "distribute/ranks.hpp"
#include "neuspec/dataset.hpp"
#include "read/columns.hpp"
#include "read/file_buffer.hpp"

namespace neuspec::read {

/// This rank's rows, in the order of the ranks, of the arrays that `path` stands for; rank 0 looks at the headers of all files. Nothing on any rank
/// where one of them is something else, compressed or a pipe. Collective. \throws DataError, UsageError where there are fewer samples than ranks
std::optional<Table> read_shared_arrays(const std::string& path, Selection selection, const Ranks& ranks, std::size_t held = held_bytes);

}  // namespace neuspec::read
