/// \file blocks.hpp
/// Text that several threads read, in blocks cut at line ends.
#pragma once

#include <atomic>
#include <exception>
#include <string_view>
#include <vector>

#include "threads/parallel.hpp"

namespace neuspec::read {

/// A block fits a core's cache, and there are many of them.
inline constexpr std::size_t kBlockBytes = std::size_t{1} << 19;

/// Cuts behind line feeds into blocks of at least `bytes`, the last one perhaps shorter; none for no text.
std::vector<std::string_view> cut_at_lines(std::string_view text, std::size_t bytes);

/// Line feeds in `text`.
Index count_lines(std::string_view text);

/// body(0 … count − 1), each of them at most once, on threads. Of several errors the one of the first block is thrown, as if the blocks had been read
/// in their order.
template <class Body>
void read_blocks(std::size_t count, const Body& body) {
  std::vector<std::exception_ptr> errors(count);
  std::atomic<std::size_t> first_failed = count;
  run_pieces(static_cast<Index>(count), threads(), [&](Index piece) {
    const auto k = static_cast<std::size_t>(piece);
    std::size_t failed = first_failed.load();
    if (failed < k) {
      return;
    }
    try {
      body(k);
    } catch (...) {
      errors[k] = std::current_exception();
      while (k < failed && !first_failed.compare_exchange_weak(failed, k)) {
      }
    }
  });
  if (first_failed.load() < count) {
    std::rethrow_exception(errors[first_failed.load()]);
  }
}

}  // namespace neuspec::read
