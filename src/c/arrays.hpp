// Samples in the caller's memory.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "neuspec/dataset.hpp"
#include "neuspec/neuspec.h"

namespace neuspec::c {

/// From one row or column to the next, in numbers.
struct Steps {
  Index row = 0, column = 0;
};

/// A matrix of the caller's, checked.
struct Matrix {
  const char* what;  ///< for messages
  const void* values = nullptr;
  Index rows = 0, columns = 0;
  Steps steps;
  bool single = false, on_device = false;

  /// \throws UsageError for NULL, sizes below 1 and what reaches beyond all memory, EnvironmentError for device memory in a build without CUDA
  Matrix(const char* what, const neuspec_array* array, Index rows, Index columns);

  /// Rows first … first + count − 1 where they lie, if that is as the library has its matrices.
  const double* in_place(Index first) const;
  /// Their numbers, row-major. \throws DataError naming the first that is not finite
  void read(Index first, Index count, double* to) const;
  /// \throws DataError naming the first number that is not finite, of rows as the library has them
  void check(const double* rows_read, Index first, Index count) const;
};

struct Arrays {
  Index samples = 0, features = 0, targets = 0;
  std::shared_ptr<const Matrix> x, y, weights;  ///< the last two null where there are none
};

/// The samples as they are: no copy but of a chunk's, and that only where it is not in double and row-major already.
class ArraySource final : public Source {
 public:
  explicit ArraySource(Arrays arrays) : arrays_(std::move(arrays)) {}
  Index samples() const override { return arrays_.samples; }
  Index features() const override { return arrays_.features; }
  Index targets() const override { return arrays_.targets; }
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override;
  void visit_targets(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override;

 private:
  void visit_chunks(Index chunk_samples, bool with_features, const std::function<void(const Chunk&)>& visitor) const;

  Arrays arrays_;
};

/// The features of arrays as those of a file; their range is looked at before.
class ArrayFeatures final : public StoredFeatures {
 public:
  explicit ArrayFeatures(std::shared_ptr<const Matrix> x) : x_(std::move(x)) {}
  void read(Index first, Index count, double* to) const override { x_->read(first, count, to); }
  bool in_range() const override { return true; }

 private:
  std::shared_ptr<const Matrix> x_;
};

/// Another source with its weights multiplied by the caller's.
class WeightedSource final : public Source {
 public:
  WeightedSource(std::shared_ptr<const Source> source, std::shared_ptr<const Matrix> weights)
      : source_(std::move(source)), weights_(std::move(weights)) {}
  Index samples() const override { return source_->samples(); }
  Index features() const override { return source_->features(); }
  Index targets() const override { return source_->targets(); }
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override {
    source_->visit(chunk_samples, weighted(visitor));
  }
  void visit_targets(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override {
    source_->visit_targets(chunk_samples, weighted(visitor));
  }

 private:
  std::function<void(const Chunk&)> weighted(const std::function<void(const Chunk&)>& visitor) const;

  std::shared_ptr<const Source> source_;
  std::shared_ptr<const Matrix> weights_;
};

/// Writes `count` rows of an output matrix, which come row-major in double.
struct Output {
  void* values;
  Index columns;
  bool single;
  Steps steps;

  Output(void* values, int type, int layout, Index leading, Index rows, Index columns);
  void write(const double* from, Index first, Index count) const;
};

}  // namespace neuspec::c
