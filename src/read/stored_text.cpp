#include "read/stored_text.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "read/growing_bytes.hpp"
#include "read/open_text.hpp"
#include "read/parts.hpp"
#include "read/row_marks.hpp"

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
      const GrowingBytes delimited = text_->is_blank_separated() ? delimit_blanks(lines, text_->layout().delimiter) : GrowingBytes();
      read_csv_features(text_->is_blank_separated() ? delimited.view() : lines, text_->layout(), text_->path(), *columns_, rows.skipped, count, to);
    }
  }

  bool in_range() const override { return marks_.in_range; }
  const Deviations* deviations() const override { return marks_.deviations.samples > 0 ? &marks_.deviations : nullptr; }

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

}  // namespace

TextRange::TextRange(std::shared_ptr<const OpenText> file, ByteRange range, std::size_t piece_bytes)
    : file_(std::move(file)), range_(range), whole_(file_, range_), can_be_cut_(file_->can_be_cut()) {
  for (std::size_t begin = range.begin; begin < range.end; begin += piece_bytes) pieces_.push_back({begin, std::min(begin + piece_bytes, range.end)});
}

LibsvmOutline TextRange::outline() {
  outline_ = {};
  const auto add = [this](TextPiece& piece) {
    outline_ = outline_ + piece.outline();
    can_be_cut_ = can_be_cut_ && piece.can_be_cut();
    empty_ = empty_ && piece.is_empty();
  };
  if (pieces_.size() == 1) {
    add(whole_);
    return outline_;
  }
  for (const ByteRange& range : pieces_) {
    TextPiece piece(file_, range);
    add(piece);
  }
  return outline_;
}

bool TextRange::is_too_large(const Selection& selection, const LibsvmFile& file) const {
  const auto bytes = static_cast<double>(range_.end - range_.begin);
  constexpr double most = 0.5;  // numbers a byte of CSV: a digit and a delimiter
  if (!file_->is_libsvm() && bytes * (2 + most * sizeof(double)) <= selection.memory) return false;
  const auto features = static_cast<double>(selection.features > 0 ? selection.features : file.outline.features);
  const double numbers = file_->is_libsvm() ? static_cast<double>(outline_.samples) * (features + 1) : file_->numbers_in(range_);
  return bytes * (file_->is_blank_separated() ? 2 : 1) + numbers * sizeof(double) > selection.memory;
}

std::optional<Table> TextRange::read(Selection selection, const LibsvmFile& file) {
  if (!is_too_large(selection, file)) return whole_.read(selection, file);
  whole_ = TextPiece(file_, range_);  // whose text may be there
  std::vector<Table> tables;
  if (!read_pieces(selection, file, tables)) return {};
  const auto differs = [&](const Table& table) { return table.labels.empty() != tables.front().labels.empty(); };
  if (std::any_of(tables.begin(), tables.end(), differs)) {  // words of one piece make all labels words
    selection.labels = Labels::text;
    if (!read_pieces(selection, file, tables)) return {};
  }
  const bool lines_are_samples = std::all_of(tables.begin(), tables.end(), [](const Table& table) { return table.target_line > 0; });
  const std::string target_path = tables.front().target_path;
  const Index first_line = tables.front().target_line;
  Table all = stacked(file_->path(), std::move(tables));
  all.target_path = target_path;
  all.target_line = lines_are_samples ? first_line : 0;
  return all;
}

bool TextRange::read_pieces(Selection selection, LibsvmFile file, std::vector<Table>& tables) const {
  tables.clear();
  const auto columns = columns_of_features(*file_, selection);
  bool gap = false;
  for (const ByteRange& range : pieces_) {
    TextPiece piece(file_, range);
    const LibsvmOutline outline = piece.outline();
    if (!piece.can_be_cut()) return false;
    if (piece.is_empty()) {
      gap = gap || (outline.lines > 0 && !tables.empty());
    } else {
      RowMarks marks;
      marks.looks_at_deviations = selection.deviations;
      Table table = piece.read(selection, file, &marks);
      table.x = std::make_shared<const StoredRows>(file_, columns, table.features, std::move(marks));
      if (gap) table.target_line = 0;
      if (!tables.empty()) table.feature_names = table.target_names = {};  // of a wide file they would soon be as large as it
      if (!table.labels.empty()) selection.labels = Labels::text;
      tables.push_back(std::move(table));
    }
    file.lines_before += outline.lines;
  }
  return !tables.empty();
}

double held_bytes_of(const Table& table) {
  const auto* const numbers = std::get_if<std::vector<double>>(&table.x);
  return numbers == nullptr ? 0 : static_cast<double>(numbers->size() * sizeof(double));
}

std::optional<Table> read_stored_text(const std::shared_ptr<const FileBuffer>& file, const std::string& path, const Selection& selection,
                                      std::size_t piece_bytes) {
  const auto text = std::make_shared<const OpenText>(path, file, selection);
  TextRange range(text, {0, file->size()}, piece_bytes);
  if (!range.can_be_cut()) return {};
  const LibsvmFile all{text->is_libsvm() ? range.outline() : LibsvmOutline{}, file->size(), 0};
  return range.is_too_large(selection, all) && range.fits(selection, all) ? range.read(selection, all) : std::nullopt;
}

}  // namespace neuspec::read
