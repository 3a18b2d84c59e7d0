/// \file number.hpp
/// Decimal text to double, correctly rounded and independent of the locale.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "read/decimal.hpp"

namespace neuspec::read {

/// Any number std::from_chars knows (inf and nan too), with an optional leading plus. Overflow gives ±infinity and underflow ±0.
/// Returns the first character after the number, or null where there is none.
const char* parse_any_number(const char* first, const char* last, double& value);

/// `parse_number` for text that is shorter than what it looks at.
const char* parse_short_text(const char* first, const char* last, double& value);

/// The whole of `text` is one number.
bool is_number(std::string_view text);

/// How far `parse_decimal` looks beyond its limit.
inline constexpr std::ptrdiff_t kDecimalMargin = 24;

/// A decimal that needs no more than what stands in decimal.hpp; null for any other text and for digits from `limit` on.
inline const char* parse_decimal(const char* first, const char* limit, double& value) {
  static constexpr std::array<double, 23> kExact = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr std::uint64_t kLargestExact = std::uint64_t{1} << 53;
  // Signs come at random, so nothing branches on them: '+' becomes 0, '-' 2 and everything else another number.
  const unsigned sign = static_cast<unsigned>(*first) - '+';
  const unsigned has_sign = (sign & ~2U) == 0 ? 1 : 0;
  const char* p = first + has_sign;
  decimal::Digits digits;
  int exponent = 0;
  const decimal::Eight start = decimal::Eight::at(p);
  if (start.count() < 8 && p[start.count()] == '.') {  // most numbers: digits before and behind the point at once
    const decimal::Eight both = start.without_point(decimal::Eight::load(p + 1));
    if (both.count() == 0) {
      return nullptr;
    }
    digits = {both.value(), both.count()};
    p += both.count() + 1;
    if (both.count() == 8 && !digits.take(p, limit)) {
      return nullptr;
    }
    exponent = static_cast<int>(start.count() - digits.count);
  } else {
    if (!digits.take(p, limit) || digits.count == 0) {
      return nullptr;
    }
    if (*p == '.') {
      const std::ptrdiff_t integer = digits.count;
      if (!digits.take(++p, limit)) {
        return nullptr;
      }
      exponent = static_cast<int>(integer - digits.count);
    }
  }
  if ((static_cast<unsigned char>(*p) | 0x20U) == 'e') {
    const bool down = p[1] == '-';
    p += down || p[1] == '+' ? 2 : 1;
    const decimal::Eight power = decimal::Eight::at(p);
    if (power.count() == 0 || power.count() == 8) {
      return nullptr;
    }
    p += power.count();
    exponent += down ? -static_cast<int>(power.value()) : static_cast<int>(power.value());
  }
  if (digits.count > 19) {
    return nullptr;
  }
  double magnitude = 0;
  if (digits.value <= kLargestExact && exponent <= 0 && exponent >= -22) {
    magnitude = static_cast<double>(static_cast<std::int64_t>(digits.value)) / kExact[static_cast<std::size_t>(-exponent)];
  } else if (exponent < -decimal::kMostPower || exponent > decimal::kMostPower || !decimal::scale(digits.value, exponent, magnitude)) {
    return nullptr;
  }
  value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(magnitude) | std::uint64_t{has_sign & sign >> 1U} << 63U);
  return p;
}

/// As `parse_any_number`, faster for numbers of up to 19 digits whose power of ten is small: where digits and power are exact doubles one division
/// or multiplication rounds correctly (Clinger 1990), else nearly always 64 bits of the power tell how (Eisel and Lemire; Lemire 2021).
inline const char* parse_number(const char* first, const char* last, double& value) {
  if (last - first <= kDecimalMargin) {
    return parse_short_text(first, last, value);
  }
  const char* const end = parse_decimal(first, last - kDecimalMargin, value);
  return end != nullptr ? end : parse_any_number(first, last, value);
}

}  // namespace neuspec::read
