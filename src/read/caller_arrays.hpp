/// \file caller_arrays.hpp
/// Samples in the caller's memory.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "neuspec/arrays.hpp"

namespace neuspec::read {

/// From one row or column to the next, in numbers.
struct Steps {
  Index row = 0, column = 0;
};

/// Of a matrix of that shape. \throws UsageError for a leading dimension that is too small and for more numbers than there can be
Steps steps_of(const std::string& what, Index rows, Index columns, Layout layout, Index leading);

/// A matrix of the caller's, checked.
struct Matrix {
  const char* what;  ///< for messages
  const void* values = nullptr;
  Index rows = 0, columns = 0;
  Steps steps;
  NumberType type = NumberType::float64;
  bool on_device = false;

  /// \throws UsageError for null and as `steps_of`, NotCompiled for device memory in a build without CUDA
  Matrix(const char* what, const ArrayView& array, Index rows, Index columns);

  /// Rows first … first + count − 1 where they lie, if that is as the library has its matrices.
  const double* in_place(Index first) const;
  /// Their numbers, row-major, as `To`, which holds them. \throws DataError naming the first that is not finite
  template <class To>
  void read(Index first, Index count, To* to) const;
  /// \throws DataError naming the first number that is not finite, of rows as the library has them
  template <class T>
  void check(const T* rows_read, Index first, Index count) const;
};

/// Those of samples from `first` on, which may be none. \throws DataError naming the first below 0
const double* checked_weights(const double* weights, Index first, Index count);

struct Arrays {
  Index samples = 0, features = 0, targets = 0;
  std::shared_ptr<const Matrix> x, y, weights;  ///< the last two null where there are none
};

/// `y`: whether there are targets. \throws UsageError for sizes that there are not
void check_sizes(Index samples, Index features, Index targets, bool y);

/// \throws UsageError, NotCompiled as the constructor of ArrayDataset
Arrays arrays_of(Index samples, Index features, Index targets, const ArrayView& x, const ArrayView& y, const ArrayView& weights);

/// The features of arrays as those of a file; their range is looked at before.
class ArrayFeatures final : public StoredFeatures {
 public:
  explicit ArrayFeatures(std::shared_ptr<const Matrix> x) : x_(std::move(x)) {}
  void read(Index first, Index count, double* to) const override { x_->read(first, count, to); }
  bool in_range() const override { return true; }
  NumberType type() const override { return x_->type; }
  void read_as_stored(Index first, Index count, void* to) const override;
  GpuMatrix on_gpu() const override { return x_->on_device ? GpuMatrix{x_->values, x_->steps.row, x_->steps.column} : GpuMatrix{}; }

 private:
  std::shared_ptr<const Matrix> x_;
};

/// The samples as they are: no copy but of a chunk's, and that only where it is not in double and row-major already.
class ArraySource final : public Source {
 public:
  explicit ArraySource(Arrays arrays) : arrays_(std::move(arrays)), features_(arrays_.x) {}
  Index samples() const override { return arrays_.samples; }
  Index features() const override { return arrays_.features; }
  Index targets() const override { return arrays_.targets; }
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override;
  void visit_targets(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override;
  StoredForm stored_form() const override { return {.stored = arrays_.x->in_place(0) == nullptr ? &features_ : nullptr}; }

 private:
  void visit_chunks(Index chunk_samples, bool with_features, const std::function<void(const Chunk&)>& visitor) const;

  Arrays arrays_;
  ArrayFeatures features_;
};

}  // namespace neuspec::read
