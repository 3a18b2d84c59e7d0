#include "read/text_piece.hpp"

#include <algorithm>
#include <utility>

#include "read/blocks.hpp"
#include "read/csv_rows.hpp"
#include "read/message.hpp"
#include "read/readers.hpp"

namespace neuspec::read {
namespace {

/// Whole lines of the beginning of a text file, without what may come before the first.
std::string_view whole_lines(std::string_view head, bool complete) {
  const std::string_view text = without_byte_order_mark(head);
  return complete ? text : text.substr(0, text.rfind('\n') + 1);
}

/// Whether a line tells, and not the name's ending.
bool content_tells(std::string_view lines) { return looks_like_libsvm(lines, ".svm") == looks_like_libsvm(lines, ""); }

}  // namespace

TextPiece::TextPiece(const TextFile& file, ByteRange range, const Selection& selection)
    : path_(file.path), range_(range), file_(std::make_shared<FileBuffer>(file.path, [](std::string_view) { return true; }, 0)) {
  if (file_->size() != file.bytes) fail(path_, "was written to while it was read");
  GrowingBytes longer;
  std::string_view head = file_->content();
  while (!look(head, selection)) {
    const std::size_t size = std::min(file_->size(), 4 * head.size());
    longer.reserve(size);
    file_->read(0, size, longer.data());
    head = {longer.data(), size};
  }
}

/// False where more of the file has to be seen.
bool TextPiece::look(std::string_view head, const Selection& selection) {
  const bool complete = head.size() == file_->size();
  const std::string_view lines = whole_lines(head, complete);
  if (!complete && (lines.empty() || !content_tells(lines))) return false;
  body_ = static_cast<std::size_t>(lines.data() - head.data());
  libsvm_ = looks_like_libsvm(lines, path_);
  if (libsvm_) return true;
  if (!complete && !shows_layout(lines)) return false;
  can_be_cut_ = lines.find('\n') != std::string_view::npos && blanks_to_delimiters(lines, kBlockBytes).size == 0;
  if (!can_be_cut_) return true;
  layout_ = csv_layout(lines, path_, selection);
  body_ = static_cast<std::size_t>(layout_.body.data() - head.data());
  return true;
}

/// Of the first line that starts there or later.
std::size_t TextPiece::line_start(std::size_t position) const {
  constexpr std::size_t kWindow = std::size_t{1} << 12;
  if (position <= body_) return body_;
  std::string window(kWindow, '\0');
  for (std::size_t at = position - 1; at < file_->size(); at += window.size()) {
    window.resize(std::min(kWindow, file_->size() - at));
    file_->read(at, window.size(), window.data());
    const std::size_t feed = window.find('\n');
    if (feed != std::string::npos) return at + feed + 1;
  }
  return file_->size();
}

void TextPiece::load() {
  if (loaded_) return;
  constexpr std::size_t kStretch = std::size_t{1} << 22;  // that one thread reads
  const std::size_t begin = line_start(range_.begin), end = range_.end >= file_->size() ? file_->size() : line_start(range_.end);
  const std::size_t size = end > begin ? end - begin : 0;
  bytes_.reserve(size + 1);
  read_blocks((size + kStretch - 1) / kStretch,
              [&](std::size_t k) { file_->read(begin + k * kStretch, std::min(kStretch, size - k * kStretch), bytes_.data() + k * kStretch); });
  bytes_.size = size;
  loaded_ = true;
}

bool TextPiece::is_empty() {
  load();
  return libsvm_ ? outline_.samples == 0 : bytes_.size == 0;
}

LibsvmOutline TextPiece::outline() {
  load();
  if (libsvm_) return outline_ = libsvm_outline(text());
  const bool at_end = range_.end >= file_->size();
  const bool blank = !is_empty() && without_blank_end(text()).empty();  // of lines at the end of the file, which are none, or of an error
  const bool quotes = !at_end && text().find('"') != std::string_view::npos;
  can_be_cut_ = can_be_cut_ && !blank && !(quotes && cut_at_rows(text(), layout_.delimiter, kBlockBytes).open);
  return {count_lines(text()), 0, 0};
}

Table TextPiece::read(const Selection& selection, const LibsvmFile& file) {
  load();
  const GrowingBytes lines = std::move(bytes_);
  bytes_ = {};
  loaded_ = false;
  std::string_view body(lines.data(), lines.size);
  if (libsvm_) return read_libsvm_lines(body, &file, path_, selection);
  if (range_.end >= file_->size()) {
    body = without_blank_end(body);
  } else {
    body.remove_suffix(1);
  }
  CsvLayout layout = layout_;
  layout.body = body;
  layout.first_line += file.lines_before;
  Table table = read_csv_rows(layout, path_, selection);
  if (range_.begin > 0) table.notices.clear();  // those are of the file, and said once
  return table;
}

}  // namespace neuspec::read
