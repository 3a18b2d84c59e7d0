#include "text/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace neuspec {
namespace {

/// The characters of the bytes 0x80 … 0x9f; from 0xa0 on the byte is the character's number.
constexpr std::array<std::uint32_t, 32> kUpperControls = {0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
                                                          0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
                                                          0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178};

unsigned byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

/// Bytes of the character that starts at `i`, or 0 where none does. The second byte's range excludes overlong forms, surrogates and what is beyond
/// U+10FFFF (Unicode, table 3-7).
std::size_t character_size(std::string_view text, std::size_t i) {
  const unsigned lead = byte_at(text, i);
  if (lead < 0x80) {
    return 1;
  }
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() - i < size) {
    return 0;
  }
  const unsigned least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80, most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (byte_at(text, i + 1) < least || byte_at(text, i + 1) > most) {
    return 0;
  }
  const auto rest = text.substr(i + 2, size - 2);
  const bool continued = std::all_of(rest.begin(), rest.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; });
  return continued ? size : 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = character_size(text, i);
    if (size == 0) {
      return false;
    }
    i += size;
  }
  return true;
}

std::string utf8_of_windows_1252(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned byte = byte_at(text, i);
    const std::uint32_t character = byte >= 0x80 && byte < 0xa0 ? kUpperControls[byte - 0x80] : byte;
    if (character < 0x80) {
      result += text[i];
    } else if (character < 0x800) {
      result += static_cast<char>(0xc0 | character >> 6U);
      result += static_cast<char>(0x80 | (character & 0x3fU));
    } else {
      result += static_cast<char>(0xe0 | character >> 12U);
      result += static_cast<char>(0x80 | (character >> 6U & 0x3fU));
      result += static_cast<char>(0x80 | (character & 0x3fU));
    }
  }
  return result;
}

std::string utf8_of(std::string_view text) { return is_utf8(text) ? std::string(text) : utf8_of_windows_1252(text); }

}  // namespace neuspec
