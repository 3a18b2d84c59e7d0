#include "read/open_text.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "read/blocks.hpp"
#include "read/growing_bytes.hpp"
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

OpenText::OpenText(std::string path, std::shared_ptr<const FileBuffer> file, const Selection& selection)
    : path_(std::move(path)), file_(std::move(file)) {
  GrowingBytes longer;
  std::string_view head = file_->content();
  while (!look(head, selection)) {
    const std::size_t size = std::min(file_->size(), 4 * head.size());
    longer.reserve(size);
    file_->read(0, size, longer.data());
    head = {longer.data(), size};
  }
  layout_.body = {};
  find_end();
}

OpenText::OpenText(const std::string& path, const Selection& selection)
    : OpenText(path, std::make_shared<FileBuffer>(path, [](std::string_view) { return true; }, 0), selection) {}

/// False where more of the file has to be seen.
bool OpenText::look(std::string_view head, const Selection& selection) {
  const bool complete = head.size() == file_->size();
  const std::string_view lines = whole_lines(head, complete);
  if (!complete && (lines.empty() || !content_tells(lines))) return false;
  body_ = static_cast<std::size_t>(lines.data() - head.data());
  libsvm_ = looks_like_libsvm(lines, path_);
  if (libsvm_) return true;
  if (!complete && !shows_layout(lines)) return false;
  can_be_cut_ = lines.find('\n') != std::string_view::npos;
  if (!can_be_cut_) return true;
  const std::optional<char> delimiter = delimiter_for_blanks(lines);
  const GrowingBytes delimited = delimiter ? delimit_blanks(lines, *delimiter) : GrowingBytes();
  blank_separated_ = delimiter.has_value();
  layout_ = csv_layout(delimiter ? delimited.view() : lines, path_, selection);
  can_be_cut_ = !delimiter || layout_.delimiter == *delimiter;
  if (delimiter) {
    for (Index line = 1; line < layout_.first_line; ++line) body_ = head.find('\n', body_) + 1;
  } else {
    body_ = static_cast<std::size_t>(layout_.body.data() - head.data());
  }
  return true;
}

void OpenText::find_end() {
  constexpr std::size_t kWindow = std::size_t{1} << 12;
  std::string window;
  for (end_ = file_->size(); !libsvm_ && end_ > body_;) {
    window.resize(std::min(kWindow, end_ - body_));
    file_->read(end_ - window.size(), window.size(), window.data());
    const std::size_t last = window.find_last_not_of(" \r\n");
    end_ -= window.size() - (last == std::string::npos ? 0 : last + 1);
    if (last != std::string::npos) return;
  }
}

double OpenText::numbers_in(ByteRange range) const {
  constexpr std::size_t kWindow = std::size_t{1} << 16, kWindows = 16;
  std::string window;
  double lines = 0, seen = 0;
  for (std::size_t k = 0; k < kWindows; ++k) {
    const std::size_t at = range.begin + (range.end - range.begin) / kWindows * k;
    window.resize(std::min(kWindow, range.end - at));
    file_->read(at, window.size(), window.data());
    lines += static_cast<double>(count_lines(window));
    seen += static_cast<double>(window.size());
  }
  return (1 + lines) * static_cast<double>(layout_.columns) * static_cast<double>(range.end - range.begin) / std::max(seen, 1.0);
}

std::size_t OpenText::line_start(std::size_t position) const {
  constexpr std::size_t kWindow = std::size_t{1} << 12;
  if (position <= body_) return body_;
  std::string window(kWindow, '\0');
  for (std::size_t at = position - 1; at < end_; at += window.size()) {
    window.resize(std::min(kWindow, end_ - at));
    file_->read(at, window.size(), window.data());
    const std::size_t feed = window.find('\n');
    if (feed != std::string::npos) return at + feed + 1;
  }
  return end_;
}

}  // namespace neuspec::read
