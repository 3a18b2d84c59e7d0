#include "read/file_buffer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <new>
#include <system_error>

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

// zlib's state, released on every way out.
class Inflater {
 public:
  explicit Inflater(std::string_view compressed) : rest_(compressed) {
    constexpr int kGzipOnly = 15 + 16;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  Inflater(Inflater&&) = delete;
  Inflater& operator=(Inflater&&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  // Inflates into the free part of `bytes`.
  int step(GrowingBytes& bytes) {
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    const auto in = static_cast<uInt>(std::min(rest_.size(), kMost));
    const auto out = static_cast<uInt>(std::min(bytes.capacity() - bytes.size, kMost));
    // zlib declares its input without const but does not write to it.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(rest_.data()));
    stream_.avail_in = in;
    stream_.next_out = reinterpret_cast<Bytef*>(bytes.data()) + bytes.size;
    stream_.avail_out = out;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    rest_.remove_prefix(in - stream_.avail_in);
    bytes.size += out - stream_.avail_out;
    return status;
  }

  std::string_view rest() const { return rest_; }
  void next_member() { inflateReset(&stream_); }
  std::string message() const { return stream_.msg == nullptr ? "damaged" : stream_.msg; }

 private:
  z_stream stream_{};
  std::string_view rest_;
};

// The last four bytes give the size of the last member modulo 2³²: a hint, believed as far as deflate can compress (1032 to 1).
std::size_t expected_size(std::string_view compressed) {
  constexpr std::size_t kMostExpansion = 1032;
  constexpr std::size_t kLeast = 4096;
  std::size_t hint = 0;
  for (std::size_t i = 1; i <= 4 && i <= compressed.size(); ++i) {
    hint = hint << 8U | static_cast<unsigned char>(compressed[compressed.size() - i]);
  }
  return std::max(kLeast, std::min(hint, kMostExpansion * compressed.size()) + 1);
}

void read_at(int descriptor, std::size_t offset, std::size_t count, char* to, const std::string& path) {
  while (count > 0) {
    const ssize_t got = ::pread(descriptor, to, count, static_cast<off_t>(offset));
    if (got < 0 && errno != EINTR) {
      fail(path, "cannot be read: " + reason());
    }
    if (got == 0) {
      fail(path, "was cut short while it was read: it ends after " + std::to_string(offset) + " bytes");
    }
    const std::size_t step = got > 0 ? static_cast<std::size_t>(got) : 0;
    offset += step;
    to += step;
    count -= step;
  }
}

}  // namespace

void GrowingBytes::reserve(std::size_t capacity) {
  if (capacity <= capacity_) {
    return;
  }
  auto* const grown = static_cast<char*>(std::realloc(bytes_.get(), capacity));
  if (grown == nullptr) {
    throw std::bad_alloc();
  }
  static_cast<void>(bytes_.release());
  bytes_.reset(grown);
  capacity_ = capacity;
}

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

GrowingBytes inflate_gzip(std::string_view compressed, const std::string& path) {
  GrowingBytes bytes;
  bytes.reserve(expected_size(compressed));
  Inflater inflater(compressed);
  while (true) {
    if (bytes.size == bytes.capacity()) {
      bytes.reserve(2 * bytes.capacity());
    }
    const int status = inflater.step(bytes);
    const std::string position = " (gzip, at compressed byte " + std::to_string(compressed.size() - inflater.rest().size() + 1) + ")";
    if (status == Z_STREAM_END) {
      if (inflater.rest().empty()) {
        return bytes;
      }
      if (!is_gzip(inflater.rest())) {
        fail(path, "trailing bytes after the compressed data" + position);
      }
      inflater.next_member();
    } else if (status == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      fail(path, "corrupt compressed data: " + inflater.message() + position);
    } else if (inflater.rest().empty() && bytes.size < bytes.capacity()) {
      fail(path, "the compressed data end too soon" + position);
    }
  }
}

GrowingBytes read_bytes(int descriptor, std::size_t promised, const std::string& path) {
  constexpr std::size_t kLeast = std::size_t{1} << 16;
  GrowingBytes bytes;
  bytes.reserve(std::max(kLeast, promised + 1));  // one more than promised, so that the end is seen without growing
  while (true) {
    if (bytes.size == bytes.capacity()) {
      bytes.reserve(2 * bytes.capacity());
    }
    const ssize_t got = ::read(descriptor, bytes.data() + bytes.size, bytes.capacity() - bytes.size);
    if (got < 0 && errno != EINTR) {
      fail(path, "cannot be read: " + reason());
    }
    if (got == 0 && bytes.size < promised) {
      fail(path, "was cut short while it was read: it ends after " + std::to_string(bytes.size) + " of " + std::to_string(promised) + " bytes");
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
    read_at(file.value(), 0, std::min(kHead, size_), bytes_.data(), path);
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
  struct stat status{};
  if (::fstat(file_.value(), &status) != 0) {
    fail(path_, "cannot be read: " + reason());
  }
  if (static_cast<std::size_t>(status.st_size) != size_ || status.st_mtim.tv_sec != written_.tv_sec || status.st_mtim.tv_nsec != written_.tv_nsec) {
    fail(path_, "was written to while it was read");
  }
  read_at(file_.value(), offset, count, to, path_);
}

void FileBuffer::mend_line_ends() {
  char* const end = bytes_.data() + bytes_.size;
  if (std::find(bytes_.data(), end, '\n') == end) {
    std::replace(bytes_.data(), end, '\r', '\n');
  }
}

}  // namespace neuspec::read
