#include "read/file_buffer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "read/blocks.hpp"
#include "read/gzip.hpp"
#include "read/message.hpp"

namespace neuspec::read {
namespace {

std::string reason() { return std::generic_category().message(errno); }

// Opening /dev/stdin again would wait for ever where it is a named pipe whose writer is done, and fails where it is a socket.
int open_descriptor(const std::string& path) {
  struct stat status{};
  const bool streams = path == "/dev/stdin" && ::fstat(STDIN_FILENO, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
  return streams ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
}

/// Bytes of a file.
struct Range {
  std::size_t offset, count, of;
};

// pread of all of them.
void read_at(int descriptor, Range range, char* to, const std::string& path) {
  while (range.count > 0) {
    const ssize_t got = ::pread(descriptor, to, range.count, static_cast<off_t>(range.offset));
    if (got < 0 && errno != EINTR) {
      fail(path, "cannot be read: " + reason());
    }
    if (got == 0) {
      fail(path, "was cut short while it was read: it ends after " + std::to_string(range.offset) + " of " + std::to_string(range.of) + " bytes");
    }
    const std::size_t step = got > 0 ? static_cast<std::size_t>(got) : 0;
    range.offset += step;
    to += step;
    range.count -= step;
  }
}

// Fills `bytes` from the start of a regular file by several threads: what copies out of the page cache, and the first touch of memory, is their work.
void read_pieces(int descriptor, char* bytes, std::size_t size, const std::string& path) {
  constexpr std::size_t kPiece = std::size_t{1} << 22;
  read_blocks((size + kPiece - 1) / kPiece, [&](std::size_t k) {
    const std::size_t first = k * kPiece;
    read_at(descriptor, {first, std::min(kPiece, size - first), size}, bytes + first, path);
  });
}

}  // namespace

GrowingBytes read_bytes(int descriptor, std::size_t promised, const std::string& path) {
  constexpr std::size_t kLeast = std::size_t{1} << 16;
  GrowingBytes bytes;
  bytes.reserve(std::max(kLeast, promised + 1));  // one more than promised, so that the end is seen without growing
  if (promised > 0) {
    read_pieces(descriptor, bytes.data(), promised, path);
    bytes.size = promised;
    ::lseek(descriptor, static_cast<off_t>(promised), SEEK_SET);
  }
  while (true) {
    if (bytes.size == bytes.capacity()) {
      bytes.reserve(2 * bytes.capacity());
    }
    const ssize_t got = ::read(descriptor, bytes.data() + bytes.size, bytes.capacity() - bytes.size);
    if (got < 0 && errno != EINTR) {
      fail(path, "cannot be read: " + reason());
    }
    if (got == 0) {
      return bytes;
    }
    bytes.size += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
}

FileBuffer::Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

FileBuffer::FileBuffer(const std::string& path, bool (*stays)(std::string_view), std::size_t held) : path_(path), held_(held) {
  Descriptor file(open_descriptor(path));
  if (file.value() < 0) {
    fail(path, "cannot be opened: " + reason());
  }
  struct stat status{};
  if (::fstat(file.value(), &status) != 0) {
    fail(path, "cannot be read: " + reason());
  }
  if (S_ISDIR(status.st_mode)) {
    fail(path, "is a directory, not a data file");
  }
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) {
    fail(path, "is neither a file nor a pipe");
  }
  size_ = S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) : 0;
  written_ = status.st_mtim;
  if (stays != nullptr && size_ > held) {
    constexpr std::size_t kHead = std::size_t{1} << 17;  // more than the longest header
    bytes_.reserve(std::min(kHead, size_));
    read_at(file.value(), {0, std::min(kHead, size_), size_}, bytes_.data(), path);
    bytes_.size = std::min(kHead, size_);
    if (stays(content())) {
      file_ = std::move(file);
      return;
    }
  }
  bytes_ = read_bytes(file.value(), size_, path);
  if (is_gzip(content())) {
    bytes_ = inflate_gzip(content(), path);
  }
}

void FileBuffer::read(std::size_t offset, std::size_t count, char* to) const {
  if (in_memory()) {
    std::memcpy(to, bytes_.data() + offset, count);
    return;
  }
  check_unchanged();
  read_at(file_.value(), {offset, count, size_}, to, path_);
}

void FileBuffer::check_unchanged() const {
  struct stat status{};
  if (in_memory()) {
    return;
  }
  if (::fstat(file_.value(), &status) != 0) {
    fail(path_, "cannot be read: " + reason());
  }
  if (static_cast<std::size_t>(status.st_size) != size_ || status.st_mtim.tv_sec != written_.tv_sec || status.st_mtim.tv_nsec != written_.tv_nsec) {
    fail(path_, "was written to while it was read");
  }
}

void FileBuffer::mend_line_ends() {
  char* const end = bytes_.data() + bytes_.size;
  if (std::find(bytes_.data(), end, '\n') == end) {
    std::replace(bytes_.data(), end, '\r', '\n');
  }
}

}  // namespace neuspec::read
