/// \file failure.hpp
/// Failures of one part that must not cost the others.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "neuspec/error.hpp"

namespace neuspec::cli {

/// What `work` returns; a DataError of samples in memory gets the name of their file. \throws what `work` throws
template <class Work>
decltype(auto) in_file(const std::string& path, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const DataError& error) {
    const std::string message = error.what();
    throw DataError(message.starts_with(path + ":") ? message : path + ": " + message);
  }
}

/// Throws a failure that was held back until everything else was saved, with a word on what was.
[[noreturn]] void rethrow(const std::exception_ptr& failure, const std::string& saved);

}  // namespace neuspec::cli
