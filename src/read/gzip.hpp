/// \file gzip.hpp
/// Inflates gzip files: by ISA-L, more than twice as fast, where the build has it and the file is sound, else by zlib.
#pragma once

#include <string>
#include <string_view>

#include "read/growing_bytes.hpp"
#include "read/spool.hpp"

namespace neuspec::read {

enum class Inflating { fastest, by_zlib };

/// True when `bytes` start as gzip files do.
bool is_gzip(std::string_view bytes);

/// Inflates every member of a gzip file. `path` is for messages. \throws DataError for corrupt or truncated data and for bytes after the last member;
/// zlib words it, whoever found it. ISA-L takes Huffman codes that are not complete, which no compressor writes and zlib refuses, if CRC and length
/// agree.
GrowingBytes inflate_gzip(std::string_view compressed, const std::string& path, Inflating inflating = Inflating::fastest);

/// The same of what a descriptor has from its position on, by zlib, piece by piece.
void inflate_gzip(int descriptor, const std::string& path, Spool& to);

}  // namespace neuspec::read
