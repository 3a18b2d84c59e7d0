#include "read/libsvm_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "read/libsvm_words.hpp"
#include "read/message.hpp"
#include "read/number.hpp"
#include "read/range.hpp"

namespace neuspec::read {

LibsvmPlace LibsvmReader::read(std::string_view text, LibsvmRows rows) {
  end_of_text_ = text.data() + text.size();
  for (; !text.empty(); ++line_) {
    const std::string_view line = next_line(text);
    if (!std::all_of(line.begin(), line.end(), is_blank)) {
      if (rows.seen != nullptr) std::fill_n(rows.x, rows.features, 0.0);
      read_line(line, rows);
      if (rows.seen != nullptr) {
        rows.seen->add(rows.x, 1);
      } else if (rows.x != nullptr) {
        rows.x += rows.features;
      }
      ++rows.y;
    }
  }
  return largest_;
}

void LibsvmReader::read_line(std::string_view line, const LibsvmRows& rows) {
  column_ = 1;
  previous_ = 0;
  *rows.y = label(next_word(line));
  Index column_of_last = 0;
  while (skip_blanks(line)) {
    ++column_;
    double value = 0;
    if (!take_pair(line, value) && !take_word(line, value)) {
      continue;
    }
    if (rows.x != nullptr && previous_ <= rows.features) {  // beyond: the line goes wrong further on
      rows.x[previous_ - 1] = value;
    }
    column_of_last = column_;
    in_range_ = in_range_ && std::abs(value) <= largest_usable;
  }
  if (previous_ > largest_.index) {
    largest_ = {previous_, line_, column_of_last};
  }
}

// Takes a pair without fault, the usual case, off the line: its index becomes `previous_`.
bool LibsvmReader::take_pair(std::string_view& line, double& value) {
  constexpr std::ptrdiff_t kMostDigits = 18;
  const char* const last = line.data() + line.size();
  const char* p = line.data();
  Index index = 0;
  for (; p != last && *p >= '0' && *p <= '9' && p - line.data() < kMostDigits; ++p) {
    index = 10 * index + (*p - '0');
  }
  if (index <= previous_ || (most_features_ > 0 && index > most_features_) || p == last || *p != ':') {
    return false;
  }
  const char* const end = parse_number(p + 1, end_of_text_, value);
  if (end == nullptr || (end != last && !is_blank(*end)) || !std::isfinite(value)) {
    return false;
  }
  previous_ = index;
  line = {end, static_cast<std::size_t>(last - end)};
  return true;
}

// The same for any word; false for one that is no pair and is let pass.
bool LibsvmReader::take_word(std::string_view& line, double& value) {
  const std::string_view word = next_word(line);
  if (word.starts_with("qid:")) {
    return false;
  }
  const std::size_t colon = word.find(':');
  if (colon == std::string_view::npos) {
    fail_here(quoted(word) + " is not of the form index:value");
  }
  previous_ = ascending_index(word.substr(0, colon));
  value = number(word.substr(colon + 1), "the value ");
  return true;
}

void LibsvmReader::fail_here(const std::string& message) const { fail_at(path_, line_, column_, message); }

double LibsvmReader::label(std::string_view text) const {
  if (is_list(text)) {
    fail_here("the sample has several labels, " + quoted(text) + "; one is expected");
  }
  return number(text, "the label ");
}

// What follows a word is no part of a number, so that more than the word may be looked at.
double LibsvmReader::number(std::string_view text, const char* what) const {
  double value = 0;
  const char* const last = text.data() + text.size();
  if (text.empty() || parse_number(text.data(), end_of_text_, value) != last) {
    fail_here(what + quoted(text) + " is not a number");
  }
  if (!std::isfinite(value)) {
    fail_here(what + quoted(text) + " is not finite");
  }
  return value;
}

Index LibsvmReader::ascending_index(std::string_view text) const {
  Index index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail_here("the index " + quoted(text) + (error == std::errc::result_out_of_range ? " overflows" : " is not an integer"));
  }
  if (index < 1) {
    fail_here("the index " + quoted(text) + " is below 1; indices count from 1");
  }
  if (index <= previous_) {
    fail_here("the index " + quoted(text) + " does not ascend after " + std::to_string(previous_));
  }
  if (most_features_ > 0 && index > most_features_) {
    fail_here("the index " + quoted(text) + " exceeds the " + count_of(most_features_, "feature") + " expected");
  }
  return index;
}

}  // namespace neuspec::read
