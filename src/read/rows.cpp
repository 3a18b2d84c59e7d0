#include "read/rows.hpp"

#include <memory>
#include <string>
#include <utility>

#include "neuspec/error.hpp"
#include "read/message.hpp"

namespace neuspec::read {
namespace {

class Rows final : public StoredFeatures {
 public:
  Rows(std::shared_ptr<const StoredFeatures> all, Index first) : all_(std::move(all)), first_(first) {}
  void read(Index first, Index count, double* to) const override { all_->read(first_ + first, count, to); }
  bool in_range() const override { return all_->in_range(); }
  NumberType type() const override { return all_->type(); }
  void read_as_stored(Index first, Index count, void* to) const override { all_->read_as_stored(first_ + first, count, to); }
  GpuMatrix on_gpu() const override {
    GpuMatrix matrix = all_->on_gpu();
    if (matrix.values != nullptr) matrix.values = static_cast<const char*>(matrix.values) + first_ * matrix.row * size_of(type());
    return matrix;
  }

 private:
  std::shared_ptr<const StoredFeatures> all_;
  Index first_;
};

template <class T>
std::vector<T> rows(const std::vector<T>& all, Index first, Index count, Index columns) {
  return all.empty() ? all : std::vector<T>(all.begin() + first * columns, all.begin() + (first + count) * columns);
}

}  // namespace

Table columns_of(const Table& table) {
  Table none;
  none.features = table.features;
  none.targets = table.targets;
  none.feature_names = table.feature_names;
  none.target_names = table.target_names;
  none.columns = table.columns;
  none.image_height = table.image_height;
  none.image_width = table.image_width;
  return none;
}

Table rows_of(const Table& table, Index first, Index count) {
  Table part = columns_of(table);
  part.path = table.path;
  part.samples = count;
  part.before = table.before + first;
  if (const auto* stored = std::get_if<std::shared_ptr<const StoredFeatures>>(&table.x)) {
    part.x = std::make_shared<const Rows>(*stored, first);
  } else if (const auto* bytes = std::get_if<std::vector<std::uint8_t>>(&table.x)) {
    part.x = rows(*bytes, first, count, table.features);
  } else {
    part.x = rows(std::get<std::vector<double>>(table.x), first, count, table.features);
  }
  part.y = rows(table.y, first, count, table.targets);
  part.labels = table.labels;
  part.target_path = table.target_path;
  part.target_line = table.target_line > 0 ? table.target_line + first : 0;
  return part;
}

Stretch own_stretch(const std::string& path, Index samples, const Ranks& ranks) {
  const Index rank = ranks.rank(), size = ranks.size(), first = samples * rank / size;
  if (samples < size) {
    throw UsageError(path + ": " + count_of(samples, "sample") + " cannot be shared out among " + std::to_string(size) + " ranks");
  }
  return {first, samples * (rank + 1) / size - first};
}

Table own_rows(const Table& table, const Ranks& ranks) {
  const Stretch own = own_stretch(table.path, table.samples, ranks);
  Table part = rows_of(table, own.first, own.count);
  part.notices = table.notices;
  return part;
}

}  // namespace neuspec::read
