#include <algorithm>
#include <atomic>
#include <utility>

#include "numeric/all_within.hpp"
#include "read/blocks.hpp"
#include "read/csv_field.hpp"
#include "read/csv_layout.hpp"
#include "read/csv_rows.hpp"
#include "read/number.hpp"
#include "read/range.hpp"
#include "read/readers.hpp"
#include "read/row_marks.hpp"
#include "read/scaling.hpp"
#include "read/text_labels.hpp"
#include "threads/available_memory.hpp"

namespace neuspec::read {
namespace {

// Reads the rows of one block: fields that are plainly a number here, all others by a FieldReader.
class RowReader {
 public:
  RowReader(const Sheet& sheet, const RowBlock& block)
      : sheet_(sheet),
        block_(block),
        limit_(block.text.data() + block.text.size() - std::min<std::size_t>(block.text.size(), kDecimalMargin)),
        fields_(sheet, block.text.data() + block.text.size(), sheet.layout.first_line + block.lines_before) {}

  // Row after row into row-major x and y.
  void read(double* x, double* y) {
    const Columns& columns = sheet_.columns;
    const char* p = block_.text.data();
    for (Index row = 0; row < block_.rows; ++row, x += columns.features, y += columns.targets) {
      p = read_row(p, x, y);
    }
  }

  // The same without x, whose rows are marked by where they are behind `text`, and seen by `deviations` unless that is null. \returns whether all of
  // them are of a size that can be used
  bool look(const char* text, double* y, RowMarks& marks, RunningDeviations* deviations) {
    const Columns& columns = sheet_.columns;
    std::vector<double> x(static_cast<std::size_t>(columns.features));
    const char* p = block_.text.data();
    bool in_range = true;
    for (Index row = 0; row < block_.rows; ++row, y += columns.targets) {
      marks.note(block_.rows_before + row, static_cast<std::size_t>(p - text));
      p = read_row(p, x.data(), y);
      in_range = all_within(x.data(), columns.features, largest_usable) && in_range;
      if (deviations != nullptr) deviations->add(x.data(), 1);
    }
    return in_range;
  }

  // x of the rows behind so many others.
  void read_behind(Index skipped, double* x) {
    std::vector<double> others(static_cast<std::size_t>(sheet_.columns.features));
    const char* p = block_.text.data();
    for (Index row = 0; row < block_.rows; ++row) {
      p = read_row(p, row < skipped ? others.data() : x + (row - skipped) * sheet_.columns.features, nullptr);
    }
  }

  const LabelNumbers& labels() const { return fields_.labels(); }

 private:
  const char* read_row(const char* p, double* x, double* y) {
    const Index count = sheet_.layout.columns;
    const Index* const place = sheet_.columns.place.data();
    const Index first_number = sheet_.labels == Labels::text ? 0 : Columns::kDropped + 1;
    for (Index c = 0; c < count; ++c) {
      const char delimiter = c + 1 < count ? sheet_.layout.delimiter : '\n';
      double value = 0;
      const char* const end = place[c] < first_number ? nullptr : plain_end(p, value);
      if (end != nullptr && *end == delimiter) {
        p = end + 1;
      } else {
        value = fields_.read(p, c);
      }
      if (place[c] >= 0) {
        x[place[c]] = value;
      } else if (place[c] != Columns::kDropped) {
        y[-1 - place[c]] = value;
      }
    }
    fields_.next_line();
    return p;
  }

  // Takes a number with blanks before it, in quotes or before a carriage return, and returns its end; null for what is not as simple.
  const char* plain_end(const char* p, double& value) const {
    while (p < limit_ && *p == ' ') {
      ++p;
    }
    if (p >= limit_) {
      return nullptr;
    }
    const bool in_quotes = *p == '"';
    const char* end = parse_decimal(in_quotes ? p + 1 : p, limit_, value);
    if (end != nullptr && in_quotes) {
      end = *end == '"' ? end + 1 : nullptr;
    }
    return end != nullptr && *end == '\r' ? end + 1 : end;
  }

  const Sheet& sheet_;
  const RowBlock& block_;
  const char* limit_;
  FieldReader fields_;
};

std::string_view without_line_feed(std::string_view text) { return text.substr(0, text.size() - (text.ends_with('\n') ? 1 : 0)); }

void read_rows(const Sheet& sheet, std::size_t block_bytes, Table& table, RowMarks* marks) {
  const std::string_view body = sheet.layout.body;
  RowBlocks cut = cut_at_rows(body, sheet.layout.delimiter, block_bytes);
  // A row takes at least one byte and a delimiter for each number. More rows than that: some row is ragged, and the first error
  // comes at the latest in the row that would start after `most`. So memory stays in proportion to the file.
  const Index most = static_cast<Index>(body.size() + 1) / (2 * (table.features + table.targets) + sheet.columns.dropped);
  table.target_line = cut.rows == cut.lines ? sheet.layout.first_line : 0;
  if (cut.rows > most + 1) {
    cut.rows = most + 1;
    cut.blocks.assign(1, {body, 0, 0, cut.rows});
  }
  table.samples = cut.rows;
  const Index held = table.targets + (marks == nullptr ? table.features : 0);  // of a row
  expect_memory(sizeof(double) * static_cast<double>(table.samples * held));
  std::vector<double> x(static_cast<std::size_t>(marks == nullptr ? table.samples * table.features : 0));
  table.y.resize(static_cast<std::size_t>(table.samples * table.targets));
  if (marks != nullptr) {
    marks->expect(table.samples, sheet.layout.columns);
    marks->text_size = body.size();
  }
  std::vector<RowReader> readers;
  for (const RowBlock& block : cut.blocks) {
    readers.emplace_back(sheet, block);
  }
  const bool sees = marks != nullptr && marks->sees(table.features);
  std::vector<Deviations> seen(sees ? readers.size() : 0);
  std::atomic<bool> in_range = true;
  read_blocks(readers.size(), [&](std::size_t k) {
    const Index row = cut.blocks[k].rows_before;
    double* const y = table.y.data() + row * table.targets;
    if (marks == nullptr) {
      readers[k].read(x.data() + row * table.features, y);
      return;
    }
    RunningDeviations deviations(table.features);
    if (!readers[k].look(body.data(), y, *marks, sees ? &deviations : nullptr)) in_range = false;
    if (sees) seen[k] = deviations.finish();
  });
  if (marks != nullptr) {
    marks->in_range = in_range;
    marks->deviations = {};
    for (Deviations& part : seen) merge(std::move(part), marks->deviations);
  }
  table.x = std::move(x);
  if (sheet.labels == Labels::text) {
    std::vector<NumberedLabels> parts;
    for (std::size_t k = 0; k < readers.size(); ++k) {
      parts.push_back({readers[k].labels(), {table.y.data() + cut.blocks[k].rows_before, static_cast<std::size_t>(cut.blocks[k].rows)}});
    }
    table.labels = merge_labels(parts);
  }
}

}  // namespace

Table read_csv(std::string_view content, const std::string& path, const Selection& selection, std::size_t block_bytes) {
  const std::optional<char> delimiter = delimiter_for_blanks(content);
  const GrowingBytes delimited = delimiter ? delimit_blanks(content, *delimiter, block_bytes) : GrowingBytes();
  return read_csv_rows(csv_layout(delimiter ? delimited.view() : content, path, selection), path, selection, block_bytes);
}

Table read_csv_rows(const CsvLayout& layout, const std::string& path, const Selection& selection, std::size_t block_bytes, RowMarks* marks) {
  const Columns columns = select_columns({path, layout.header, layout.columns}, selection);
  Table table;
  for (const std::string& notice : layout.notices) {
    table.notices.emplace_back(path).append(": ").append(notice);
  }
  describe(columns, path, table);
  const Labels labels = columns.targets == 1 ? selection.labels : Labels::numbers;
  try {
    read_rows({path, layout, columns, labels}, block_bytes, table, marks);
  } catch (const FoundText&) {
    read_rows({path, layout, columns, Labels::text}, block_bytes, table, marks);
  }
  return table;
}

void read_csv_features(std::string_view rows, const CsvLayout& layout, const std::string& path, const Columns& columns, Index skipped, Index count,
                       double* x) {
  RowReader({path, layout, columns, Labels::numbers}, {without_line_feed(rows), 0, 0, skipped + count}).read_behind(skipped, x);
}

}  // namespace neuspec::read
