/// \file spool.hpp
/// Bytes that come one after the other and that memory does not hold, in a file without a name: gone with the process, however that ends.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace neuspec::read {

/// An open file, closed at the end of the object.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor();
  int value() const { return value_; }

 private:
  int value_;
};

/// In the folder for temporary files, which TMPDIR says.
class Spool {
 public:
  /// Of what comes from `path`. \throws EnvironmentError where there can be none
  explicit Spool(std::string path);
  /// \throws EnvironmentError where there is no room for more
  void add(std::string_view bytes);
  Descriptor take() { return std::move(file_); }
  const std::string& folder() const { return folder_; }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& reason) const;

  std::string path_, folder_;
  Descriptor file_;
};

}  // namespace neuspec::read
