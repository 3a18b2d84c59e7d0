#include "read/array.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "read/message.hpp"
#include "threads/parallel.hpp"

namespace neuspec::read {
namespace {

constexpr Index kTilesForThreads = 64;
constexpr Index kTile = 16;  // samples handled together, so that Fortran order reads whole cache lines

std::size_t size_of(ElementType type) {
  switch (type) {
    case ElementType::boolean:
    case ElementType::int8:
    case ElementType::uint8:
      return 1;
    case ElementType::int16:
    case ElementType::uint16:
      return 2;
    case ElementType::int32:
    case ElementType::uint32:
    case ElementType::float32:
      return 4;
    default:
      return 8;
  }
}

// Where element (sample, column) stands, counted in elements.
struct Strides {
  Index sample = 0;
  std::vector<Index> column;
};

Strides strides_of(const Array& array, Index samples, Index columns) {
  Strides strides{array.fortran_order ? 1 : columns, {}};
  strides.column.resize(static_cast<std::size_t>(columns));
  const auto height = array.shape.size() == 3 ? static_cast<Index>(array.shape[1]) : 1;
  const Index width = columns / height;
  for (Index c = 0; c < columns; ++c) {
    const Index fortran = array.shape.size() == 3 ? c / width + height * (c % width) : c;
    strides.column[static_cast<std::size_t>(c)] = array.fortran_order ? fortran * samples : c;
  }
  return strides;
}

template <typename T>
double load(const char* from, bool swapped) {
  std::array<char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), from, sizeof(T));
  if (swapped) {
    std::reverse(bytes.begin(), bytes.end());
  }
  return static_cast<double>(std::bit_cast<T>(bytes));
}

struct Destination {
  const Columns& columns;
  double* x;
  double* y;
};

// Converts the samples first … last; false when a value is not finite.
template <typename T>
bool convert_samples(const Array& array, const Strides& strides, Index first, Index last, const Destination& to) {
  const bool swapped = array.big_endian != (std::endian::native == std::endian::big);
  bool finite = true;
  for (std::size_t c = 0; c < strides.column.size(); ++c) {
    const Index place = to.columns.place[c];
    if (place == Columns::kDropped) {
      continue;
    }
    double* const base = place >= 0 ? to.x + place : to.y - 1 - place;
    const Index step = place >= 0 ? to.columns.features : to.columns.targets;
    const char* const from = array.data.data() + strides.column[c] * static_cast<Index>(sizeof(T));
    for (Index i = first; i < last; ++i) {
      const double value = load<T>(from + i * strides.sample * static_cast<Index>(sizeof(T)), swapped);
      finite = finite && std::isfinite(value);
      base[i * step] = value;
    }
  }
  return finite;
}

template <typename T>
bool convert(const Array& array, Index samples, const Destination& to) {
  const Strides strides = strides_of(array, samples, static_cast<Index>(to.columns.place.size()));
  const Index tiles = (samples + kTile - 1) / kTile;
  std::atomic<bool> finite = true;
  parallel_ranges(tiles, kTilesForThreads, [&](Index first, Index last) {
    for (Index tile = first; tile < last; ++tile) {
      if (!convert_samples<T>(array, strides, tile * kTile, std::min(samples, (tile + 1) * kTile), to)) finite = false;
    }
  });
  return finite;
}

bool convert(const Array& array, Index samples, const Destination& to) {
  switch (array.type) {
    case ElementType::boolean:
    case ElementType::uint8:
      return convert<std::uint8_t>(array, samples, to);
    case ElementType::int8:
      return convert<std::int8_t>(array, samples, to);
    case ElementType::int16:
      return convert<std::int16_t>(array, samples, to);
    case ElementType::uint16:
      return convert<std::uint16_t>(array, samples, to);
    case ElementType::int32:
      return convert<std::int32_t>(array, samples, to);
    case ElementType::uint32:
      return convert<std::uint32_t>(array, samples, to);
    case ElementType::int64:
      return convert<std::int64_t>(array, samples, to);
    case ElementType::uint64:
      return convert<std::uint64_t>(array, samples, to);
    case ElementType::float32:
      return convert<float>(array, samples, to);
    default:
      return convert<double>(array, samples, to);
  }
}

// Names the first value, in the order of the samples, that is not finite.
void fail_at_first_bad(const std::string& path, const Table& table, const std::vector<double>& x) {
  const auto check = [&](Index sample, double value, const std::string& column) {
    if (!std::isfinite(value)) {
      fail(path, "sample " + std::to_string(sample + 1) + ", column " + quoted(column) + ": " + shortest(value) + " is not finite");
    }
  };
  for (Index i = 0; i < table.samples; ++i) {
    for (Index j = 0; j < table.features; ++j) {
      check(i, x[static_cast<std::size_t>(i * table.features + j)], table.feature_names[static_cast<std::size_t>(j)]);
    }
    for (Index k = 0; k < table.targets; ++k) {
      check(i, table.y[static_cast<std::size_t>(i * table.targets + k)], table.target_names[static_cast<std::size_t>(k)]);
    }
  }
}

// Checks the header against the size of the data before anything is allocated.
void check_shape(const Array& array, const std::string& path) {
  if (array.shape.empty() || array.shape.size() > 3) {
    fail(path, "the array has " + count_of(static_cast<Index>(array.shape.size()), "dimension") + "; 1, 2 or 3 are understood");
  }
  std::uint64_t bytes = size_of(array.type);
  for (const std::uint64_t size : array.shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) {
      fail(path, "the sizes in the header overflow");
    }
  }
  if (array.data.size() < bytes) {
    fail(path, "truncated: the header promises " + std::to_string(bytes) + " bytes of data, the file holds " + std::to_string(array.data.size()));
  }
  if (array.data.size() > bytes) {
    fail(path, std::to_string(array.data.size() - bytes) + " bytes too many after the data that the header describes");
  }
  if (bytes == 0) {
    fail(path, "the array is empty");
  }
}

Selection selection_for(const Array& array, const std::string& path, const Selection& selection) {
  const bool images = array.shape.size() == 3;
  if (images && selection.rule == TargetRule::every_column) {
    fail(path, "holds images, not labels");
  }
  if (!images && array.has_target_columns) {
    return selection;
  }
  if (selection.rule == TargetRule::named) {
    fail(path, std::string(images ? "images have" : "the format has") + " no target columns; give the labels in a file of their own");
  }
  return {selection.rule == TargetRule::every_column ? selection.rule : TargetRule::none};
}

}  // namespace

Table table_of(const Array& array, const std::string& path, const Selection& selection) {
  check_shape(array, path);
  const std::uint64_t elements = array.data.size() / size_of(array.type);
  const auto count = static_cast<Index>(elements / array.shape[0]);
  const std::vector<std::string> no_header;
  const Columns columns = select_columns({path, no_header, count}, selection_for(array, path, selection));
  Table table;
  describe(columns, path, table);
  table.samples = static_cast<Index>(array.shape[0]);
  if (array.shape.size() == 3) {
    table.image_height = static_cast<Index>(array.shape[1]);
    table.image_width = static_cast<Index>(array.shape[2]);
  }
  const bool bytes = array.type == ElementType::uint8 || array.type == ElementType::boolean;
  if (bytes && columns.features == count && (!array.fortran_order || array.shape.size() == 1)) {
    table.x = std::vector<std::uint8_t>(array.data.begin(), array.data.end());
    return table;
  }
  std::vector<double> x(static_cast<std::size_t>(table.samples * table.features));
  table.y.resize(static_cast<std::size_t>(table.samples * table.targets));
  if (!convert(array, table.samples, {columns, x.data(), table.y.data()})) {
    fail_at_first_bad(path, table, x);
  }
  table.x = std::move(x);
  return table;
}

}  // namespace neuspec::read
