#include "read/growing_bytes.hpp"

#include <new>

#include "threads/available_memory.hpp"

namespace neuspec::read {

void GrowingBytes::reserve(std::size_t capacity) {
  if (capacity <= capacity_) {
    return;
  }
  expect_memory(static_cast<double>(capacity - capacity_));
  auto* const grown = static_cast<char*>(std::realloc(bytes_.get(), capacity));
  if (grown == nullptr) {
    throw std::bad_alloc();
  }
  static_cast<void>(bytes_.release());
  bytes_.reset(grown);
  capacity_ = capacity;
}

void GrowingBytes::fit() {
  const std::size_t least = size > 0 ? size : 1;
  auto* const fitted = static_cast<char*>(std::realloc(bytes_.get(), least));
  if (fitted != nullptr) {
    static_cast<void>(bytes_.release());
    bytes_.reset(fitted);
    capacity_ = least;
  }
}

}  // namespace neuspec::read
