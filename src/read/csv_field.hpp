/// \file csv_field.hpp
/// Fields of a CSV file that are more than digits and a delimiter.
#pragma once

#include <string>
#include <string_view>

#include "neuspec/dataset.hpp"
#include "read/columns.hpp"
#include "read/csv_layout.hpp"
#include "read/text_labels.hpp"

namespace neuspec::read {

/// What all rows of a file share.
struct Sheet {
  const std::string& path;
  const CsvLayout& layout;
  const Columns& columns;
  Labels labels;  ///< numbers: words are errors, any: a word is thrown as FoundText, text: every label is one
};

struct FoundText {};

/// Reads fields one after another: blanks, quotes, CRLF, labels, the end of the file, and every error.
class FieldReader {
 public:
  FieldReader(const Sheet& sheet, const char* last, Index line) : sheet_(sheet), last_(last), line_(line) {}

  /// The number or label in column c, 0 in one that is dropped. The field starts at `p`, which moves behind it and its delimiter. \throws DataError
  /// for anything else, and for a row that ends too soon or too late; FoundText
  double read(const char*& p, Index c);

  void next_line() { ++line_; }
  const LabelNumbers& labels() const { return labels_; }

 private:
  void check_raggedness(std::string_view text, Index c) const;
  std::string content_of(std::string_view text, Index c) const;
  double label_in(std::string_view text, Index c);
  double number_in(std::string_view text, Index c) const;
  [[noreturn]] void fail_in_field(Index c, const std::string& message) const;

  const Sheet& sheet_;
  const char* last_;
  Index line_;
  LabelNumbers labels_;
};

}  // namespace neuspec::read
