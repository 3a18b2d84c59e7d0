#include "read/stored_text.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "read/growing_bytes.hpp"
#include "read/open_text.hpp"
#include "read/parts.hpp"
#include "read/row_marks.hpp"
#include "read/text_piece.hpp"

namespace neuspec::read {
namespace {

/// Features of a piece of the file.
class StoredRows final : public StoredFeatures {
 public:
  StoredRows(std::shared_ptr<const OpenText> text, std::shared_ptr<const Columns> columns, Index features, RowMarks marks)
      : text_(std::move(text)), columns_(std::move(columns)), features_(features), marks_(std::move(marks)) {}

  void read(Index first, Index count, double* to) const override {
    if (count == 0) return;
    const MarkedRows rows = marked_rows(marks_, first, count);
    GrowingBytes bytes;
    bytes.reserve(rows.size);
    text_->file().read(rows.begin, rows.size, bytes.data());
    const std::string_view lines(bytes.data(), rows.size);
    if (text_->is_libsvm()) {
      read_libsvm_features(lines, text_->path(), features_, rows.skipped, count, to);
    } else {
      read_csv_features(lines, text_->layout(), text_->path(), *columns_, rows.skipped, count, to);
    }
  }

  bool in_range() const override { return marks_.in_range; }

 private:
  std::shared_ptr<const OpenText> text_;
  std::shared_ptr<const Columns> columns_;  // of CSV
  Index features_;
  RowMarks marks_;
};

/// The file's columns where targets, which are known, do not count.
std::shared_ptr<const Columns> columns_of_features(const OpenText& text, const Selection& selection) {
  if (text.is_libsvm()) return nullptr;
  Columns columns = select_columns({text.path(), text.layout().header, text.layout().columns}, selection);
  for (Index& place : columns.place) place = place < 0 ? Columns::kDropped : place;
  columns.targets = 0;
  return std::make_shared<const Columns>(std::move(columns));
}

class TextReader {
 public:
  TextReader(std::shared_ptr<const OpenText> text, Selection selection, std::size_t piece_bytes)
      : text_(std::move(text)), selection_(std::move(selection)), columns_(columns_of_features(*text_, selection_)) {
    const std::size_t size = text_->file().size();
    for (std::size_t begin = 0; begin < size; begin += piece_bytes) ranges_.push_back({begin, std::min(begin + piece_bytes, size)});
  }

  /// Whether what is made of the file, and its text, are more than memory is to hold.
  bool is_too_large() {
    const auto bytes = static_cast<double>(text_->file().size());
    double numbers = text_->numbers_a_byte() * bytes;
    if (text_->is_libsvm()) {
      for (const ByteRange& range : ranges_) all_.outline = all_.outline + TextPiece(text_, range).outline();
      all_.bytes = text_->file().size();
      numbers = static_cast<double>(all_.outline.samples) * static_cast<double>(std::max(all_.outline.features, selection_.features) + 1);
    }
    return bytes + numbers * sizeof(double) > selection_.memory;
  }

  /// Nothing where a piece cannot be read without the others.
  std::optional<Table> table() {
    std::vector<Table> pieces;
    if (!read(pieces)) return {};
    const auto differs = [&](const Table& piece) { return piece.labels.empty() != pieces.front().labels.empty(); };
    if (std::any_of(pieces.begin(), pieces.end(), differs)) {  // words of one piece make all labels words
      selection_.labels = Labels::text;
      if (!read(pieces)) return {};
    }
    const bool lines_are_samples = std::all_of(pieces.begin(), pieces.end(), [](const Table& piece) { return piece.target_line > 0; });
    const std::string target_path = pieces.front().target_path;
    const Index first_line = pieces.front().target_line;
    Table all = joined(text_->path(), std::move(pieces));
    all.target_path = target_path;
    all.target_line = lines_are_samples ? first_line : 0;
    return all;
  }

 private:
  bool read(std::vector<Table>& pieces) {
    pieces.clear();
    LibsvmFile file = all_;
    for (const ByteRange& range : ranges_) {
      TextPiece piece(text_, range);
      const LibsvmOutline outline = piece.outline();
      if (!piece.can_be_cut() || !piece.fits(selection_, file)) return false;
      if (!piece.is_empty()) {
        RowMarks marks;
        pieces.push_back(piece.read(selection_, file, &marks));
        pieces.back().x = std::make_shared<const StoredRows>(text_, columns_, pieces.back().features, std::move(marks));
      }
      file.lines_before += outline.lines;
    }
    return !pieces.empty();
  }

  std::shared_ptr<const OpenText> text_;
  Selection selection_;
  std::shared_ptr<const Columns> columns_;
  std::vector<ByteRange> ranges_;
  LibsvmFile all_;  // of LIBSVM
};

}  // namespace

std::optional<Table> read_stored_text(const std::shared_ptr<const FileBuffer>& file, const std::string& path, const Selection& selection,
                                      std::size_t piece_bytes) {
  const auto text = std::make_shared<const OpenText>(path, file, selection);
  if (!text->can_be_cut()) return {};
  TextReader reader(text, selection, piece_bytes);
  return reader.is_too_large() ? reader.table() : std::nullopt;
}

}  // namespace neuspec::read
