/// \file libsvm_words.hpp
/// Lines of LIBSVM files, taken apart at blanks.
#pragma once

#include <algorithm>
#include <string_view>

#include "read/number.hpp"

namespace neuspec::read {

/// Takes the first line, without its comment, off `rest`.
inline std::string_view next_line(std::string_view& rest) {
  const std::size_t size = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, size);
  rest.remove_prefix(std::min(size + 1, rest.size()));
  return line.substr(0, line.find('#'));
}

inline bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r' && c != '\n'); }

/// Takes the blanks before the first word off `line`; false where there is none.
inline bool skip_blanks(std::string_view& line) {
  while (!line.empty() && is_blank(line.front())) {
    line.remove_prefix(1);
  }
  return !line.empty();
}

/// Takes the first word off `line`; empty at its end.
inline std::string_view next_word(std::string_view& line) {
  skip_blanks(line);
  const auto end = std::find_if(line.begin(), line.end(), is_blank);
  const std::string_view word = line.substr(0, static_cast<std::size_t>(end - line.begin()));
  line.remove_prefix(word.size());
  return word;
}

inline bool is_pair(std::string_view word) {
  const std::size_t colon = word.find(':');
  if (colon == std::string_view::npos) {
    return false;
  }
  const std::string_view key = word.substr(0, colon);
  const bool all_digits = !key.empty() && key.find_first_not_of("0123456789") == std::string_view::npos;
  return (all_digits || key == "qid") && is_number(word.substr(colon + 1));
}

/// 3,7 instead of a label: a sample that belongs to several classes.
inline bool is_list(std::string_view word) {
  const std::size_t comma = word.find(',');
  return comma != std::string_view::npos && is_number(word.substr(0, comma)) && is_number(word.substr(word.rfind(',') + 1));
}

}  // namespace neuspec::read
