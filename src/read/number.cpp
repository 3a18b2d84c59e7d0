#include "read/number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace neuspec::read {
namespace {

// from_chars leaves the value alone when it is out of range: which way follows from the decimal exponent of the leading digit.
double out_of_range_value(const char* first, const char* last) {
  const bool negative = *first == '-';
  long leading = 0;  // 10^(leading − 1) ≤ |mantissa| < 10^leading
  bool started = false;
  bool point = false;
  const char* p = first + (negative ? 1 : 0);
  for (; p != last && *p != 'e' && *p != 'E'; ++p) {
    if (*p == '.') {
      point = true;
      continue;
    }
    started = started || *p != '0';
    if (started != point) {
      leading += started ? 1 : -1;  // digits before the point, zeros after it
    }
  }
  long exponent = 0;
  if (p != last) {
    ++p;
    const bool down = *p == '-';
    p += down || *p == '+' ? 1 : 0;
    if (std::from_chars(p, last, exponent).ec != std::errc()) {
      exponent = std::numeric_limits<long>::max() / 2;
    }
    exponent = down ? -exponent : exponent;
  }
  const double magnitude = leading + exponent > 0 ? std::numeric_limits<double>::infinity() : 0.0;
  return negative ? -magnitude : magnitude;
}

}  // namespace

const char* parse_any_number(const char* first, const char* last, double& value) {
  if (first != last && *first == '+') {
    ++first;
    if (first != last && *first == '-') {
      return nullptr;
    }
  }
  const auto [end, error] = std::from_chars(first, last, value);
  if (error == std::errc::invalid_argument) {
    return nullptr;
  }
  if (error == std::errc::result_out_of_range) {
    value = out_of_range_value(first, end);
  }
  return end;
}

const char* parse_short_text(const char* first, const char* last, double& value) {
  std::array<char, 2 * kDecimalMargin + 1> padded{};
  const char* const limit = std::copy(first, last, padded.data()) + 1;
  const char* const end = parse_decimal(padded.data(), limit, value);
  return end != nullptr ? first + (end - padded.data()) : parse_any_number(first, last, value);
}

bool is_number(std::string_view text) {
  double value = 0;
  return !text.empty() && parse_any_number(text.data(), text.data() + text.size(), value) == text.data() + text.size();
}

}  // namespace neuspec::read
