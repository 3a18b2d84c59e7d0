/// \file arrays.hpp
/// Samples in the caller's memory.
#pragma once

#include <cstdint>
#include <memory>

#include "neuspec/dataset.hpp"

namespace neuspec NEUSPEC_API {

enum class Layout {
  row_major,    ///< entry (i, j) at i · leading + j: a sample's numbers follow one another
  column_major  ///< at i + j · leading: a column's do
};
enum class Memory {
  host,
  device  ///< of the CUDA device that is current: it takes features where they are; what the host looks through is copied to it by parts
};

/// A matrix in the caller's memory, a row a sample. `leading` is at least the number of columns (row-major) or of rows (column-major); 0 stands for
/// that.
struct ArrayView {
  ArrayView() = default;
  ArrayView(const double* from, Layout order = Layout::row_major, Index step = 0, Memory where = Memory::host)
      : values(from), layout(order), leading(step), memory(where) {}
  ArrayView(const float* from, Layout order = Layout::row_major, Index step = 0, Memory where = Memory::host)
      : values(from), type(NumberType::float32), layout(order), leading(step), memory(where) {}
  ArrayView(const std::uint8_t* from, Layout order = Layout::row_major, Index step = 0, Memory where = Memory::host)
      : values(from), type(NumberType::uint8), layout(order), leading(step), memory(where) {}

  const void* values = nullptr;
  NumberType type = NumberType::float64;
  Layout layout = Layout::row_major;
  Index leading = 0;
  Memory memory = Memory::host;
};

/// Samples where the caller has them. Nothing is copied: parts are converted as they are needed, and a GPU takes them in their own type. The memory
/// has to be there as long as the object, and to stay as it is while a call works with it. Values that are not finite, and weights below 0, are
/// DataErrors of the visits that meet them.
class ArrayDataset final : public Source {
 public:
  /// x: samples × features; y: samples × targets, or nothing where `targets` is 0; weights: samples × 1, or nothing where all are 1.
  /// \throws UsageError for sizes below 1, a null pointer, a leading dimension that is too small and more numbers than there can be, NotCompiled for
  /// memory of a device in a build without CUDA
  ArrayDataset(Index samples, Index features, Index targets, const ArrayView& x, const ArrayView& y, const ArrayView& weights = {});
  ~ArrayDataset() override;

  Index samples() const override { return arrays_->samples(); }
  Index features() const override { return arrays_->features(); }
  Index targets() const override { return arrays_->targets(); }
  void visit(Index most_samples, const std::function<void(const Chunk&)>& visitor) const override { arrays_->visit(most_samples, visitor); }
  void visit_targets(Index most_samples, const std::function<void(const Chunk&)>& visitor) const override {
    arrays_->visit_targets(most_samples, visitor);
  }
  StoredForm stored_form() const override { return arrays_->stored_form(); }

 private:
  std::unique_ptr<const Source> arrays_;
};

}  // namespace neuspec NEUSPEC_API
