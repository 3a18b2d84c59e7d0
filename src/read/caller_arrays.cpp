#include "read/caller_arrays.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "device/device_memory.hpp"
#include "neuspec/error.hpp"
#include "read/message.hpp"
#include "threads/parallel.hpp"

namespace neuspec::read {
namespace {

constexpr Index worth_a_thread = 1 << 15;  // numbers to be converted
constexpr Index tile = 64;                 // samples of a column-major matrix whose rows stay in the cache

/// count rows, row-major, from where the first begins.
template <class T, class To>
void convert(const T* from, Index count, Index columns, Steps steps, To* to) {
  for (Index begin = 0; begin < count; begin += tile) {
    const Index end = std::min(begin + tile, count);
    if (steps.column == 1) {
      for (Index i = begin; i < end; ++i)
        std::transform(from + i * steps.row, from + i * steps.row + columns, to + i * columns, [](T value) { return static_cast<To>(value); });
    } else {
      for (Index j = 0; j < columns; ++j)
        for (Index i = begin; i < end; ++i) to[i * columns + j] = static_cast<To>(from[i * steps.row + j * steps.column]);
    }
  }
}

}  // namespace

Steps steps_of(const std::string& what, Index rows, Index columns, Layout layout, Index leading) {
  const bool by_rows = layout == Layout::row_major;
  const Index least = by_rows ? columns : rows;
  if (leading == 0) leading = least;
  if (leading < least)
    throw UsageError(what + ": leading dimension " + std::to_string(leading) + " where " + std::to_string(rows) + " × " + std::to_string(columns) +
                     " numbers need " + std::to_string(least));
  Index reach = 0;
  if (__builtin_mul_overflow(by_rows ? rows : columns, leading, &reach) || reach > std::numeric_limits<Index>::max() / 8)
    throw UsageError(what + ": " + std::to_string(rows) + " × " + std::to_string(columns) + " numbers are more than there can be");
  return by_rows ? Steps{leading, 1} : Steps{1, leading};
}

Matrix::Matrix(const char* name, const ArrayView& array, Index row_count, Index column_count)
    : what(name),
      values(array.values),
      rows(row_count),
      columns(column_count),
      steps(steps_of(what, rows, columns, array.layout, array.leading)),
      type(array.type),
      on_device(array.memory == Memory::device) {
  if (values == nullptr) throw UsageError(std::string(what) + " is NULL");
  if (on_device && !cuda_is_compiled()) throw NotCompiled(std::string(what) + ": memory of a device: this build of neuspec has no CUDA backend");
}

const double* Matrix::in_place(Index first) const {
  if (type != NumberType::float64 || on_device || steps.row != columns || (steps.column != 1 && columns != 1)) return nullptr;
  return static_cast<const double*>(values) + first * columns;
}

template <class To>
void Matrix::read(Index first, Index count, To* to) const {
  const Index bytes = size_of(type);
  const char* from = static_cast<const char*>(values) + first * steps.row * bytes;
  Steps here = steps;
  std::vector<char> copied;
  if (on_device) {  // the lines that hold these rows, one after the other
    const bool by_rows = steps.column == 1;
    const Index lines = by_rows ? count : columns, width = by_rows ? columns : count;
    copied.resize(static_cast<std::size_t>(lines * width * bytes));
    copy_from_device(from, (by_rows ? steps.row : steps.column) * bytes, width * bytes, lines, copied.data());
    from = copied.data();
    here = by_rows ? Steps{width, 1} : Steps{1, width};
  }
  parallel_ranges(count, 1 + worth_a_thread / columns, [&](Index begin, Index end) {
    const auto of = [&](const auto* number) { convert(number + begin * here.row, end - begin, columns, here, to + begin * columns); };
    if (type == NumberType::uint8)
      of(reinterpret_cast<const std::uint8_t*>(from));
    else if (type == NumberType::float32)
      of(reinterpret_cast<const float*>(from));
    else
      of(reinterpret_cast<const double*>(from));
  });
  check(to, first, count);
}

template void Matrix::read(Index, Index, double*) const;

template <class T>
void Matrix::check(const T* rows_read, Index first, Index count) const {
  const auto bad = std::find_if_not(rows_read, rows_read + count * columns, [](T value) { return std::isfinite(static_cast<double>(value)); });
  const Index at = bad - rows_read;
  if (at == count * columns) return;
  throw DataError("data: sample " + std::to_string(first + at / columns + 1) + ", column " + std::to_string(at % columns + 1) + " of the " + what +
                  ": " + shortest(static_cast<double>(*bad)) + " is not finite");
}

namespace {

/// A matrix's rows chunk by chunk, in a buffer where they have to be converted.
class Rows {
 public:
  explicit Rows(const Matrix* matrix) : matrix_(matrix) {}

  const double* of(Index first, Index count) {
    if (matrix_ == nullptr) return nullptr;
    if (const double* place = matrix_->in_place(first)) {
      matrix_->check(place, first, count);
      return place;
    }
    buffer_.resize(static_cast<std::size_t>(count * matrix_->columns));
    matrix_->read(first, count, buffer_.data());
    return buffer_.data();
  }

 private:
  const Matrix* matrix_;
  std::vector<double> buffer_;
};

void check_chunk_size(Index chunk_samples) {
  if (chunk_samples < 1) throw UsageError("chunks of " + std::to_string(chunk_samples) + " samples; at least 1 is needed");
}

}  // namespace

const double* checked_weights(const double* weights, Index first, Index count) {
  if (weights == nullptr) return weights;
  const auto bad = std::find_if(weights, weights + count, [](double w) { return w < 0; });
  if (bad != weights + count) throw DataError("data: the weight of sample " + std::to_string(first + (bad - weights) + 1) + " is negative");
  return weights;
}

void ArrayFeatures::read_as_stored(Index first, Index count, void* to) const {
  if (type() == NumberType::uint8)
    x_->read(first, count, static_cast<std::uint8_t*>(to));
  else if (type() == NumberType::float32)
    x_->read(first, count, static_cast<float*>(to));
  else
    x_->read(first, count, static_cast<double*>(to));
}

void ArraySource::visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const { visit_chunks(chunk_samples, true, visitor); }

void ArraySource::visit_targets(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const {
  visit_chunks(chunk_samples, false, visitor);
}

void ArraySource::visit_chunks(Index chunk_samples, bool with_features, const std::function<void(const Chunk&)>& visitor) const {
  check_chunk_size(chunk_samples);
  Rows x(with_features ? arrays_.x.get() : nullptr), y(arrays_.y.get()), weights(arrays_.weights.get());
  for (Index first = 0, count = 0; first < arrays_.samples; first += count) {
    count = std::min(chunk_samples, arrays_.samples - first);
    visitor({first, count, x.of(first, count), y.of(first, count), checked_weights(weights.of(first, count), first, count)});
  }
}

}  // namespace neuspec::read

namespace neuspec {
namespace {

std::shared_ptr<const read::Matrix> matrix(const char* what, const ArrayView& view, Index rows, Index columns) {
  return std::make_shared<const read::Matrix>(what, view, rows, columns);
}

}  // namespace

void read::check_sizes(Index samples, Index features, Index targets, bool y) {
  if (samples < 1 || features < 1 || targets < 0)
    throw UsageError("data of " + std::to_string(samples) + " samples, " + std::to_string(features) + " features, " + std::to_string(targets) +
                     " targets: there must be at least 1 sample and 1 feature, and no fewer than 0 targets");
  if (targets == 0 && y) throw UsageError("targets are given, and that there are 0 of them");
}

read::Arrays read::arrays_of(Index samples, Index features, Index targets, const ArrayView& x, const ArrayView& y, const ArrayView& weights) {
  check_sizes(samples, features, targets, y.values != nullptr);
  Arrays arrays{samples, features, targets, matrix("features", x, samples, features), nullptr, nullptr};
  if (targets > 0) arrays.y = matrix("targets", y, samples, targets);
  if (weights.values != nullptr) arrays.weights = matrix("weights", weights, samples, 1);
  return arrays;
}

ArrayDataset::ArrayDataset(Index samples, Index features, Index targets, const ArrayView& x, const ArrayView& y, const ArrayView& weights)
    : arrays_(std::make_unique<read::ArraySource>(read::arrays_of(samples, features, targets, x, y, weights))) {}

ArrayDataset::~ArrayDataset() = default;

}  // namespace neuspec
