/// \file replace_file.hpp
/// Files that appear whole or not at all.
#pragma once

#include <filesystem>
#include <functional>
#include <ostream>
#include <string>

namespace neuspec {

/// Throws unless `path` can be written later: its folder exists and is writable, and it is no folder itself. Nothing is created.
/// \throws EnvironmentError
void check_writable(const std::string& path);

/// Where the bytes of `path` go in the end: absolute, through symbolic links also where nothing is at their end yet.
std::filesystem::path final_place(const std::string& path);

/// Lets `write` fill a temporary file beside `path`, then renames it to `path`: a reader sees the old content or the new one, and a
/// failure leaves the old one. What is no regular file (a pipe, a device) is written directly, /dev/stdout and /dev/stderr are the program's own
/// streams; a symbolic link keeps its place.
/// \throws EnvironmentError when the file cannot be written, and whatever `write` throws.
void replace_file(const std::string& path, const std::function<void(std::ostream&)>& write);

/// The same for a writer that wants a place instead of a stream. \throws EnvironmentError also for what is no regular file
void replace_regular_file(const std::string& path, const std::function<void(const std::string& place)>& write);

/// Removes what programs that were killed have left beside `path` while they replaced it; what belongs to a program that runs stays.
void remove_leftovers(const std::string& path);

/// The temporary that `replace_file` is filling, or null: what a signal handler removes that ends the program. Async-signal-safe.
const char* unfinished_file();

}  // namespace neuspec
