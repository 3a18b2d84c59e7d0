/// \file file_buffer.hpp
/// The bytes of a file: mapped into memory, and inflated when they are gzip's.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace neuspec::read {

/// Heap bytes that can grow without being copied or cleared.
class GrowingBytes {
 public:
  GrowingBytes() = default;
  /// \throws std::bad_alloc
  void reserve(std::size_t capacity);
  char* data() { return bytes_.get(); }
  const char* data() const { return bytes_.get(); }
  std::size_t capacity() const { return capacity_; }

  std::size_t size = 0;  ///< how many of the bytes are in use, at most `capacity()`

 private:
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<char, Free> bytes_;
  std::size_t capacity_ = 0;
};

/// True when `bytes` start as gzip files do.
bool is_gzip(std::string_view bytes);

/// Inflates every member of a gzip file. `path` is for messages. \throws DataError for corrupt or truncated data and for bytes after the last member.
GrowingBytes inflate_gzip(std::string_view compressed, const std::string& path);

/// Gives memory from mmap back.
struct Unmap {
  std::size_t size = 0;
  void operator()(void* mapping) const;
};

/// Owns what `content` shows.
class FileBuffer {
 public:
  /// Maps a regular file, reads a pipe to its end, and inflates either if it is gzip. \throws DataError for a directory, a file that cannot
  /// be read and damaged gzip.
  explicit FileBuffer(const std::string& path);

  std::string_view content() const { return content_; }

 private:
  void map(int descriptor, std::size_t size, const std::string& path);

  std::unique_ptr<void, Unmap> mapping_;
  GrowingBytes bytes_;
  std::string_view content_;
};

}  // namespace neuspec::read
