#include "read/prepared_source.hpp"

#include <algorithm>
#include <utility>

#include "neuspec/error.hpp"
#include "read/classes.hpp"
#include "read/features.hpp"

namespace neuspec::read {

PreparedSource::PreparedSource(const Preprocessing& map, Table table)
    : map_(map), table_(std::move(table)), features_(prepared_features(map)), targets_(table_.targets), rows_(table_) {
  check_features(map_, table_);
  if (targets_ == 0) {
    return;
  }
  check_table_targets(map_, table_);
  if (map_.encoding != Encoding::none) {
    classes_ = class_positions(table_, map_);
    targets_ = encoded_targets(map_);
    table_.y = {};
  }
}

void PreparedSource::visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const {
  visit_chunks(chunk_samples, true, visitor);
}

void PreparedSource::visit_targets(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const {
  visit_chunks(chunk_samples, false, visitor);
}

StoredForm PreparedSource::stored_form() const {
  if (map_.window_height != 0) return {};
  const bool scaled = !map_.mean.empty();
  const auto* const stored = std::get_if<std::shared_ptr<const StoredFeatures>>(&table_.x);
  return {.stored = stored != nullptr ? stored->get() : &rows_,
          .mean = scaled ? map_.mean.data() : nullptr,
          .scale = scaled ? map_.scale.data() : nullptr};
}

void PreparedSource::visit_chunks(Index chunk_samples, bool with_features, const std::function<void(const Chunk&)>& visitor) const {
  if (chunk_samples < 1) {
    throw UsageError("chunks of " + std::to_string(chunk_samples) + " samples; at least 1 is needed");
  }
  const Index most = std::min(chunk_samples, samples());
  std::vector<double> x(static_cast<std::size_t>(with_features ? most * features_ : 0)), y, weights;
  for (Index first = 0; first < samples(); first += most) {
    const Index count = std::min(most, samples() - first);
    if (with_features) {
      prepare_all(map_, table_, first, count, x.data());
    }
    if (!classes_.empty()) {
      y.resize(static_cast<std::size_t>(count * targets_));
      encode(classes_.data() + first, count, map_, y.data());
    }
    weights.clear();
    for (Index i = 0; i < count && !classes_.empty() && !map_.class_weights.empty(); ++i) {
      weights.push_back(map_.class_weights[classes_[static_cast<std::size_t>(first + i)]]);
    }
    visitor({first, count, with_features ? x.data() : nullptr, classes_.empty() ? table_.y.data() + first * targets_ : y.data(),
             weights.empty() ? nullptr : weights.data()});
  }
}

}  // namespace neuspec::read
