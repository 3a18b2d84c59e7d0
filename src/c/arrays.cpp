#include "c/arrays.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "device/device_memory.hpp"
#include "neuspec/error.hpp"
#include "read/message.hpp"
#include "threads/parallel.hpp"

namespace neuspec::c {
namespace {

constexpr Index worth_a_thread = 1 << 15;  // numbers to be converted
constexpr Index tile = 64;                 // samples of a column-major matrix whose rows stay in the cache

/// \throws UsageError
Steps steps_of(const std::string& what, Index rows, Index columns, int layout, Index leading) {
  if (layout != NEUSPEC_ROW_MAJOR && layout != NEUSPEC_COLUMN_MAJOR) throw UsageError(what + ": " + std::to_string(layout) + " is no layout");
  const bool by_rows = layout == NEUSPEC_ROW_MAJOR;
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

bool is_single(const std::string& what, int type) {
  if (type != NEUSPEC_DOUBLE && type != NEUSPEC_FLOAT) throw UsageError(what + ": " + std::to_string(type) + " is no type of numbers");
  return type == NEUSPEC_FLOAT;
}

/// count rows, row-major, from where the first begins.
template <class T>
void convert(const T* from, Index count, Index columns, Steps steps, double* to) {
  for (Index begin = 0; begin < count; begin += tile) {
    const Index end = std::min(begin + tile, count);
    if (steps.column == 1) {
      for (Index i = begin; i < end; ++i) std::copy_n(from + i * steps.row, columns, to + i * columns);
    } else {
      for (Index j = 0; j < columns; ++j)
        for (Index i = begin; i < end; ++i) to[i * columns + j] = static_cast<double>(from[i * steps.row + j * steps.column]);
    }
  }
}

}  // namespace

Matrix::Matrix(const char* name, const neuspec_array* array, Index row_count, Index column_count)
    : what(name), rows(row_count), columns(column_count) {
  if (array == nullptr || array->values == nullptr) throw UsageError(std::string(what) + " is NULL");
  single = is_single(what, array->type);
  steps = steps_of(what, rows, columns, array->layout, array->leading);
  if (array->memory != NEUSPEC_HOST && array->memory != NEUSPEC_DEVICE)
    throw UsageError(std::string(what) + ": " + std::to_string(array->memory) + " is no kind of memory");
  on_device = array->memory == NEUSPEC_DEVICE;
  if (on_device && !cuda_is_compiled()) throw NotCompiled(std::string(what) + ": memory of a device: this build of neuspec has no CUDA backend");
  values = array->values;
}

const double* Matrix::in_place(Index first) const {
  if (single || on_device || steps.row != columns || (steps.column != 1 && columns != 1)) return nullptr;
  return static_cast<const double*>(values) + first * columns;
}

void Matrix::read(Index first, Index count, double* to) const {
  const Index bytes = single ? sizeof(float) : sizeof(double);
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
    double* const place = to + begin * columns;
    if (single)
      convert(reinterpret_cast<const float*>(from) + begin * here.row, end - begin, columns, here, place);
    else
      convert(reinterpret_cast<const double*>(from) + begin * here.row, end - begin, columns, here, place);
  });
  check(to, first, count);
}

void Matrix::check(const double* rows_read, Index first, Index count) const {
  const auto bad = std::find_if_not(rows_read, rows_read + count * columns, [](double value) { return std::isfinite(value); });
  const Index at = bad - rows_read;
  if (at == count * columns) return;
  throw DataError("data: sample " + std::to_string(first + at / columns + 1) + ", column " + std::to_string(at % columns + 1) + " of the " + what +
                  ": " + read::shortest(*bad) + " is not finite");
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

const double* checked_weights(const double* weights, Index first, Index count) {
  if (weights == nullptr) return weights;
  const auto bad = std::find_if(weights, weights + count, [](double w) { return w < 0; });
  if (bad != weights + count) throw DataError("data: the weight of sample " + std::to_string(first + (bad - weights) + 1) + " is negative");
  return weights;
}

void check_chunk_size(Index chunk_samples) {
  if (chunk_samples < 1) throw UsageError("chunks of " + std::to_string(chunk_samples) + " samples; at least 1 is needed");
}

}  // namespace

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

std::function<void(const Chunk&)> WeightedSource::weighted(const std::function<void(const Chunk&)>& visitor) const {
  return [this, &visitor](Chunk chunk) {
    std::vector<double> product(static_cast<std::size_t>(chunk.samples));
    weights_->read(chunk.first, chunk.samples, product.data());
    checked_weights(product.data(), chunk.first, chunk.samples);
    for (Index i = 0; chunk.weights != nullptr && i < chunk.samples; ++i) product[static_cast<std::size_t>(i)] *= chunk.weights[i];
    chunk.weights = product.data();
    visitor(chunk);
  };
}

Output::Output(void* place, int type, int layout, Index leading, Index rows, Index column_count)
    : values(place), columns(column_count), single(is_single("outputs", type)), steps(steps_of("outputs", rows, columns, layout, leading)) {
  if (place == nullptr) throw UsageError("outputs is NULL");
}

void Output::write(const double* from, Index first, Index count) const {
  for (Index i = 0; i < count; ++i) {
    for (Index j = 0; j < columns; ++j) {
      const Index at = (first + i) * steps.row + j * steps.column;
      const double value = from[i * columns + j];
      if (single)
        static_cast<float*>(values)[at] = static_cast<float>(value);
      else
        static_cast<double*>(values)[at] = value;
    }
  }
}

}  // namespace neuspec::c
