/// \file message.hpp
/// How the readers word their errors: `file:line:column: message`, everything counted from 1.
#pragma once

#include <string>
#include <string_view>

#include "neuspec/dataset.hpp"

namespace neuspec::read {

/// \throws DataError `path: message`
[[noreturn]] void fail(const std::string& path, const std::string& message);

/// \throws DataError `path:line: message`
[[noreturn]] void fail_at_line(const std::string& path, Index line, const std::string& message);

/// \throws DataError `path:line:column: message`; for text formats the column counts fields, not characters.
[[noreturn]] void fail_at(const std::string& path, Index line, Index column, const std::string& message);

/// 'text' for a message: at most 40 characters, bytes that do not print as \xNN.
std::string quoted(std::string_view text);

/// The shortest decimal text that reads back as `value`.
std::string shortest(double value);

/// "1 sample", "2 samples".
std::string count_of(Index count, const std::string& noun);

}  // namespace neuspec::read
