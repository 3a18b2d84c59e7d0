#include "read/csv_layout.hpp"

#include <algorithm>
#include <array>

#include "read/header.hpp"
#include "read/message.hpp"
#include "text/utf8.hpp"

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

// The first row of `body`; it ends early with a field whose quote is open.
Record first_record(std::string_view body, char delimiter) {
  Record record;
  const char* const last = body.data() + body.size();
  for (const char* p = body.data(); p != last; ++p) {
    const char* const end = field_end(p, last, delimiter);
    const std::string_view text = trimmed({p, static_cast<std::size_t>(end - p)});
    Field field = unquote(text);
    record.quoted += text.starts_with('"') ? 1 : 0;
    record.closed = field.closed;
    record.fields.push_back(std::move(field.text));
    record.text = body.substr(0, static_cast<std::size_t>(end - body.data()));
    if (end == last || *end == '\n' || !record.closed) {
      return record;
    }
    p = end;
    if (p + 1 == last) {
      record.fields.emplace_back();  // the text ends with a delimiter: an empty field follows
      record.text = body;
    }
  }
  return record;
}

// Names in another encoding than UTF-8, all by the same rule, so that the same file always has the same names.
void name_columns(CsvLayout& layout, std::vector<std::string> names) {
  if (!std::all_of(names.begin(), names.end(), is_utf8)) {
    layout.notices.emplace_back("the names of the columns are not UTF-8: read as Windows-1252 (Latin-1)");
    std::transform(names.begin(), names.end(), names.begin(), utf8_of_windows_1252);
  }
  layout.header = std::move(names);
}

}  // namespace

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

bool shows_layout(std::string_view content) {
  const std::string_view text = without_blank_end(content), line = first_line(text), rest = text.substr(std::min(line.size() + 1, text.size()));
  const std::string_view next = first_line(rest);
  if (next.size() >= rest.size()) {
    return false;
  }
  const char delimiter = find_delimiter(line, trimmed(next));
  const Record first = first_record(text, delimiter);
  if (!first.closed || first.text.size() >= text.size()) {
    return false;
  }
  const std::string_view body = text.substr(first.text.size() + 1);
  const Record second = first_record(body, delimiter);
  return second.closed && second.text.size() < body.size();
}

CsvLayout csv_layout(std::string_view content, const std::string& path, const Selection& selection) {
  CsvLayout layout;
  layout.body = without_blank_end(content);
  if (layout.body.empty()) {
    fail(path, "the file is empty");
  }
  const std::string_view line = first_line(layout.body);
  const std::string_view next_lines = layout.body.substr(std::min(line.size() + 1, layout.body.size()));
  layout.delimiter = find_delimiter(line, trimmed(first_line(next_lines)));
  Record first = first_record(layout.body, layout.delimiter);
  if (!first.closed) {
    fail_at(path, 1, static_cast<Index>(first.fields.size()), unclosed_quote);
  }
  if (trimmed(first.text).empty()) {
    fail_at_line(path, 1, "the first line is blank");
  }
  layout.columns = static_cast<Index>(first.fields.size());
  const std::string_view rest = layout.body.substr(std::min(first.text.size() + 1, layout.body.size()));
  const Index lines = selection.samples > 0 ? 1 + std::count(layout.body.begin(), layout.body.end(), '\n') : rest.empty() ? 1 : 2;
  if (!has_header(path, first, first_record(rest, layout.delimiter), lines, selection, layout.notices)) {
    return layout;
  }
  name_columns(layout, std::move(first.fields));
  layout.body = rest;
  layout.first_line = 2 + std::count(first.text.begin(), first.text.end(), '\n');
  if (layout.body.empty()) {
    fail_at_line(path, 1, "a header alone, no samples");
  }
  return layout;
}

}  // namespace neuspec::read
