/// \file libsvm_lines.hpp
/// Lines of a LIBSVM file, all of them or some.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "neuspec/dataset.hpp"
#include "read/blocks.hpp"
#include "read/columns.hpp"

namespace neuspec::read {

/// What memory lines need: of those without errors the largest index comes last, but for `qid`.
struct LibsvmOutline {
  Index lines = 0, samples = 0, features = 0;
};
inline LibsvmOutline operator+(const LibsvmOutline& a, const LibsvmOutline& b) {
  return {a.lines + b.lines, a.samples + b.samples, std::max(a.features, b.features)};
}
LibsvmOutline libsvm_outline(std::string_view content, std::size_t block_bytes = kBlockBytes);

/// Of the file that lines are a part of.
struct LibsvmFile {
  LibsvmOutline outline;
  std::size_t bytes = 0;
  Index lines_before = 0;  ///< the first of them
};

/// Whether its samples may be held densely: one large index in a small file must not claim the whole memory.
bool fits_densely(const Selection& selection, const LibsvmFile& file);

struct RowMarks;

/// `read_libsvm` of some lines of a file; null: these are all. With `marks` the table lacks its features, and the marks say where they are.
Table read_libsvm_lines(std::string_view content, const LibsvmFile* part_of, const std::string& path, const Selection& selection,
                        std::size_t block_bytes = kBlockBytes, RowMarks* marks = nullptr);

/// Features (row-major) of `count` samples of lines behind as many as are skipped, which have been read before.
void read_libsvm_features(std::string_view lines, const std::string& path, Index features, Index skipped, Index count, double* x);

}  // namespace neuspec::read
