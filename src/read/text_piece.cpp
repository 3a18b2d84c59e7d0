#include "read/text_piece.hpp"

#include <algorithm>
#include <utility>

#include "read/blocks.hpp"
#include "read/csv_rows.hpp"
#include "read/readers.hpp"

namespace neuspec::read {

void TextPiece::load() {
  if (loaded_) return;
  constexpr std::size_t kStretch = std::size_t{1} << 22;  // that one thread reads
  begin_ = file_->line_start(range_.begin);
  const std::size_t end = range_.end < file_->end() ? file_->line_start(range_.end) : file_->end();
  const std::size_t size = end > begin_ ? end - begin_ : 0;
  at_end_ = end == file_->end();
  bytes_.reserve(size + 1);
  read_blocks((size + kStretch - 1) / kStretch, [&](std::size_t k) {
    file_->file().read(begin_ + k * kStretch, std::min(kStretch, size - k * kStretch), bytes_.data() + k * kStretch);
  });
  bytes_.size = size;
  loaded_ = true;
}

bool TextPiece::is_empty() {
  load();
  return file_->is_libsvm() ? outline_.samples == 0 : bytes_.size == 0;
}

LibsvmOutline TextPiece::outline() {
  load();
  if (file_->is_libsvm()) return outline_ = libsvm_outline(text());
  const bool blank = !is_empty() && without_blank_end(text()).empty();  // an error, which who sees all lines tells
  const char delimiter = file_->layout().delimiter;
  const bool quotes = text().find('"') != std::string_view::npos;
  const bool open = file_->is_blank_separated() ? quotes || text().find(delimiter) != std::string_view::npos
                                                : quotes && !at_end_ && cut_at_rows(text(), delimiter, kBlockBytes).open;
  can_be_cut_ = can_be_cut_ && !blank && !open;
  return {count_lines(text()), 0, 0};
}

Table TextPiece::read(const Selection& selection, const LibsvmFile& file, RowMarks* marks) {
  load();
  const GrowingBytes lines = std::move(bytes_);
  bytes_ = {};
  loaded_ = false;
  std::string_view body(lines.data(), lines.size);
  if (marks != nullptr) marks->text_begin = begin_;
  if (file_->is_libsvm()) return read_libsvm_lines(body, &file, file_->path(), selection, kBlockBytes, marks);
  if (!at_end_) body.remove_suffix(1);
  const GrowingBytes delimited = file_->is_blank_separated() ? delimit_blanks(body, file_->layout().delimiter) : GrowingBytes();
  CsvLayout layout = file_->layout();
  layout.body = file_->is_blank_separated() ? delimited.view() : body;
  layout.first_line += file.lines_before;
  Table table = read_csv_rows(layout, file_->path(), selection, kBlockBytes, marks);
  if (marks != nullptr && file_->is_blank_separated()) marks->mark_lines(body);
  if (range_.begin > 0) table.notices.clear();  // those are of the file, and said once
  return table;
}

}  // namespace neuspec::read
