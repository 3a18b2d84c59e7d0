#include "c/arrays.hpp"

#include <string>
#include <vector>

#include "neuspec/error.hpp"

namespace neuspec::c {
namespace {

Layout layout_of(const std::string& what, int layout) {
  if (layout != NEUSPEC_ROW_MAJOR && layout != NEUSPEC_COLUMN_MAJOR) throw UsageError(what + ": " + std::to_string(layout) + " is no layout");
  return layout == NEUSPEC_ROW_MAJOR ? Layout::row_major : Layout::column_major;
}

bool is_single(const std::string& what, int type) {
  if (type != NEUSPEC_DOUBLE && type != NEUSPEC_FLOAT) throw UsageError(what + ": " + std::to_string(type) + " is no type of numbers");
  return type == NEUSPEC_FLOAT;
}

}  // namespace

ArrayView view_of(const char* what, const neuspec_array* array) {
  if (array == nullptr || array->values == nullptr) throw UsageError(std::string(what) + " is NULL");
  ArrayView view;
  view.values = array->values;
  view.type = is_single(what, array->type) ? NumberType::float32 : NumberType::float64;
  view.layout = layout_of(what, array->layout);
  view.leading = array->leading;
  if (array->memory != NEUSPEC_HOST && array->memory != NEUSPEC_DEVICE)
    throw UsageError(std::string(what) + ": " + std::to_string(array->memory) + " is no kind of memory");
  view.memory = array->memory == NEUSPEC_DEVICE ? Memory::device : Memory::host;
  return view;
}

std::function<void(const Chunk&)> WeightedSource::weighted(const std::function<void(const Chunk&)>& visitor) const {
  return [this, &visitor](Chunk chunk) {
    std::vector<double> product(static_cast<std::size_t>(chunk.samples));
    weights_->read(chunk.first, chunk.samples, product.data());
    read::checked_weights(product.data(), chunk.first, chunk.samples);
    for (Index i = 0; chunk.weights != nullptr && i < chunk.samples; ++i) product[static_cast<std::size_t>(i)] *= chunk.weights[i];
    chunk.weights = product.data();
    visitor(chunk);
  };
}

Output::Output(void* place, int type, int layout, Index leading, Index rows, Index column_count)
    : values(place),
      columns(column_count),
      single(is_single("outputs", type)),
      steps(read::steps_of("outputs", rows, columns, layout_of("outputs", layout), leading)) {
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
