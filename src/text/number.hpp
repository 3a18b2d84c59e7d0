/// \file number.hpp
/// Numbers to and from text, without locales: a number fills its text wholly or it is none.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace neuspec {

/// The number that `text` is, wholly and in range of `Number`; nothing for blanks, signs of plus or trailing characters.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

/// The shortest text that `parse_number` reads back as the same number (at most 17 significant digits).
template <class Number>
std::string format_number(Number value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return error == std::errc() ? std::string(text, end) : std::string();
}

enum class Rounding { nearest, down, up };  ///< up: towards +infinity

/// `value` with at most `digits` ≥ 1 significant digits, in the style of %g. A lower bound is rounded down and an upper bound up, so that what is
/// printed is proven too; exact for every double.
std::string format_rounded(double value, int digits, Rounding rounding);

}  // namespace neuspec
