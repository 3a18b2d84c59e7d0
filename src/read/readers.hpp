/// \file readers.hpp
/// One reader a format. Each takes the bytes of a file (inflated) and its path, which serves for messages alone. Text is read in blocks of about
/// `block_bytes` by several threads; table and error are the same for any size and number. Binary arrays may stay in the
/// file.
#pragma once

#include <string>
#include <string_view>

#include "neuspec/dataset.hpp"
#include "read/blocks.hpp"
#include "read/columns.hpp"
#include "read/file_buffer.hpp"

namespace neuspec::read {

/// Whether a file of this content is text that can be read: no UTF-16, no zero byte in its beginning.
bool is_text(std::string_view content);
bool is_utf_16(std::string_view content);
std::string_view without_byte_order_mark(std::string_view content);

/// A file of any format; larger arrays than `held` stay in it. \throws DataError
Table read_file(const std::string& path, const Selection& selection, std::size_t held = held_bytes);

/// Comma, semicolon, tab or blanks between fields; an optional header; RFC 4180 quotes; LF or CRLF. \throws DataError
Table read_csv(std::string_view content, const std::string& path, const Selection& selection, std::size_t block_bytes = kBlockBytes);

/// True when the first line that tells has an `index:value` pair; where no line tells, the ending of `path` decides.
bool looks_like_libsvm(std::string_view content, const std::string& path);

/// `label index:value … # comment`, indices ascending from 1, `qid:n` ignored. The table is dense. \throws DataError
Table read_libsvm(std::string_view content, const std::string& path, const Selection& selection, std::size_t block_bytes = kBlockBytes);

bool is_npy(std::string_view content);

/// NumPy's format, versions 1 to 3: booleans, integers, float32 and float64 of 1 to 3 dimensions. \throws DataError
Table read_npy(const FileView& file, const std::string& path, const Selection& selection);

bool is_idx(std::string_view content);

/// The MNIST family's format: big-endian arrays of 1 to 3 dimensions. \throws DataError
Table read_idx(const FileView& file, const std::string& path, const Selection& selection);

bool is_hdf5(std::string_view content);

/// A dataset of an HDF5 file: integers and floating-point numbers of 1 to 3 dimensions. `path` names the file and, behind a colon, `dataset`; where
/// that is empty, the only one that will do is taken. \throws DataError, NotCompiled
Table read_hdf5(const FileView& file, const std::string& path, const std::string& dataset, const Selection& selection);

}  // namespace neuspec::read
