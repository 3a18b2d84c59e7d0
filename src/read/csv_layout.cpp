#include "read/csv_layout.hpp"

#include <algorithm>
#include <array>

#include "read/message.hpp"
#include "read/number.hpp"

namespace neuspec::read {
namespace {

// Follows quotes while the delimiter is not known yet: a quote opens at the start of a field or, doubled, inside one.
class QuoteTracker {
 public:
  bool inside(char next) {
    constexpr std::string_view kBeforeAQuote = "\n,;\t\"";
    if (next == '"' && (inside_ || kBeforeAQuote.find(before_) != std::string_view::npos)) {
      inside_ = !inside_;
    }
    before_ = next == ' ' ? before_ : next;
    return inside_;
  }

 private:
  bool inside_ = false;
  char before_ = '\n';
};

// The first line; line feeds inside quotes belong to it.
std::string_view first_line(std::string_view text) {
  QuoteTracker quotes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!quotes.inside(text[i]) && text[i] == '\n') {
      return text.substr(0, i);
    }
  }
  return text;
}

Index count_outside_quotes(std::string_view line, char wanted) {
  QuoteTracker quotes;
  return std::count_if(line.begin(), line.end(), [&](char c) { return !quotes.inside(c) && c == wanted; });
}

// The delimiter that cuts the first two lines into equally many fields; tab and semicolon come before the comma, which may stand
// inside their fields. Where none does, the most frequent one of the first line.
char find_delimiter(std::string_view first, std::string_view second) {
  constexpr std::array kCandidates = {'\t', ';', ','};
  char most = ',';
  Index highest = 0;
  for (const char candidate : kCandidates) {
    const Index count = count_outside_quotes(first, candidate);
    if (count > 0 && !second.empty() && count_outside_quotes(second, candidate) == count) {
      return candidate;
    }
    if (count > highest) {
      highest = count;
      most = candidate;
    }
  }
  return most;
}

std::string_view without_blank_end(std::string_view text) {
  while (!text.empty()) {
    const std::size_t line = text.rfind('\n') + 1;  // npos + 1 is 0
    if (text.find_first_not_of(" \r", line) != std::string_view::npos) {
      return text;
    }
    text = text.substr(0, line == 0 ? 0 : line - 1);
  }
  return text;
}

struct Record {
  std::vector<std::string> fields;
  std::string_view text;
};

Record first_record(std::string_view body, char delimiter, const std::string& path) {
  Record record;
  const char* const last = body.data() + body.size();
  for (const char* p = body.data();; ++p) {
    const char* const end = field_end(p, last, delimiter);
    Field field = unquote({p, static_cast<std::size_t>(end - p)});
    if (!field.closed) {
      fail_at(path, 1, static_cast<Index>(record.fields.size()) + 1, "a quote is opened and not closed at the end of the field");
    }
    record.fields.push_back(std::move(field.text));
    if (end == last || *end == '\n') {
      record.text = body.substr(0, static_cast<std::size_t>(end - body.data()));
      return record;
    }
    p = end;
  }
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

const char* field_end(const char* first, const char* last, char delimiter) {
  const char* p = first;
  while (p != last && (*p == ' ' || (*p == '\t' && delimiter != '\t'))) {
    ++p;
  }
  bool inside = false;
  const bool quoted_field = p != last && *p == '"';
  for (; p != last; ++p) {
    inside = quoted_field && inside != (*p == '"');
    if (!inside && (*p == delimiter || *p == '\n')) {
      return p;
    }
  }
  return last;
}

Field unquote(std::string_view field) {
  const std::string_view text = trimmed(field);
  if (text.empty() || text.front() != '"') {
    return {std::string(text), true};
  }
  Field result{"", true};
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (i + 1 == text.size()) {
        return result;
      }
      if (text[++i] != '"') {
        break;  // something stands between the closing quote and the delimiter
      }
    }
    result.text += text[i];
  }
  return {std::string(text), false};
}

CsvLayout csv_layout(std::string_view content, const std::string& path) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  CsvLayout layout;
  layout.body = without_blank_end(content.starts_with(kByteOrderMark) ? content.substr(kByteOrderMark.size()) : content);
  if (layout.body.empty()) {
    fail(path, "the file is empty");
  }
  const std::string_view line = first_line(layout.body);
  const std::string_view next_lines = layout.body.substr(std::min(line.size() + 1, layout.body.size()));
  layout.delimiter = find_delimiter(line, trimmed(first_line(next_lines)));
  Record first = first_record(layout.body, layout.delimiter, path);
  if (trimmed(first.text).empty()) {
    fail_at_line(path, 1, "the first line is blank");
  }
  layout.columns = static_cast<Index>(first.fields.size());
  if (std::all_of(first.fields.begin(), first.fields.end(), [](const std::string& field) { return field.empty() || is_number(field); })) {
    return layout;
  }
  layout.header = std::move(first.fields);
  layout.body.remove_prefix(std::min(first.text.size() + 1, layout.body.size()));
  layout.first_line = 2 + std::count(first.text.begin(), first.text.end(), '\n');
  if (layout.body.empty()) {
    fail_at_line(path, 1, "a header alone, no samples");
  }
  return layout;
}

}  // namespace neuspec::read
