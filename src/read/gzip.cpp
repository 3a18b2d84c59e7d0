#include "read/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <utility>

#ifdef NEUSPEC_HAS_ISAL
#include <isa-l/igzip_lib.h>
#endif

#include "read/file_buffer.hpp"
#include "read/message.hpp"

namespace neuspec::read {

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

namespace {

// zlib's state, released on every way out.
class Inflater {
 public:
  Inflater() {
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

  // Inflates the beginning of `rest`, which is then gone from it, into the free part of `bytes`.
  int step(std::string_view& rest, GrowingBytes& bytes) {
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    const auto in = static_cast<uInt>(std::min(rest.size(), kMost));
    const auto out = static_cast<uInt>(std::min(bytes.capacity() - bytes.size, kMost));
    // zlib declares its input without const but does not write to it.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(rest.data()));
    stream_.avail_in = in;
    stream_.next_out = reinterpret_cast<Bytef*>(bytes.data()) + bytes.size;
    stream_.avail_out = out;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    rest.remove_prefix(in - stream_.avail_in);
    taken_ += in - stream_.avail_in;
    bytes.size += out - stream_.avail_out;
    return status;
  }

  void next_member() { inflateReset(&stream_); }
  std::string message() const { return stream_.msg == nullptr ? "damaged" : stream_.msg; }
  std::string position() const { return " (gzip, at compressed byte " + std::to_string(taken_ + 1) + ")"; }

 private:
  z_stream stream_{};
  std::size_t taken_ = 0;
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

// `more(rest)` gives the rest and what follows it, if anything does; `make_room(bytes)` does for the next bytes.
template <class More, class MakeRoom>
void inflate_by_zlib(const std::string& path, GrowingBytes& bytes, const More& more, const MakeRoom& make_room) {
  constexpr std::size_t kMagic = 2;  // bytes, which have to be seen together
  Inflater inflater;
  for (std::string_view rest = more({});;) {
    if (bytes.size == bytes.capacity()) {
      make_room(bytes);
    }
    const int status = inflater.step(rest, bytes);
    if (rest.size() < kMagic) {
      rest = more(rest);
    }
    if (status == Z_STREAM_END) {
      if (rest.empty()) {
        return;
      }
      if (!is_gzip(rest)) {
        fail(path, "trailing bytes after the compressed data" + inflater.position());
      }
      inflater.next_member();
    } else if (status == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      fail(path, "corrupt compressed data: " + inflater.message() + inflater.position());
    } else if (rest.empty() && bytes.size < bytes.capacity()) {
      fail(path, "the compressed data end too soon" + inflater.position());
    }
  }
}

void inflate_by_zlib(std::string_view compressed, const std::string& path, GrowingBytes& bytes) {
  bytes.size = 0;
  bool given = false;
  const auto more = [&](std::string_view rest) { return std::exchange(given, true) ? rest : compressed; };
  inflate_by_zlib(path, bytes, more, [](GrowingBytes& full) { full.reserve(2 * full.capacity()); });
}

#ifdef NEUSPEC_HAS_ISAL
// ISA-L lets reserved flags pass, and zlib alone is asked about headers with a checksum of their own.
bool has_common_header(std::string_view member) {
  constexpr unsigned kUncommon = 0xe2;
  constexpr std::size_t kFlags = 3;
  return is_gzip(member) && member.size() > kFlags && (static_cast<unsigned char>(member[kFlags]) & kUncommon) == 0;
}

// False for a member that is not whole and sound.
bool inflate_member(inflate_state& state, std::string_view& rest, GrowingBytes& bytes) {
  constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  do {
    if (bytes.size == bytes.capacity()) {
      bytes.reserve(2 * bytes.capacity());
    }
    const auto in = static_cast<std::uint32_t>(std::min(rest.size(), kMost));
    const auto out = static_cast<std::uint32_t>(std::min(bytes.capacity() - bytes.size, kMost));
    // ISA-L declares its input without const but does not write to it.
    state.next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(rest.data()));
    state.avail_in = in;
    state.next_out = reinterpret_cast<std::uint8_t*>(bytes.data()) + bytes.size;
    state.avail_out = out;
    if (isal_inflate(&state) != ISAL_DECOMP_OK) {
      return false;
    }
    rest.remove_prefix(in - state.avail_in);
    bytes.size += out - state.avail_out;
  } while (state.block_state != ISAL_BLOCK_FINISH && (!rest.empty() || bytes.size == bytes.capacity()));
  return state.block_state == ISAL_BLOCK_FINISH;
}

// False for anything but whole and sound members.
bool inflate_by_isal(std::string_view rest, GrowingBytes& bytes) {
  const auto state = std::make_unique<inflate_state>();
  while (has_common_header(rest) && inflate_member(*state, rest, bytes)) {
    if (rest.empty()) {
      return true;
    }
  }
  return false;
}
#else
bool inflate_by_isal(std::string_view, GrowingBytes&) { return false; }
#endif

}  // namespace

GrowingBytes inflate_gzip(std::string_view compressed, const std::string& path, Inflating inflating) {
  GrowingBytes bytes;
  bytes.reserve(expected_size(compressed));
  if (inflating == Inflating::by_zlib || !inflate_by_isal(compressed, bytes)) {
    inflate_by_zlib(compressed, path, bytes);
  }
  return bytes;
}

void inflate_gzip(int descriptor, const std::string& path, Spool& to) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  GrowingBytes compressed, bytes;
  compressed.reserve(kPiece);
  bytes.reserve(kPiece);
  const auto more = [&](std::string_view rest) {
    if (!rest.empty()) std::memmove(compressed.data(), rest.data(), rest.size());
    return std::string_view(compressed.data(), rest.size() + read_some(descriptor, path, compressed.data() + rest.size(), kPiece - rest.size()));
  };
  const auto write = [&](GrowingBytes& full) {
    to.add(full.view());
    full.size = 0;
  };
  inflate_by_zlib(path, bytes, more, write);
  write(bytes);
}

}  // namespace neuspec::read
