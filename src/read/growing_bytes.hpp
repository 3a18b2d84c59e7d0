/// \file growing_bytes.hpp
#pragma once

#include <cstdlib>
#include <memory>
#include <string_view>

namespace neuspec::read {

/// Heap bytes that can grow without being copied or cleared.
class GrowingBytes {
 public:
  GrowingBytes() = default;
  /// \throws std::bad_alloc
  void reserve(std::size_t capacity);
  /// Gives back the memory that is not in use.
  void fit();
  char* data() { return bytes_.get(); }
  const char* data() const { return bytes_.get(); }
  std::string_view view() const { return {bytes_.get(), size}; }
  std::size_t capacity() const { return capacity_; }

  std::size_t size = 0;  ///< how many of the bytes are in use, at most `capacity()`

 private:
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<char, Free> bytes_;
  std::size_t capacity_ = 0;
};

}  // namespace neuspec::read
