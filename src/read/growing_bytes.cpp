#include "read/growing_bytes.hpp"

#include <new>

namespace neuspec::read {

void GrowingBytes::reserve(std::size_t capacity) {
  if (capacity <= capacity_) {
    return;
  }
  auto* const grown = static_cast<char*>(std::realloc(bytes_.get(), capacity));
  if (grown == nullptr) {
    throw std::bad_alloc();
  }
  static_cast<void>(bytes_.release());
  bytes_.reset(grown);
  capacity_ = capacity;
}

}  // namespace neuspec::read
