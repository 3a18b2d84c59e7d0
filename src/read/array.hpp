/// \file array.hpp
/// Binary arrays as NPY and IDX files hold them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "neuspec/dataset.hpp"
#include "read/columns.hpp"

namespace neuspec::read {

enum class ElementType { boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64 };

struct Array {
  ElementType type = ElementType::uint8;
  bool big_endian = false;
  bool fortran_order = false;        ///< first index fastest
  bool has_target_columns = true;    ///< columns may be targets, as in a table; never so in IDX files and in images
  std::vector<std::uint64_t> shape;  ///< as the header says
  std::string_view data;             ///< everything behind the header
};

/// The table of an array of 1 (one column), 2 (samples × columns) or 3 dimensions (samples × height × width, flattened row-major).
/// \throws DataError when the data do not have exactly the size of the shape, for an empty array, another number of dimensions, NaN and infinity.
Table table_of(const Array& array, const std::string& path, const Selection& selection);

}  // namespace neuspec::read
