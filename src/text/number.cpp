#include "text/number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace neuspec {
namespace {

constexpr int all_digits = 767;  // of the double that has most

/// Significant digits without a point, and the power of ten of the first.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

Decimal decimal_of(double magnitude, int digits) {
  std::array<char, all_digits + 16> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), magnitude, std::chars_format::scientific, digits - 1);
  const std::string_view written(text.data(), error == std::errc() ? static_cast<std::size_t>(end - text.data()) : 0);
  const std::size_t letter = written.find('e');
  Decimal decimal{std::string(written.substr(0, letter)), 0};
  std::erase(decimal.digits, '.');
  const std::size_t sign = written[letter + 1] == '+' ? 1 : 0;  // which from_chars does not read
  std::from_chars(written.data() + letter + 1 + sign, end, decimal.exponent);
  return decimal;
}

void drop_zeros(std::string& digits) { digits.erase(std::max<std::size_t>(digits.find_last_not_of('0') + 1, 1)); }

/// Of all digits the first so many, and one more in the last place where what is left out shall count.
Decimal cut(Decimal decimal, std::size_t digits, bool away_from_zero) {
  if (decimal.digits.size() <= digits) return decimal;
  const bool exact = decimal.digits.find_first_not_of('0', digits) == std::string::npos;
  decimal.digits.resize(digits);
  if (exact || !away_from_zero) return decimal;
  const std::size_t last = decimal.digits.find_last_not_of('9');
  if (last == std::string::npos) {
    ++decimal.exponent;
    decimal.digits.assign(1, '1');
  } else {
    decimal.digits.resize(last + 1);
    ++decimal.digits[last];
  }
  return decimal;
}

/// As %g with a precision of `digits` and without trailing zeros.
void write(Decimal decimal, int digits, std::string& text) {
  drop_zeros(decimal.digits);
  const std::string& all = decimal.digits;
  const int exponent = decimal.exponent;
  if (exponent < -4 || exponent >= digits) {
    text.append(all, 0, 1).append(all.size() > 1 ? "." : "").append(all, 1).append(exponent < 0 ? "e-" : "e+");
    const std::string size = std::to_string(std::abs(exponent));
    text.append(size.size() < 2 ? "0" : "").append(size);
  } else if (exponent < 0) {
    text.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(all);
  } else {
    const std::size_t whole = static_cast<std::size_t>(exponent) + 1, written = std::min(whole, all.size());
    text.append(all, 0, written).append(whole - written, '0').append(written < all.size() ? "." : "").append(all, written);
  }
}

}  // namespace

std::string format_rounded(double value, int digits, Rounding rounding) {
  if (!std::isfinite(value)) return format_number(value);
  const double magnitude = std::abs(value);
  std::string text = std::signbit(value) ? "-" : "";
  const bool away_from_zero = rounding == (text.empty() ? Rounding::up : Rounding::down);
  if (rounding == Rounding::nearest) {
    write(decimal_of(magnitude, digits), digits, text);
  } else {
    write(cut(decimal_of(magnitude, all_digits), static_cast<std::size_t>(digits), away_from_zero), digits, text);
  }
  return text;
}

}  // namespace neuspec
