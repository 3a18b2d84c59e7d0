/// \file open_text.hpp
/// A text file that is read in pieces, and what its beginning tells of all of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "read/columns.hpp"
#include "read/csv_layout.hpp"
#include "read/file_buffer.hpp"
#include "read/text_files.hpp"

namespace neuspec::read {

class OpenText {
 public:
  /// Reads as much of the beginning as tells what the file holds. \throws DataError
  OpenText(std::string path, std::shared_ptr<const FileBuffer> file, const Selection& selection);
  OpenText(const std::string& path, const Selection& selection);

  const std::string& path() const { return path_; }
  const FileBuffer& file() const { return *file_; }
  /// Whether it can be read in pieces: lines end with line feeds.
  bool can_be_cut() const { return can_be_cut_; }
  bool is_libsvm() const { return libsvm_; }
  /// Whether runs of blanks stand for the layout's delimiter.
  bool is_blank_separated() const { return blank_separated_; }
  const CsvLayout& layout() const { return layout_; }  ///< of CSV, but for the rows
  /// Where the last line ends, behind which are blank lines at most.
  std::size_t end() const { return end_; }
  /// Where the first line starts that is no header and starts there or later.
  std::size_t line_start(std::size_t position) const;
  /// About how many numbers a range of CSV holds, by what is seen of its lines here and there.
  double numbers_in(ByteRange range) const;

 private:
  bool look(std::string_view head, const Selection& selection);
  void find_end();

  std::string path_;
  std::shared_ptr<const FileBuffer> file_;
  bool can_be_cut_ = true, libsvm_ = false, blank_separated_ = false;
  CsvLayout layout_;
  std::size_t body_ = 0, end_ = 0;  // of the lines that are no header
};

}  // namespace neuspec::read
