// A checksum of bytes: CRC-64/XZ (ECMA-182, reflected, all ones before and after). Every change of a single bit and of up to 64 neighbouring ones
// changes it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace neuspec {

class Crc64 {
 public:
  void add(const char* bytes, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) state_ = table[(state_ ^ static_cast<unsigned char>(bytes[i])) & 0xFFU] ^ (state_ >> 8U);
  }
  std::uint64_t value() const { return ~state_; }

 private:
  static constexpr std::array<std::uint64_t, 256> table = [] {
    std::array<std::uint64_t, 256> entries{};
    for (std::uint64_t byte = 0; byte < entries.size(); ++byte) {
      std::uint64_t remainder = byte;
      for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1U) ^ ((remainder & 1U) != 0 ? 0xC96C5795D7870F42U : 0U);
      entries[byte] = remainder;
    }
    return entries;
  }();

  std::uint64_t state_ = ~std::uint64_t{0};
};

}  // namespace neuspec
