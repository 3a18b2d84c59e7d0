#include <algorithm>
#include <cmath>
#include <exception>
#include <numeric>

#include "read/csv_layout.hpp"
#include "read/header.hpp"
#include "read/message.hpp"
#include "read/number.hpp"
#include "read/readers.hpp"
#include "read/text_labels.hpp"
#include "threads/parallel.hpp"

namespace neuspec::read {
namespace {

// What all rows of a file share.
struct Sheet {
  const std::string& path;
  const CsvLayout& layout;
  const Columns& columns;
  Labels labels;  // numbers: words are errors, any: a word is thrown as FoundText, text: every label is one
};

struct FoundText {};

// Consecutive rows of the body and where they belong.
struct Block {
  std::string_view text;
  Index first_line = 1;
  Index rows = 0;  // lines of the text: an upper bound on its rows until they are read
};

// Reads the rows of one block.
class RowReader {
 public:
  RowReader(const Sheet& sheet, const Block& block)
      : sheet_(sheet), p_(block.text.data()), last_(block.text.data() + block.text.size()), line_(block.first_line) {}

  // Row after row into row-major x and y; returns how many there are.
  Index read(double* x, double* y) {
    Index rows = 0;
    for (; p_ != last_; ++rows, x += sheet_.columns.features, y += sheet_.columns.targets) {
      read_row(x, y);
    }
    return rows;
  }

  const LabelNumbers& labels() const { return labels_; }

 private:
  void read_row(double* x, double* y) {
    const Index count = sheet_.layout.columns;
    const Index* const place = sheet_.columns.place.data();
    const Index first_number = sheet_.labels == Labels::text ? 0 : Columns::kDropped + 1;
    const char delimiter = sheet_.layout.delimiter;
    for (Index c = 0; c < count; ++c) {
      double value = 0;
      const char* const end = place[c] < first_number ? nullptr : parse_number(p_, last_, value);
      if (end != nullptr && end != last_ && *end == (c + 1 < count ? delimiter : '\n') && std::isfinite(value)) {
        p_ = end + 1;
      } else {
        value = read_any_field(c);
      }
      if (place[c] >= 0) {
        x[place[c]] = value;
      } else if (place[c] != Columns::kDropped) {
        y[-1 - place[c]] = value;
      }
    }
    ++line_;
  }

  // The cases that are not a bare number followed by its delimiter: blanks, quotes, CRLF, labels, the end of the file, and every error.
  double read_any_field(Index c) {
    const char* const end = field_end(p_, last_, sheet_.layout.delimiter);
    const std::string_view text(p_, static_cast<std::size_t>(end - p_));
    check_raggedness(c, end);
    const Index place = sheet_.columns.place[static_cast<std::size_t>(c)];
    const bool is_label = place < 0 && sheet_.labels == Labels::text;
    const double value = place == Columns::kDropped ? 0.0 : is_label ? label_in(text, c) : number_in(text, c);
    line_ += std::count(text.begin(), text.end(), '\n');
    p_ = end == last_ ? end : end + 1;
    return value;
  }

  void check_raggedness(Index c, const char* end) const {
    const Index count = sheet_.layout.columns;
    const bool row_ends = end == last_ || *end == '\n';
    if (row_ends == (c + 1 == count)) {
      return;
    }
    if (end == last_ && !unquote({p_, static_cast<std::size_t>(end - p_)}).closed) {
      fail_at(sheet_.path, line_, c + 1, "a quote is opened here and never closed");
    }
    if (row_ends) {
      if (c == 0 && std::all_of(p_, end, [](char byte) { return byte == ' ' || byte == '\r'; })) {
        fail_at_line(sheet_.path, line_, "a blank line between the samples");
      }
      fail_at(sheet_.path, line_, c + 2, "the row ends after " + count_of(c + 1, "field") + "; the first line has " + std::to_string(count));
    }
    fail_at(sheet_.path, line_, count + 1, "the row has more fields than the " + std::to_string(count) + " of the first line");
  }

  // What stands in a field; never empty.
  std::string content_of(std::string_view text, Index c) const {
    Field field = unquote(text);
    if (!field.closed) {
      fail_in_field(c, unclosed_quote);
    }
    if (trimmed(field.text).empty()) {
      fail_in_field(c, "the field is empty; missing values are not accepted");
    }
    return std::move(field.text);
  }

  double label_in(std::string_view text, Index c) {
    const std::string label = content_of(text, c);
    if (is_missing(label)) {
      fail_in_field(c, quoted(label) + " stands for a missing label; missing values are not accepted");
    }
    return labels_.number_of(label);
  }

  double number_in(std::string_view text, Index c) const {
    const std::string content = content_of(text, c);
    double value = 0;
    const std::string_view number = trimmed(content);
    const char* const last = number.data() + number.size();
    if (parse_number(number.data(), last, value) != last) {
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

  [[noreturn]] void fail_in_field(Index c, const std::string& message) const {
    const std::vector<std::string>& header = sheet_.layout.header;
    const std::string name = header.empty() ? "" : " " + quoted(header[static_cast<std::size_t>(c)]);
    fail_at(sheet_.path, line_, c + 1, message + " (column " + std::to_string(c + 1) + name + ")");
  }

  const Sheet& sheet_;
  const char* p_;
  const char* last_;
  Index line_;
  LabelNumbers labels_;
};

// Cuts the body behind line feeds into `count` blocks or fewer and counts their lines.
std::vector<Block> cut(const CsvLayout& layout, std::size_t count) {
  std::vector<Block> blocks;
  std::string_view rest = layout.body;
  for (std::size_t k = 0; k < count && !rest.empty(); ++k) {
    const std::size_t feed = k + 1 == count ? std::string_view::npos : rest.find('\n', rest.size() / (count - k));
    const std::size_t size = feed == std::string_view::npos ? rest.size() : feed + 1;
    blocks.push_back({rest.substr(0, size), 1, 0});
    rest.remove_prefix(size);
  }
  run_pieces(static_cast<Index>(blocks.size()), threads(), [&](Index k) {
    Block& block = blocks[static_cast<std::size_t>(k)];
    const std::string_view text = block.text;
    block.rows = std::count(text.begin(), text.end(), '\n') + (text.back() == '\n' ? 0 : 1);
  });
  Index line = layout.first_line;
  for (Block& block : blocks) {
    block.first_line = line;
    line += block.rows;
  }
  return blocks;
}

// The first error in the order of the file is the one that is thrown, whichever thread found one first.
void read_blocks(const Sheet& sheet, const std::vector<Block>& blocks, Table& table, std::vector<double>& x) {
  std::vector<std::exception_ptr> errors(blocks.size());
  std::vector<RowReader> readers;
  for (const Block& block : blocks) {
    readers.emplace_back(sheet, block);
  }
  std::vector<Index> rows(blocks.size());
  run_pieces(static_cast<Index>(blocks.size()), threads(), [&](Index piece) {
    const auto k = static_cast<std::size_t>(piece);
    const Index row = blocks[k].first_line - blocks.front().first_line;
    try {
      rows[k] = readers[k].read(x.data() + row * table.features, table.y.data() + row * table.targets);
    } catch (...) {
      errors[k] = std::current_exception();
    }
  });
  for (const std::exception_ptr& error : errors) {
    if (error != nullptr) {
      std::rethrow_exception(error);
    }
  }
  table.samples = std::accumulate(rows.begin(), rows.end(), Index{0});
  x.resize(static_cast<std::size_t>(table.samples * table.features));
  table.y.resize(static_cast<std::size_t>(table.samples * table.targets));
  if (sheet.labels == Labels::text) {
    std::vector<NumberedLabels> parts;
    double* y = table.y.data();
    for (std::size_t k = 0; k < blocks.size(); y += rows[k++]) {
      parts.push_back({readers[k].labels(), {y, static_cast<std::size_t>(rows[k])}});
    }
    table.labels = merge_labels(parts);
  }
}

void read_rows(const Sheet& sheet, Table& table) {
  constexpr std::size_t kBlockBytes = std::size_t{1} << 19;
  const std::string_view body = sheet.layout.body;
  // A line feed inside quotes would be taken for the end of a row by the cuts, so files with quotes are read in one piece.
  const bool one_piece = body.find('"') != std::string_view::npos;
  std::vector<Block> blocks = cut(sheet.layout, one_piece ? 1 : body.size() / kBlockBytes + 1);
  const Index lines = blocks.back().first_line + blocks.back().rows - sheet.layout.first_line;
  // A row takes at least one byte and a delimiter for each number. More lines than that: some row is ragged, and the first error
  // comes at the latest in the row that would start after `most`. So memory stays in proportion to the file.
  const Index most = static_cast<Index>(body.size() + 1) / (2 * (table.features + table.targets) + sheet.columns.dropped);
  if (lines > most + 1) {
    blocks.assign(1, {body, sheet.layout.first_line, lines});
  }
  const auto rows = static_cast<std::size_t>(std::min(lines, most + 1));
  std::vector<double> x(rows * static_cast<std::size_t>(table.features));
  table.y.resize(rows * static_cast<std::size_t>(table.targets));
  read_blocks(sheet, blocks, table, x);
  table.target_line = one_piece && table.samples != lines ? 0 : sheet.layout.first_line;
  table.x = std::move(x);
}

}  // namespace

Table read_csv(std::string_view content, const std::string& path, const Selection& selection) {
  const std::string delimited = blanks_to_delimiters(content);
  const CsvLayout layout = csv_layout(delimited.empty() ? content : delimited, path, selection);
  const Columns columns = select_columns({path, layout.header, layout.columns}, selection);
  Table table;
  for (const std::string& notice : layout.notices) {
    table.notices.emplace_back(path).append(": ").append(notice);
  }
  describe(columns, path, table);
  const Labels labels = columns.targets == 1 ? selection.labels : Labels::numbers;
  try {
    read_rows({path, layout, columns, labels}, table);
  } catch (const FoundText&) {
    read_rows({path, layout, columns, Labels::text}, table);
  }
  return table;
}

}  // namespace neuspec::read
