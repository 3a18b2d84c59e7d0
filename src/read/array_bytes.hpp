/// \file array_bytes.hpp
/// The elements of an array as bytes, wherever a format keeps them.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "read/file_buffer.hpp"

namespace neuspec::read {

/// The bytes of all elements one after the other, in the order of the array.
class ArrayBytes {
 public:
  ArrayBytes() = default;
  ArrayBytes(const ArrayBytes&) = delete;
  ArrayBytes& operator=(const ArrayBytes&) = delete;
  virtual ~ArrayBytes() = default;
  /// Bytes offset … offset + count − 1, where they are in memory or copied to `buffer`, which is made no smaller; from any number of threads at once.
  /// Of an array whose last index is fastest these are whole samples. \throws DataError where the file is no longer what it was.
  virtual const char* read(std::size_t offset, std::size_t count, std::vector<char>& buffer) const = 0;
};

/// Elements in one piece of a file. Bytes that `file` does not own have to outlive the object.
class FileBytes final : public ArrayBytes {
 public:
  FileBytes(FileView file, std::size_t begin) : file_(std::move(file)), begin_(begin) {}
  const char* read(std::size_t offset, std::size_t count, std::vector<char>& buffer) const override;

 private:
  FileView file_;
  std::size_t begin_;
};

/// Copies bytes of a file from memory or, with pread, from where they are. \throws DataError as FileBuffer::read
void copy_bytes(const FileView& file, std::size_t offset, std::size_t count, char* to);

}  // namespace neuspec::read
