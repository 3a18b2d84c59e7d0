#include "read/file_buffer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
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

FileHead head_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  FileHead head{std::string(4096, '\0'), static_cast<std::size_t>(status.st_size)};
  std::ifstream file(path, std::ios::binary);
  file.read(head.bytes.data(), static_cast<std::streamsize>(head.bytes.size()));
  head.bytes.resize(static_cast<std::size_t>(file.gcount()));
  return head;
}

GrowingBytes read_bytes(int descriptor, std::size_t promised, const std::string& path, std::size_t most) {
  constexpr std::size_t kLeast = std::size_t{1} << 16;
  const std::size_t enough = most + std::min(kLeast, std::numeric_limits<std::size_t>::max() - most);
  GrowingBytes bytes;
  bytes.reserve(std::max(kLeast, promised + 1));  // one more than promised, so that the end is seen without growing
  if (promised > 0) {
    read_pieces(descriptor, bytes.data(), promised, path);
    bytes.size = promised;
    ::lseek(descriptor, static_cast<off_t>(promised), SEEK_SET);
  }
  while (bytes.size <= most) {
    if (bytes.size == bytes.capacity()) {
      bytes.reserve(std::min(2 * bytes.capacity(), enough));
    }
    const std::size_t got = read_some(descriptor, path, bytes.data() + bytes.size, bytes.capacity() - bytes.size);
    if (got == 0) {
      break;
    }
    bytes.size += got;
  }
  return bytes;
}

std::size_t read_some(int descriptor, const std::string& path, char* to, std::size_t count) {
  while (true) {
    const ssize_t got = ::read(descriptor, to, count);
    if (got >= 0) {
      return static_cast<std::size_t>(got);
    }
    if (errno != EINTR) {
      fail(path, "cannot be read: " + reason());
    }
  }
}

namespace {

Descriptor opened(const std::string& path, struct stat& status) {
  Descriptor file(open_descriptor(path));
  if (file.value() < 0) {
    fail(path, "cannot be opened: " + reason());
  }
  if (::fstat(file.value(), &status) != 0) {
    fail(path, "cannot be read: " + reason());
  }
  if (S_ISDIR(status.st_mode)) {
    fail(path, "is a directory, not a data file");
  }
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) {
    fail(path, "is neither a file nor a pipe");
  }
  return file;
}

// With what is made of them.
double expected_memory(std::size_t bytes, bool compressed) {
  constexpr double kNumbers = 1, kExpansion = 5;  // a byte of text, which deflate makes a third to a fifth
  return (compressed ? 1 + kExpansion * (1 + kNumbers) : 1 + kNumbers) * static_cast<double>(bytes);
}

}  // namespace

FileBuffer::FileBuffer(const std::string& path, bool (*stays)(std::string_view), std::size_t held, double memory) : path_(path), held_(held) {
  memory = std::max(memory, 0.0);
  struct stat status{};
  Descriptor file = opened(path, status);
  size_ = S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) : 0;
  if (size_ > 0 && (size_ > held || expected_memory(size_, true) > memory)) {
    look(file);
    if (stays != nullptr && size_ > held && stays(content())) {
      leave(std::move(file));
      return;
    }
    if (is_gzip(content()) && expected_memory(size_, true) > memory) {
      spool(std::move(file));
      return;
    }
  }
  // Nobody knows beforehand how much a pipe has.
  const double most = size_ == 0 ? memory / expected_memory(1, false) : std::numeric_limits<double>::infinity();
  constexpr double kAll = 0x1p62;
  bytes_ = read_bytes(file.value(), size_, path, static_cast<std::size_t>(std::min(most, kAll)));
  const bool compressed = is_gzip(content());
  const auto size = static_cast<double>(bytes_.size);
  if (size > most || (size_ == 0 && compressed && expected_memory(bytes_.size, true) > memory)) {
    spool(std::move(file));
  } else if (compressed) {
    bytes_ = inflate_gzip(content(), path);
  }
}

// The beginning of a regular file.
void FileBuffer::look(const Descriptor& file) {
  constexpr std::size_t kHead = std::size_t{1} << 17;  // more than the longest header
  bytes_ = {};
  bytes_.reserve(std::min(kHead, size_) + 1);
  read_at(file.value(), {0, std::min(kHead, size_), size_}, bytes_.data(), path_);
  bytes_.size = std::min(kHead, size_);
}

void FileBuffer::leave(Descriptor file) {
  struct stat status{};
  if (::fstat(file.value(), &status) != 0) {
    fail(path_, "cannot be read: " + reason());
  }
  size_ = static_cast<std::size_t>(status.st_size);
  written_ = status.st_mtim;
  look(file);
  file_ = std::move(file);
}

// Of a pipe `bytes_` are the first.
void FileBuffer::spool(Descriptor file) {
  const bool compressed = is_gzip(content());
  if (size_ == 0) {
    Spool all(path_);
    while (bytes_.size > 0) {
      all.add(content());
      bytes_.size = read_some(file.value(), path_, bytes_.data(), bytes_.capacity());
    }
    spooled_to_ = all.folder();
    file = all.take();
  }
  if (compressed) {
    Spool inflated(path_);
    ::lseek(file.value(), 0, SEEK_SET);
    inflate_gzip(file.value(), path_, inflated);
    spooled_to_ = inflated.folder();
    file = inflated.take();
  }
  leave(std::move(file));
}

void FileBuffer::hold() {
  if (in_memory()) return;
  check_unchanged();
  bytes_ = read_bytes(file_.value(), size_, path_);
  file_ = Descriptor();
  spooled_to_.clear();
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
