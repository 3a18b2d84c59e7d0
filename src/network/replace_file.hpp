/// \file replace_file.hpp
/// Files that appear whole or not at all.
#pragma once

#include <functional>
#include <ostream>
#include <string>

namespace neuspec {

/// Throws unless `path` can be written later: its folder exists and is writable, and it is no folder itself. Nothing is created.
/// \throws EnvironmentError
void check_writable(const std::string& path);

/// Lets `write` fill a temporary file beside `path`, then renames it to `path`: a reader sees the old content or the new one, and a
/// failure leaves the old one. What is no regular file (a pipe, /dev/stdout) is written directly; a symbolic link keeps its place.
/// \throws EnvironmentError when the file cannot be written, and whatever `write` throws.
void replace_file(const std::string& path, const std::function<void(std::ostream&)>& write);

}  // namespace neuspec
