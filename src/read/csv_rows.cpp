#include "read/csv_rows.hpp"

#include <algorithm>

#include "read/blocks.hpp"

namespace neuspec::read {
namespace {

// What lines hold, seen from a start outside of quotes or inside.
struct Lines {
  Index feeds = 0, row_ends = 0;
  std::size_t first_row = 0;  // where the first row starts; npos: nowhere, the text belongs to a row before it
  bool inside = false;        // quotes are open at the end
};

// Follows the quotes by the rule of `field_end`: one that opens a field, after blanks perhaps, hides line feeds up to the next, and so does every
// second one of that field. Others are characters.
class QuoteFollower {
 public:
  QuoteFollower(std::string_view text, char delimiter, bool inside) : text_(text), delimiter_(delimiter) {
    lines_.inside = inside;
    lines_.first_row = inside ? std::string_view::npos : 0;
  }

  Lines follow() {
    bool quoted_field = lines_.inside;
    std::size_t at = 0;
    while (true) {
      const std::size_t quote = std::min(text_.find('"', at), text_.size());
      pass(at, quote);
      if (quote == text_.size()) {
        return lines_;
      }
      if (lines_.inside) {
        lines_.inside = false;
      } else {
        quoted_field = (quoted_field && !field_ends(at, quote)) || opens_field(quote);
        lines_.inside = quoted_field;
      }
      at = quote + 1;
    }
  }

 private:
  void pass(std::size_t first, std::size_t last) {
    const std::string_view part = text_.substr(first, last - first);
    const Index feeds = count_lines(part);
    lines_.feeds += feeds;
    if (lines_.inside || feeds == 0) {
      return;
    }
    lines_.row_ends += feeds;
    if (lines_.first_row == std::string_view::npos) {
      lines_.first_row = first + part.find('\n') + 1;
    }
  }

  bool field_ends(std::size_t first, std::size_t last) const {
    return std::any_of(text_.begin() + static_cast<Index>(first), text_.begin() + static_cast<Index>(last),
                       [this](char c) { return c == delimiter_ || c == '\n'; });
  }

  bool opens_field(std::size_t quote) const {
    while (quote > 0 && (text_[quote - 1] == ' ' || (text_[quote - 1] == '\t' && delimiter_ != '\t'))) {
      --quote;
    }
    return quote == 0 || text_[quote - 1] == delimiter_ || text_[quote - 1] == '\n';
  }

  std::string_view text_;
  char delimiter_;
  Lines lines_;
};

Lines lines_of(std::string_view text, char delimiter, bool inside) { return QuoteFollower(text, delimiter, inside).follow(); }

}  // namespace

RowBlocks cut_at_rows(std::string_view body, char delimiter, std::size_t bytes) {
  const std::vector<std::string_view> pieces = cut_at_lines(body, bytes);
  std::vector<Lines> lines(pieces.size());
  read_blocks(pieces.size(), [&](std::size_t k) { lines[k] = lines_of(pieces[k], delimiter, false); });
  RowBlocks cut;
  bool inside = false;
  for (std::size_t k = 0; k < pieces.size(); ++k) {
    const bool started_inside = inside;
    if (started_inside) {  // few pieces start so, and none in files whose quotes hide no line feeds
      lines[k] = lines_of(pieces[k], delimiter, true);
    }
    inside = lines[k].inside;
    const std::size_t start = std::min(lines[k].first_row, pieces[k].size());
    Index row_ends = lines[k].row_ends;
    if (started_inside) {
      RowBlock& before = cut.blocks.back();
      before.text = {before.text.data(), before.text.size() + start};
      before.rows += row_ends > 0 ? 1 : 0;
      row_ends -= row_ends > 0 ? 1 : 0;
    }
    if (start < pieces[k].size()) {
      cut.blocks.push_back({pieces[k].substr(start), cut.lines + count_lines(pieces[k].substr(0, start)), 0, row_ends});
    }
    cut.lines += lines[k].feeds;
  }
  cut.open = inside;
  if (!cut.blocks.empty()) {
    ++cut.lines;
    ++cut.blocks.back().rows;  // the row that the end of the body ends
  }
  for (RowBlock& block : cut.blocks) {
    block.rows_before = cut.rows;
    cut.rows += block.rows;
  }
  return cut;
}

}  // namespace neuspec::read
