/// \file text_piece.hpp
/// Whole lines of a text file in the middle of it, which are read without the rest.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "read/columns.hpp"
#include "read/csv_layout.hpp"
#include "read/file_buffer.hpp"
#include "read/growing_bytes.hpp"
#include "read/libsvm_lines.hpp"
#include "read/text_files.hpp"

namespace neuspec::read {

/// The lines that begin within a range of bytes: what those of ranges that meet give together is what the whole file does.
class TextPiece {
 public:
  /// Opens the file and reads as much of its beginning as tells what it holds, but the lines not yet. \throws DataError
  TextPiece(const TextFile& file, ByteRange range, const Selection& selection);

  /// Whether it can be read in pieces: lines end with line feeds, none of them within quotes where this piece ends, and blanks keep no columns apart.
  bool can_be_cut() const { return can_be_cut_; }
  /// Lines, and of LIBSVM samples and the largest index. Reads the lines.
  LibsvmOutline outline();
  /// The table of these lines; `file` is what is known of all of them. Their text is given back.
  Table read(const Selection& selection, const LibsvmFile& file);
  /// Whether there are none that hold samples.
  bool is_empty();
  /// Whether the samples of a LIBSVM file with what is known of it fit a dense table.
  bool fits(const Selection& selection, const LibsvmFile& file) const { return !libsvm_ || fits_densely(selection, file); }

 private:
  bool look(std::string_view head, const Selection& selection);
  std::size_t line_start(std::size_t position) const;
  void load();
  std::string_view text() const { return {bytes_.data(), bytes_.size}; }

  std::string path_;
  ByteRange range_;
  std::shared_ptr<const FileBuffer> file_;
  bool can_be_cut_ = true, libsvm_ = false, loaded_ = false;
  CsvLayout layout_;
  LibsvmOutline outline_;
  std::size_t body_ = 0;  // where the first line is that is no header
  GrowingBytes bytes_;
};

}  // namespace neuspec::read
