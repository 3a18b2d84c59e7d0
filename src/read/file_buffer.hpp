/// \file file_buffer.hpp
/// The bytes of a file: read once into memory, never mapped, so that a file that shrinks is an error and a pipe is as good as a file; inflated when
/// they are gzip's.
#pragma once

#include <string>
#include <string_view>

#include "read/gzip.hpp"

namespace neuspec::read {

/// Reads to the end. `promised` is the size of a regular file when it was opened, which is read from its start; 0 where it is not known. \throws
/// DataError where reading fails or ends before.
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
