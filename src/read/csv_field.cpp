#include "read/csv_field.hpp"

#include <algorithm>
#include <cmath>

#include "read/header.hpp"
#include "read/message.hpp"
#include "read/number.hpp"

namespace neuspec::read {
namespace {

bool parse_whole(std::string_view text, double& value) {
  return !text.empty() && parse_number(text.data(), text.data() + text.size(), value) == text.data() + text.size();
}

// A finite number, in quotes perhaps. Numbers hold no quotes, so nothing is doubled in there.
bool parse_plain(std::string_view field, double& value) {
  std::string_view text = trimmed(field);
  if (text.size() > 1 && text.front() == '"' && text.back() == '"') {
    text = trimmed(text.substr(1, text.size() - 2));
  }
  return parse_whole(text, value) && std::isfinite(value);
}

}  // namespace

double FieldReader::read(const char*& p, Index c) {
  const char* const end = field_end(p, last_, sheet_.layout.delimiter);
  const std::string_view text(p, static_cast<std::size_t>(end - p));
  check_raggedness(text, c);
  const Index place = sheet_.columns.place[static_cast<std::size_t>(c)];
  const bool is_label = place < 0 && sheet_.labels == Labels::text;
  const double value = place == Columns::kDropped ? 0.0 : is_label ? label_in(text, c) : number_in(text, c);
  line_ += std::count(text.begin(), text.end(), '\n');
  p = end == last_ ? end : end + 1;
  return value;
}

void FieldReader::check_raggedness(std::string_view text, Index c) const {
  const Index count = sheet_.layout.columns;
  const char* const end = text.data() + text.size();
  const bool row_ends = end == last_ || *end == '\n';
  if (row_ends == (c + 1 == count)) {
    return;
  }
  if (end == last_ && !unquote(text).closed) {
    fail_at(sheet_.path, line_, c + 1, "a quote is opened here and never closed");
  }
  if (row_ends) {
    if (c == 0 && std::all_of(text.begin(), text.end(), [](char byte) { return byte == ' ' || byte == '\r'; })) {
      fail_at_line(sheet_.path, line_, "a blank line between the samples");
    }
    fail_at(sheet_.path, line_, c + 2, "the row ends after " + count_of(c + 1, "field") + "; the first line has " + std::to_string(count));
  }
  fail_at(sheet_.path, line_, count + 1, "the row has more fields than the " + std::to_string(count) + " of the first line");
}

// What stands in a field; never empty.
std::string FieldReader::content_of(std::string_view text, Index c) const {
  Field field = unquote(text);
  if (!field.closed) {
    fail_in_field(c, unclosed_quote);
  }
  if (trimmed(field.text).empty()) {
    fail_in_field(c, "the field is empty; missing values are not accepted");
  }
  return std::move(field.text);
}

double FieldReader::label_in(std::string_view text, Index c) {
  const std::string label = content_of(text, c);
  if (is_missing(label)) {
    fail_in_field(c, quoted(label) + " stands for a missing label; missing values are not accepted");
  }
  return labels_.number_of(label);
}

double FieldReader::number_in(std::string_view text, Index c) const {
  double value = 0;
  if (parse_plain(text, value)) {
    return value;
  }
  const std::string content = content_of(text, c);
  const std::string_view number = trimmed(content);
  if (!parse_whole(number, value)) {
    const bool target = sheet_.columns.place[static_cast<std::size_t>(c)] < 0;
    if (target && sheet_.labels == Labels::any && !is_missing(number)) {
      throw FoundText();
    }
    fail_in_field(c, quoted(content) + (is_missing(number) ? " stands for a missing value; missing values are not accepted"
                                        : target           ? " is not a number; only labels of classes may be text"
                                                           : " is not a number"));
  }
  if (!std::isfinite(value)) {
    fail_in_field(c, quoted(content) + " is not finite; NaN and infinity are not accepted");
  }
  return value;
}

void FieldReader::fail_in_field(Index c, const std::string& message) const {
  const std::vector<std::string>& header = sheet_.layout.header;
  const std::string name = header.empty() ? "" : " " + quoted(header[static_cast<std::size_t>(c)]);
  fail_at(sheet_.path, line_, c + 1, message + " (column " + std::to_string(c + 1) + name + ")");
}

}  // namespace neuspec::read
