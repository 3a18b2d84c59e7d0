/// \file file_buffer.hpp
/// The bytes of a file: read, never mapped, so that a file that shrinks is an error and a pipe is as good as a file; inflated when they are gzip's.
#pragma once

#include <ctime>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "read/gzip.hpp"
#include "read/spool.hpp"

namespace neuspec::read {

/// Reads to the end, or until there are more than `most`. `promised` is the size of a regular file when it was opened, which is read from its start;
/// 0 where it is not known. \throws DataError where reading fails or ends before.
GrowingBytes read_bytes(int descriptor, std::size_t promised, const std::string& path, std::size_t most = std::numeric_limits<std::size_t>::max());

/// Reads up to `count` bytes from where the descriptor is; 0 at the end. \throws DataError where reading fails
std::size_t read_some(int descriptor, const std::string& path, char* to, std::size_t count);

/// The beginning of a regular file, and its size; nothing of others and of what is not there.
struct FileHead {
  std::string bytes = {};
  std::size_t size = 0;
};
FileHead head_of(const std::string& path);

/// Files of formats that can be left where they are, and what is made of any file, are held in memory up to this size.
inline constexpr std::size_t held_bytes = std::size_t{64} << 20U;

class FileBuffer {
 public:
  /// Opens a regular file or a pipe once, reads it to its end and inflates it if it is gzip. A regular file of more than `held` bytes for whose first
  /// ones `stays` is true is left where it is, open: `content` is then what it begins with. So are a pipe and what gzip inflates to of which more
  /// than `memory` is to be expected, in a temporary file (Spool). \throws DataError for a directory, a file that cannot be read or is cut short
  /// meanwhile, and damaged gzip, EnvironmentError where a temporary file has no room.
  explicit FileBuffer(const std::string& path, bool (*stays)(std::string_view) = nullptr, std::size_t held = held_bytes,
                      double memory = std::numeric_limits<double>::infinity());

  std::string_view content() const { return {bytes_.data(), bytes_.size}; }
  bool in_memory() const { return file_.value() < 0; }
  std::size_t size() const { return in_memory() ? bytes_.size : size_; }  ///< of all of it
  std::size_t held() const { return held_; }                              ///< larger arrays are not to be held either
  int descriptor() const { return file_.value(); }                        ///< of the open file, where it is not in memory

  /// Copies bytes offset … offset + count − 1, from any number of threads at once. \throws DataError where the file is no longer what it was.
  void read(std::size_t offset, std::size_t count, char* to) const;

  /// \throws DataError where the file is no longer what it was
  void check_unchanged() const;

  /// Where its bytes are, for people, if that is a temporary file; else nothing.
  const std::string& spooled_to() const { return spooled_to_; }

  /// Takes all of what was left in the file into memory.
  void hold();

  /// For text whose lines end with carriage returns alone, as old Macs and Excel for them write it: makes them line feeds.
  void mend_line_ends();

 private:
  void look(const Descriptor& file);
  void leave(Descriptor file);
  void spool(Descriptor file);

  std::string path_, spooled_to_;
  std::size_t held_;
  GrowingBytes bytes_;
  Descriptor file_;  // of what is left in the file
  std::size_t size_ = 0;
  timespec written_{};
};

/// The bytes of a file as its reader sees them: all of them, or the first ones of what is left in the file.
struct FileView {
  FileView(std::string_view bytes) : content(bytes), size(bytes.size()) {}  // NOLINT(google-explicit-constructor)
  explicit FileView(std::shared_ptr<const FileBuffer> buffer) : content(buffer->content()), size(buffer->size()), file(std::move(buffer)) {}

  bool in_memory() const { return file == nullptr || file->in_memory(); }
  /// Whether an array of so many bytes is left where it is.
  bool keeps(std::size_t bytes) const { return file != nullptr && bytes > file->held(); }

  std::string_view content;
  std::size_t size;
  std::shared_ptr<const FileBuffer> file = {};  ///< none where the bytes are somebody else's and gone soon
};

}  // namespace neuspec::read
