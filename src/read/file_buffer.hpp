/// \file file_buffer.hpp
/// The bytes of a file: read once into memory, never mapped, so that a file that shrinks is an error and a pipe is as good as a file; inflated when
/// they are gzip's.
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

/// Reads to the end. `promised` is the size of a regular file when it was opened, 0 where it is not known. \throws DataError where reading fails or
/// ends before.
GrowingBytes read_bytes(int descriptor, std::size_t promised, const std::string& path);

class FileBuffer {
 public:
  /// Opens a regular file or a pipe once, reads it to its end and inflates it if it is gzip. \throws DataError for a directory, a file that cannot
  /// be read or is cut short meanwhile, and damaged gzip.
  explicit FileBuffer(const std::string& path);

  std::string_view content() const { return {bytes_.data(), bytes_.size}; }

  /// For text whose lines end with carriage returns alone, as old Macs and Excel for them write it: makes them line feeds.
  void mend_line_ends();

 private:
  GrowingBytes bytes_;
};

}  // namespace neuspec::read
