/// \file libsvm_reader.hpp
/// Samples of a LIBSVM file's lines.
#pragma once

#include <string>
#include <string_view>

#include "neuspec/dataset.hpp"
#include "read/scaling.hpp"

namespace neuspec::read {

/// Where an index stands, the largest one; 0 for none.
struct LibsvmPlace {
  Index index = 0, line = 0, column = 0;
};

/// Rows of a dense table, filled with zeros, that samples go to; x is null where they are only looked at, and a single row where `seen` sees them.
struct LibsvmRows {
  double* x;
  double* y;
  Index features;
  RunningDeviations* seen = nullptr;
};

class LibsvmReader {
 public:
  LibsvmReader(const std::string& path, Index line, Index most_features) : path_(path), line_(line), most_features_(most_features) {}

  /// Reads all samples of a block; returns where its largest index stands. \throws DataError
  LibsvmPlace read(std::string_view text, LibsvmRows rows);
  /// Whether all values were of a size that can be used.
  bool in_range() const { return in_range_; }

 private:
  void read_line(std::string_view line, const LibsvmRows& rows);
  /// Takes a pair without fault, the usual case, off the line: its index becomes `previous_`.
  bool take_pair(std::string_view& line, double& value);
  /// The same for any word; false for one that is no pair and is let pass.
  bool take_word(std::string_view& line, double& value);
  [[noreturn]] void fail_here(const std::string& message) const;
  double label(std::string_view text) const;
  double number(std::string_view text, const char* what) const;
  Index ascending_index(std::string_view text) const;

  const std::string& path_;
  Index line_;
  Index most_features_;
  const char* end_of_text_ = nullptr;
  Index column_ = 1;
  Index previous_ = 0;
  bool in_range_ = true;
  LibsvmPlace largest_;
};

}  // namespace neuspec::read
