#include "read/array_rows.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace neuspec::read {
namespace {

constexpr std::size_t kTileBytes = std::size_t{1} << 18;  // read from a file at a time by a thread: stays in the cache
constexpr Index kColumnTile = 4096;                       // samples of a column, which are far from those of the next

template <typename T>
T load(const char* from, bool swapped) {
  std::array<char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), from, sizeof(T));
  if (swapped) {
    std::reverse(bytes.begin(), bytes.end());
  }
  return std::bit_cast<T>(bytes);
}

/// Numbers that follow one another, written `step` apart. False when one is not finite.
template <typename T, typename To>
bool convert(const char* from, Index count, bool swapped, To* to, Index step) {
  if constexpr (sizeof(T) > 1) {
    if (swapped) {
      To zero = 0;
      for (Index i = 0; i < count; ++i) {
        const auto value = static_cast<To>(load<T>(from + i * static_cast<Index>(sizeof(T)), true));
        to[i * step] = value;
        zero += value * To(0);
      }
      return zero == 0;
    }
  }
  if constexpr (std::is_same_v<To, std::uint8_t>) {
    for (Index i = 0; i < count; ++i) to[i * step] = static_cast<To>(from[i]);
    return true;
  } else {
    To zero = 0;  // 0 · v is not 0 where v is not finite
#pragma omp simd reduction(+ : zero)
    for (Index i = 0; i < count; ++i) {
      T element;
      std::memcpy(&element, from + i * static_cast<Index>(sizeof(T)), sizeof(T));
      const auto value = static_cast<To>(element);
      to[i * step] = value;
      zero += value * To(0);
    }
    return zero == 0;
  }
}

}  // namespace

template <typename To>
struct ArrayRows::Rows {
  Index first, count;
  To* x;
  double* y;
};

ArrayRows::ArrayRows(Array array, std::shared_ptr<const ArrayBytes> bytes, const Columns& columns, Index begin)
    : array_(std::move(array)),
      bytes_(std::move(bytes)),
      swapped_(array_.big_endian != (std::endian::native == std::endian::big)),
      begin_(begin),
      columns_(static_cast<Index>(columns.place.size())),
      features_(columns.features),
      targets_(columns.targets) {
  for (Index c = 0; c < columns_; ++c) {
    const Index place = columns.place[static_cast<std::size_t>(c)];
    if (place == Columns::kDropped) {
      continue;
    }
    const Run run{c, 1, place < 0, place < 0 ? -1 - place : place};
    const bool follows = !runs_.empty() && runs_.back().is_target == run.is_target && runs_.back().column + runs_.back().length == run.column &&
                         runs_.back().place + runs_.back().length == run.place;
    if (follows) {
      ++runs_.back().length;
    } else {
      runs_.push_back(run);
    }
  }
}

bool ArrayRows::read(Index first, Index count, double* x, double* y) const {
  const Rows<double> rows{first, count, x, y};
  switch (array_.type) {
    case ElementType::int32:
      return read_as<std::int32_t>(rows);
    case ElementType::uint32:
      return read_as<std::uint32_t>(rows);
    case ElementType::int64:
      return read_as<std::int64_t>(rows);
    case ElementType::uint64:
      return read_as<std::uint64_t>(rows);
    case ElementType::float64:
      return read_as<double>(rows);
    default:
      return read_small(rows);
  }
}

NumberType ArrayRows::type() const {
  switch (array_.type) {
    case ElementType::boolean:
    case ElementType::uint8:
      return NumberType::uint8;
    case ElementType::int8:
    case ElementType::int16:
    case ElementType::uint16:
    case ElementType::float32:
      return NumberType::float32;
    default:
      return NumberType::float64;
  }
}

void ArrayRows::read_as_stored(Index first, Index count, void* x) const {
  switch (type()) {
    case NumberType::uint8:
      read_as<std::uint8_t>(Rows<std::uint8_t>{first, count, static_cast<std::uint8_t*>(x), nullptr});
      break;
    case NumberType::float32:
      read_small(Rows<float>{first, count, static_cast<float*>(x), nullptr});
      break;
    case NumberType::float64:
      read(first, count, static_cast<double*>(x), nullptr);
      break;
  }
}

template <typename To>
bool ArrayRows::read_small(const Rows<To>& rows) const {
  switch (array_.type) {
    case ElementType::int8:
      return read_as<std::int8_t>(rows);
    case ElementType::int16:
      return read_as<std::int16_t>(rows);
    case ElementType::uint16:
      return read_as<std::uint16_t>(rows);
    case ElementType::float32:
      return read_as<float>(rows);
    default:
      return read_as<std::uint8_t>(rows);
  }
}

template <typename T, typename To>
bool ArrayRows::read_as(const Rows<To>& rows) const {
  return array_.fortran_order ? read_columns<T>(rows) : read_rows<T>(rows);
}

template <typename T, typename To>
bool ArrayRows::read_rows(const Rows<To>& rows) const {
  static thread_local std::vector<char> buffer;
  const auto row_bytes = static_cast<std::size_t>(columns_) * sizeof(T);
  const auto tile = static_cast<Index>(std::max<std::size_t>(1, kTileBytes / row_bytes));
  bool finite = true;
  for (Index done = 0; done < rows.count; done += tile) {
    const Index count = std::min(tile, rows.count - done);
    const char* from =
        bytes_->read(static_cast<std::size_t>(begin_ + rows.first + done) * row_bytes, static_cast<std::size_t>(count) * row_bytes, buffer);
    for (Index i = done; i < done + count; ++i, from += row_bytes) {
      for (const Run& run : runs_) {
        if (run.is_target && rows.y == nullptr) {
          continue;
        }
        const char* const at = from + run.column * static_cast<Index>(sizeof(T));
        finite = (run.is_target ? convert<T>(at, run.length, swapped_, rows.y + i * targets_ + run.place, 1)
                                : convert<T>(at, run.length, swapped_, rows.x + i * features_ + run.place, 1)) &&
                 finite;
      }
    }
  }
  return finite;
}

// Of samples × height × width in this order the first index is fastest, then the second.
template <typename T, typename To>
bool ArrayRows::read_columns(const Rows<To>& rows) const {
  static thread_local std::vector<char> buffer;
  const bool images = array_.shape.size() == 3;
  const Index height = images ? static_cast<Index>(array_.shape[1]) : 1, width = columns_ / height;
  bool finite = true;
  for (Index done = 0; done < rows.count; done += kColumnTile) {
    const Index count = std::min(kColumnTile, rows.count - done);
    for (const Run& run : runs_) {
      if (run.is_target && rows.y == nullptr) {
        continue;
      }
      for (Index j = 0; j < run.length; ++j) {
        const Index c = run.column + j, stored = images ? c / width + height * (c % width) : c;
        const auto at = static_cast<std::size_t>(stored * array_.samples() + begin_ + rows.first + done) * sizeof(T);
        const char* const from = bytes_->read(at, static_cast<std::size_t>(count) * sizeof(T), buffer);
        finite = (run.is_target ? convert<T>(from, count, swapped_, rows.y + done * targets_ + run.place + j, targets_)
                                : convert<T>(from, count, swapped_, rows.x + done * features_ + run.place + j, features_)) &&
                 finite;
      }
    }
  }
  return finite;
}

}  // namespace neuspec::read
