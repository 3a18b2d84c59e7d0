/// \file csv_layout.hpp
/// What must be known about a CSV file before its rows are read, and how one field is delimited.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "neuspec/dataset.hpp"
#include "read/blocks.hpp"
#include "read/columns.hpp"
#include "read/growing_bytes.hpp"

namespace neuspec::read {

struct CsvLayout {
  char delimiter = ',';
  std::vector<std::string> header;  ///< names of the columns; empty where there is no header
  Index columns = 0;
  std::string_view body;  ///< the rows, without blank lines at the end and without the last line break
  Index first_line = 1;   ///< line of the file where the body starts
  std::vector<std::string> notices;
};

/// Finds delimiter, header and body. \throws DataError for an empty file, a header alone, a quote that is never closed, and a first line that may be
/// a header or a sample
CsvLayout csv_layout(std::string_view content, const std::string& path, const Selection& selection);

/// Whether `content`, whole lines of which more may follow, shows all that `csv_layout` looks at: two rows, and that they are not the last.
bool shows_layout(std::string_view content);

struct RowMarks;

/// Rows of a file whose layout is known, `layout.body` all of them or some. With `marks` the table lacks its features, and the marks say where they
/// are.
Table read_csv_rows(const CsvLayout& layout, const std::string& path, const Selection& selection, std::size_t block_bytes = kBlockBytes,
                    RowMarks* marks = nullptr);

/// Features (row-major) of `count` rows of a text behind as many as are skipped, which have been read before; `columns` has no targets.
void read_csv_features(std::string_view rows, const CsvLayout& layout, const std::string& path, const Columns& columns, Index skipped, Index count,
                       double* x);

/// `text` without blank lines at its end and without the last line break.
std::string_view without_blank_end(std::string_view text);

/// For a file whose fields are separated by blanks, as many as there are, a delimiter that it does not contain; none for any other file.
std::optional<char> delimiter_for_blanks(std::string_view content);

/// The same with one delimiter for each run of blanks outside quotes.
GrowingBytes delimit_blanks(std::string_view content, char delimiter, std::size_t block_bytes = kBlockBytes);

inline constexpr const char* unclosed_quote = "a quote is opened and not closed at the end of the field";

/// The end of the field that starts at `first`: the next delimiter or line feed that is not quoted, or `last`.
const char* field_end(const char* first, const char* last, char delimiter);

/// `text` without the blanks and carriage returns around it.
std::string_view trimmed(std::string_view text);

/// `field` without surrounding blanks, the carriage return of CRLF and quotes; doubled quotes inside become one.
struct Field {
  std::string text;
  bool closed = true;  ///< false: starts with a quote that does not end the field
};
Field unquote(std::string_view field);

}  // namespace neuspec::read
