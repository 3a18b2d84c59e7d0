/// \file text_piece.hpp
/// Whole lines of a text file in the middle of it, which are read without the rest.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "read/columns.hpp"
#include "read/growing_bytes.hpp"
#include "read/libsvm_lines.hpp"
#include "read/open_text.hpp"
#include "read/row_marks.hpp"
#include "read/text_files.hpp"

namespace neuspec::read {

/// The lines that begin within a range of bytes: what those of ranges that meet give together is what the whole file does.
class TextPiece {
 public:
  TextPiece(std::shared_ptr<const OpenText> file, ByteRange range) : file_(std::move(file)), range_(range), can_be_cut_(file_->can_be_cut()) {}

  /// Whether the file can be read in pieces, and no quotes are open where this one ends.
  bool can_be_cut() const { return can_be_cut_; }
  /// Lines, and of LIBSVM samples and the largest index. Reads the lines. \throws DataError
  LibsvmOutline outline();
  /// The table of these lines; `file` is what is known of all of them. Their text is given back. With `marks` the features stay in the file, and the
  /// marks say where.
  Table read(const Selection& selection, const LibsvmFile& file, RowMarks* marks = nullptr);
  /// Whether there are none that hold samples.
  bool is_empty();
  /// Whether the samples of a LIBSVM file with what is known of it fit a dense table.
  bool fits(const Selection& selection, const LibsvmFile& file) const { return !file_->is_libsvm() || fits_densely(selection, file); }

 private:
  void load();
  std::string_view text() const { return {bytes_.data(), bytes_.size}; }

  std::shared_ptr<const OpenText> file_;
  ByteRange range_;
  bool can_be_cut_, loaded_ = false;
  LibsvmOutline outline_;
  std::size_t begin_ = 0;  // of the lines
  bool at_end_ = false;    // they are the file's last, which lack their line feed
  GrowingBytes bytes_;
};

}  // namespace neuspec::read
