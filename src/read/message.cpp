#include "read/message.hpp"

#include <array>
#include <charconv>

#include "neuspec/error.hpp"

namespace neuspec::read {

void fail(const std::string& path, const std::string& message) { throw DataError(path + ": " + message); }

void fail_at_line(const std::string& path, Index line, const std::string& message) { fail(path + ":" + std::to_string(line), message); }

void fail_at(const std::string& path, Index line, Index column, const std::string& message) {
  fail(path + ":" + std::to_string(line) + ":" + std::to_string(column), message);
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string shown = "'";
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    // Bytes from 0x80 on are left alone: they are most likely UTF-8 letters of a column's name.
    if (byte < 0x20 || byte == 0x7f) {
      shown += "\\x";
      shown += kHex[byte / 16];
      shown += kHex[byte % 16];
    } else {
      shown += c;
    }
  }
  return shown + (text.size() > kLongest ? "…'" : "'");
}

std::string shortest(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), error == std::errc() ? end : text.data()};
}

std::string count_of(Index count, const std::string& noun) { return std::to_string(count) + " " + noun + (count == 1 ? "" : "s"); }

}  // namespace neuspec::read
