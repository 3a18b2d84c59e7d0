/// \file row_marks.hpp
/// Where rows of a text are, so that some of them can be read without the others.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "neuspec/dataset.hpp"
#include "read/scaling.hpp"

namespace neuspec::read {

struct RowMarks {
  Index every = 1;                       ///< rows between two marks
  std::vector<std::size_t> begins = {};  ///< of rows 0, every, 2·every, … in the text
  std::size_t text_begin = 0;            ///< of the text in its file
  std::size_t text_size = 0;             ///< without the last line break
  bool in_range = true;                  ///< all numbers are of a size that can be used
  bool looks_at_deviations = true;
  Deviations deviations = {};  ///< of the features, if they were looked at

  /// Whether deviations of so many features are to be looked at.
  bool sees(Index features) const { return looks_at_deviations && features > 0 && features <= most_seen_features; }
  /// As many marks as take little beside numbers of the text, and find a row without reading many others.
  void expect(Index rows, Index numbers_a_row) {
    constexpr Index numbers_a_mark = 512;
    every = std::max<Index>(1, numbers_a_mark / std::max<Index>(numbers_a_row, 1));
    begins.resize(static_cast<std::size_t>((rows + every - 1) / every));
  }
  /// For as many rows as are expected, each of which is a line of the text.
  void mark_lines(std::string_view text) {
    text_size = text.size();
    Index row = 0;
    for (std::size_t begin = 0; begin < text.size(); begin = std::min(text.find('\n', begin), text.size()) + 1) note(row++, begin);
  }
  /// From threads that have rows of their own.
  void note(Index row, std::size_t begin) {
    if (row % every == 0) begins[static_cast<std::size_t>(row / every)] = begin;
  }
};

/// A stretch of the text with rows of it.
struct MarkedRows {
  std::size_t begin, size;  ///< in the file
  Index skipped;            ///< rows before those that were asked for
};
inline MarkedRows marked_rows(const RowMarks& marks, Index first, Index count) {
  const auto from = static_cast<std::size_t>(first / marks.every), next = static_cast<std::size_t>((first + count + marks.every - 1) / marks.every);
  const std::size_t begin = marks.begins[from], end = next < marks.begins.size() ? marks.begins[next] : marks.text_size;
  return {marks.text_begin + begin, end - begin, first % marks.every};
}

}  // namespace neuspec::read
