/// \file stored_text.hpp
/// Text that memory does not hold stays in its file: targets and where rows begin are kept, features are read again whenever they are asked for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "read/text_piece.hpp"

namespace neuspec::read {

inline constexpr std::size_t text_piece_bytes = std::size_t{1} << 25;  // read at a time: many blocks for each thread

/// The lines that begin within a range of bytes, however many.
class TextRange {
 public:
  TextRange(std::shared_ptr<const OpenText> file, ByteRange range, std::size_t piece_bytes = text_piece_bytes);

  /// As those of a piece. Of a long range the text is not kept.
  bool can_be_cut() const { return can_be_cut_; }
  LibsvmOutline outline();
  bool is_empty() const { return empty_; }  ///< once the outline is known
  bool fits(const Selection& selection, const LibsvmFile& file) const { return whole_.fits(selection, file); }

  /// Whether its text and what is made of it are more than `selection.memory`.
  bool is_too_large(const Selection& selection, const LibsvmFile& file) const;
  /// The table of these lines; `file` is what is known of all lines of the file. Features of what is too large stay there; every row is read once,
  /// for its errors. Nothing where a piece of it cannot be read without the others, which the outline tells, too. \throws DataError
  std::optional<Table> read(Selection selection, const LibsvmFile& file);

 private:
  bool read_pieces(Selection selection, LibsvmFile file, std::vector<Table>& tables) const;

  std::shared_ptr<const OpenText> file_;
  ByteRange range_;
  TextPiece whole_;
  std::vector<ByteRange> pieces_;  // one where the range is short
  bool can_be_cut_, empty_ = true;
  LibsvmOutline outline_;
};

/// Bytes of memory that a table's features take.
double held_bytes_of(const Table& table);

/// The table of an open text file that is too large. Nothing where it is not, and where lines cannot be cut apart: such files are held.
/// \throws DataError
std::optional<Table> read_stored_text(const std::shared_ptr<const FileBuffer>& file, const std::string& path, const Selection& selection,
                                      std::size_t piece_bytes = text_piece_bytes);

}  // namespace neuspec::read
