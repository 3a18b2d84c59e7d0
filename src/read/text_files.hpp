/// \file text_files.hpp
/// Text files whose lines ranks share out, and who reads what of them.
#pragma once

#include <string>
#include <vector>

#include "distribute/ranks.hpp"

namespace neuspec::read {

/// A file and what it is known to be before anybody reads it.
struct TextFile {
  std::string path;
  std::size_t bytes = 0;
  bool compressed = false;  ///< can be read from its start alone
};

/// The text files, compressed or not, that `path` stands for, as rank 0 sees them. None where one of them is something else, a pipe or empty, or
/// where a compressed one is the only one. Collective. \throws DataError where there is no file
std::vector<TextFile> shared_text_files(const std::string& path, const Ranks& ranks);

/// Bytes begin … end − 1 of a file.
struct ByteRange {
  std::size_t begin = 0, end = 0;
};

/// What a rank reads of a file.
struct FileRange {
  std::size_t file = 0;
  ByteRange bytes;
};

/// Of files as one text of as many bytes as they have together, which is cut into one stretch a rank, all of the same length, what lies in that of
/// `rank`; a compressed file is all its where its middle does.
std::vector<FileRange> ranges_of(const std::vector<TextFile>& files, int rank, int size);

}  // namespace neuspec::read
