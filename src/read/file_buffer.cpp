#include "read/file_buffer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : value_(open_descriptor(path)) {
    if (value_ < 0) {
      fail(path, "cannot be opened: " + reason());
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() { ::close(value_); }
  int value() const { return value_; }

 private:
  int value_;
};

// Fills `bytes` from the start of a regular file by several threads: what copies out of the page cache, and the first touch of memory, is their work.
void read_pieces(int descriptor, char* bytes, std::size_t size, const std::string& path) {
  constexpr std::size_t kPiece = std::size_t{1} << 22;
  read_blocks((size + kPiece - 1) / kPiece, [&](std::size_t k) {
    const std::size_t last = std::min(size, (k + 1) * kPiece);
    for (std::size_t at = k * kPiece; at < last;) {
      const ssize_t got = ::pread(descriptor, bytes + at, last - at, static_cast<off_t>(at));
      if (got < 0 && errno != EINTR) {
        fail(path, "cannot be read: " + reason());
      }
      if (got == 0) {
        fail(path, "was cut short while it was read: it ends after " + std::to_string(at) + " of " + std::to_string(size) + " bytes");
      }
      at += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
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

FileBuffer::FileBuffer(const std::string& path) {
  const Descriptor file(path);
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
  bytes_ = read_bytes(file.value(), S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) : 0, path);
  if (is_gzip(content())) {
    bytes_ = inflate_gzip(content(), path);
  }
}

void FileBuffer::mend_line_ends() {
  char* const end = bytes_.data() + bytes_.size;
  if (std::find(bytes_.data(), end, '\n') == end) {
    std::replace(bytes_.data(), end, '\r', '\n');
  }
}

}  // namespace neuspec::read
