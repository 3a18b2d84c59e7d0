// Model files and files of moments in the caller's memory.
#pragma once

#include <algorithm>
#include <istream>
#include <ostream>
#include <streambuf>
#include <string>

#include "c/handle.hpp"

namespace neuspec::c {

/// Writes what fits, counts all.
class CountingBuffer final : public std::streambuf {
 public:
  CountingBuffer(char* to, std::size_t capacity) : to_(to), capacity_(capacity) {}
  std::size_t count() const { return count_; }

 protected:
  std::streamsize xsputn(const char* from, std::streamsize length) override {
    const auto bytes = static_cast<std::size_t>(length);
    if (count_ < capacity_) std::copy_n(from, std::min(bytes, capacity_ - count_), to_ + count_);
    count_ += bytes;
    return length;
  }
  int_type overflow(int_type c) override {
    const char byte = traits_type::to_char_type(c);
    xsputn(&byte, 1);
    return traits_type::not_eof(c);
  }

 private:
  char* to_;
  std::size_t capacity_, count_ = 0;
};

/// Reads bytes of the caller's.
class BytesBuffer final : public std::streambuf {
 public:
  BytesBuffer(const void* from, std::size_t size) {
    char* const begin = static_cast<char*>(const_cast<void*>(from));  // streambuf has no other pointers; nothing is written
    setg(begin, begin, begin + size);
  }

 protected:
  pos_type seekoff(off_type offset, std::ios::seekdir way, std::ios::openmode /*mode*/) override {
    const off_type from = way == std::ios::beg ? 0 : way == std::ios::end ? egptr() - eback() : gptr() - eback();
    return seekpos(from + offset, std::ios::in);
  }
  pos_type seekpos(pos_type place, std::ios::openmode /*mode*/) override {
    if (place < 0 || place > egptr() - eback()) return {off_type(-1)};
    setg(eback(), eback() + place, egptr());
    return place;
  }
};

/// \throws UsageError where the buffer is too small, `size` says for what
template <class Written>
void to_memory(const Written& written, void* buffer, std::size_t capacity, std::size_t* size) {
  std::size_t& needed = required(size, "size");
  const auto write = [&](char* to, std::size_t room) {
    CountingBuffer bytes(to, room);
    std::ostream stream(&bytes);
    stream.exceptions(std::ios::badbit | std::ios::failbit);
    written.write(stream);
    return bytes.count();
  };
  const std::size_t least = write(nullptr, 0);
  needed = least;
  if (buffer == nullptr) return;
  if (capacity < least) throw UsageError("buffer has " + std::to_string(capacity) + " bytes where " + std::to_string(least) + " are needed");
  write(static_cast<char*>(buffer), capacity);
}

template <class Read>
Read from_memory(const void* buffer, std::size_t size) {
  required(static_cast<const char*>(buffer), "buffer");
  BytesBuffer bytes(buffer, size);
  std::istream stream(&bytes);
  return Read::read(stream);
}

}  // namespace neuspec::c
