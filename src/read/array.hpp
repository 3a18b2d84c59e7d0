/// \file array.hpp
/// Binary arrays as NPY and IDX files hold them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "neuspec/dataset.hpp"
#include "read/array_bytes.hpp"
#include "read/columns.hpp"
#include "read/file_buffer.hpp"

namespace neuspec::read {

enum class ElementType { boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64 };

/// Bytes of one element.
std::size_t size_of(ElementType type);

struct Array {
  ElementType type = ElementType::uint8;
  bool big_endian = false;
  bool fortran_order = false;        ///< first index fastest
  bool has_target_columns = true;    ///< columns may be targets, as in a table; never so in IDX files and in images
  std::vector<std::uint64_t> shape;  ///< as the header says
  std::size_t data_at = 0;           ///< where in the file the elements begin, of formats in which they are all that follows

  Index samples() const { return static_cast<Index>(shape[0]); }
};

/// Of all elements. \throws DataError for an empty array, one of more than three dimensions or none, and sizes that overflow
std::size_t bytes_of(const Array& array, const std::string& path);

/// Where the elements of an array are.
struct Elements {
  std::shared_ptr<const ArrayBytes> bytes;
  bool stay;  ///< the features are left there
};

/// The table of an array of 1 (one column), 2 (samples × columns) or 3 dimensions (samples × height × width, flattened row-major).
/// \throws DataError as `bytes_of`, and for NaN and infinity.
Table table_of(const Array& array, const Elements& elements, const std::string& path, const Selection& selection);

/// The same of a file that holds nothing after the elements. Features of one that is large stay where they are.
/// \throws DataError also when the data do not have exactly the size of the shape
Table table_of(const Array& array, const FileView& file, const std::string& path, const Selection& selection);

}  // namespace neuspec::read
