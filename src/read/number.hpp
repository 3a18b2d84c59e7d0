/// \file number.hpp
/// Decimal text to double, correctly rounded and independent of the locale.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace neuspec::read {

/// Any number std::from_chars knows (inf and nan too), with an optional leading plus. Overflow gives ±infinity and underflow ±0.
/// Returns the first character after the number, or null where there is none.
const char* parse_any_number(const char* first, const char* last, double& value);

/// The whole of `text` is one number.
bool is_number(std::string_view text);

/// As `parse_any_number`, with a fast path for decimals of up to 2⁵³ in the digits and 22 of them after the point: digits and power of ten are
/// then exact doubles, so that one division rounds correctly (Clinger 1990).
inline const char* parse_number(const char* first, const char* last, double& value) {
  static constexpr std::array<double, 23> kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr std::uint64_t kLargestExact = std::uint64_t{1} << 53;
  const auto digit = [](const char* p) { return static_cast<unsigned>(*p) - '0'; };
  const char* p = first;
  const bool negative = p != last && *p == '-';
  p += p != last && (negative || *p == '+') ? 1 : 0;
  std::uint64_t digits = 0;
  const char* const integer = p;
  for (; p != last && digit(p) < 10; ++p) {
    digits = digits * 10 + digit(p);
  }
  auto count = p - integer;
  std::ptrdiff_t exponent = 0;
  if (p != last && *p == '.') {
    const char* const fraction = ++p;
    for (; p != last && digit(p) < 10; ++p) {
      digits = digits * 10 + digit(p);
    }
    exponent = fraction - p;
    count -= exponent;
  }
  // 19 digits always fit into 64 bits; more may have wrapped round.
  const bool more = p != last && (*p == 'e' || *p == 'E');
  if (more || count == 0 || count > 19 || digits > kLargestExact || exponent < -22) {
    return parse_any_number(first, last, value);
  }
  const double magnitude = static_cast<double>(digits) / kPowers[static_cast<std::size_t>(-exponent)];
  value = negative ? -magnitude : magnitude;
  return p;
}

}  // namespace neuspec::read
