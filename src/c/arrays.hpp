// Arrays as C hands them over.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "neuspec/neuspec.h"
#include "read/caller_arrays.hpp"

namespace neuspec::c {

/// \throws UsageError for NULL and for types, layouts and kinds of memory that there are not
ArrayView view_of(const char* what, const neuspec_array* array);

/// Another source with its weights multiplied by the caller's.
class WeightedSource final : public Source {
 public:
  WeightedSource(std::shared_ptr<const Source> source, std::shared_ptr<const read::Matrix> weights)
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
  StoredForm stored_form() const override { return source_->stored_form(); }

 private:
  std::function<void(const Chunk&)> weighted(const std::function<void(const Chunk&)>& visitor) const;

  std::shared_ptr<const Source> source_;
  std::shared_ptr<const read::Matrix> weights_;
};

/// Writes `count` rows of an output matrix, which come row-major in double.
struct Output {
  void* values;
  Index columns;
  bool single;
  read::Steps steps;

  Output(void* values, int type, int layout, Index leading, Index rows, Index columns);
  void write(const double* from, Index first, Index count) const;
};

}  // namespace neuspec::c
