#include "read/array.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>

#include "numeric/all_within.hpp"
#include "read/array_rows.hpp"
#include "read/message.hpp"
#include "read/range.hpp"
#include "read/scaling.hpp"
#include "threads/parallel.hpp"

namespace neuspec::read {

std::size_t size_of(ElementType type) {
  switch (type) {
    case ElementType::boolean:
    case ElementType::int8:
    case ElementType::uint8:
      return 1;
    case ElementType::int16:
    case ElementType::uint16:
      return 2;
    case ElementType::int32:
    case ElementType::uint32:
    case ElementType::float32:
      return 4;
    default:
      return 8;
  }
}

std::size_t bytes_of(const Array& array, const std::string& path) {
  if (array.shape.empty() || array.shape.size() > 3) {
    fail(path, "the array has " + count_of(static_cast<Index>(array.shape.size()), "dimension") + "; 1, 2 or 3 are understood");
  }
  std::uint64_t bytes = size_of(array.type);
  for (const std::uint64_t size : array.shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) {
      fail(path, "the sizes in the header overflow");
    }
  }
  if (bytes == 0) {
    fail(path, "the array is empty");
  }
  return bytes;
}

namespace {

/// Samples worth a thread's while, and few enough to stay in the cache.
Index grain_of(const Table& table) { return std::clamp<Index>((Index(1) << 18) / (table.features + table.targets), 16, 4096); }

// Names the first value of some samples, in their order, that is not finite.
void fail_at_first_bad(const std::string& path, const Table& table, Index first, Index count, const double* x, const double* y) {
  const auto check = [&](Index sample, double value, const std::string& column) {
    if (!std::isfinite(value)) {
      fail(path, "sample " + std::to_string(table.before + sample + 1) + ", column " + quoted(column) + ": " + shortest(value) + " is not finite");
    }
  };
  for (Index i = 0; i < count; ++i) {
    for (Index j = 0; j < table.features; ++j) {
      check(first + i, x[i * table.features + j], table.feature_names[static_cast<std::size_t>(j)]);
    }
    for (Index k = 0; k < table.targets; ++k) {
      check(first + i, y[i * table.targets + k], table.target_names[static_cast<std::size_t>(k)]);
    }
  }
}

Selection selection_for(const Array& array, const std::string& path, const Selection& selection) {
  const bool images = array.shape.size() == 3;
  if (images && selection.rule == TargetRule::every_column) {
    fail(path, "holds images, not labels");
  }
  if (!images && array.has_target_columns) {
    return selection;
  }
  if (selection.rule == TargetRule::named) {
    fail(path, std::string(images ? "images have" : "the format has") + " no target columns; give the labels in a file of their own");
  }
  return {selection.rule == TargetRule::every_column ? selection.rule : TargetRule::none};
}

class StoredArray final : public StoredFeatures {
 public:
  StoredArray(ArrayRows rows, bool in_range, Deviations deviations)
      : rows_(std::move(rows)), in_range_(in_range), deviations_(std::move(deviations)) {}
  // All values were finite when the table was made, and the file is the same.
  void read(Index first, Index count, double* to) const override { rows_.read(first, count, to, nullptr); }
  bool in_range() const override { return in_range_; }
  const Deviations* deviations() const override { return deviations_.samples > 0 ? &deviations_ : nullptr; }
  NumberType type() const override { return rows_.type(); }
  void read_as_stored(Index first, Index count, void* to) const override { rows_.read_as_stored(first, count, to); }

 private:
  ArrayRows rows_;
  bool in_range_;
  Deviations deviations_;
};

/// A pass over all samples, block by block.
class Pass {
 public:
  Pass(const ArrayRows& rows, Table& table) : rows_(rows), table_(table), grain_(grain_of(table)) {}

  /// Targets go to the table, and features to `x`. False where a value is not finite.
  bool read_to(double* x) {
    each_block(0, blocks(), [&](Index block) { read(block, x + block * grain_ * table_.features); });
    return finite_;
  }
  /// Targets go to the table, and features are looked at. Deviations are those of `scaling_of`, bit by bit, where its runs stay in the cache.
  bool look(bool with_deviations) {
    constexpr Index most_features = 256;
    constexpr Index most_waiting = 1 << 10;  // blocks whose deviations are not merged yet
    const bool deviations = with_deviations && table_.features > 0 && table_.features <= most_features;
    if (deviations) grain_ = run_samples;
    std::vector<double> origin(static_cast<std::size_t>(table_.features));
    rows_.read(0, 1, origin.data(), table_.y.data());
    for (Index begin = 0; begin < blocks(); begin += most_waiting) {
      const Index end = std::min(begin + most_waiting, blocks());
      std::vector<Deviations> seen(static_cast<std::size_t>(deviations ? end - begin : 0));
      each_block(begin, end, [&](Index block) {
        static thread_local std::vector<double> passing;
        passing.resize(static_cast<std::size_t>(size(block) * table_.features));
        read(block, passing.data());
        if (!all_within(passing.data(), static_cast<Index>(passing.size()), largest_usable)) in_range_ = false;
        if (deviations) seen[static_cast<std::size_t>(block - begin)] = deviations_of(passing, origin);
      });
      for (Deviations& part : seen) merge(std::move(part), deviations_);
    }
    return finite_;
  }
  bool in_range() const { return in_range_; }
  Deviations deviations() { return std::move(deviations_); }

 private:
  Index blocks() const { return (table_.samples + grain_ - 1) / grain_; }
  Index size(Index block) const { return std::min(grain_, table_.samples - block * grain_); }
  template <class Body>
  void each_block(Index begin, Index end, const Body& body) const {
    parallel_ranges(end - begin, 1, [&](Index first, Index last) {
      for (Index block = begin + first; block < begin + last; ++block) body(block);
    });
  }
  void read(Index block, double* to) {
    if (!rows_.read(block * grain_, size(block), to, table_.y.data() + block * grain_ * table_.targets)) finite_ = false;
  }

  const ArrayRows& rows_;
  Table& table_;
  Index grain_;
  std::atomic<bool> finite_ = true, in_range_ = true;
  Deviations deviations_;
};

void fail_at_first_bad(const ArrayRows& rows, const std::string& path, Table& table) {
  const Index grain = grain_of(table);
  std::vector<double> values(static_cast<std::size_t>(grain * table.features));
  for (Index first = 0; first < table.samples; first += grain) {
    const Index count = std::min(grain, table.samples - first);
    double* const y = table.y.data() + first * table.targets;
    if (!rows.read(first, count, values.data(), y)) fail_at_first_bad(path, table, first, count, values.data(), y);
  }
}

}  // namespace

Table table_of(const Array& array, const FileView& file, const std::string& path, const Selection& selection) {
  const std::size_t bytes = bytes_of(array, path), there = file.size - array.data_at;
  if (there < bytes) {
    fail(path, "truncated: the header promises " + std::to_string(bytes) + " bytes of data, the file holds " + std::to_string(there));
  }
  if (there > bytes) {
    fail(path, std::to_string(there - bytes) + " bytes too many after the data that the header describes");
  }
  return table_of(array, {std::make_shared<FileBytes>(file, array.data_at), file.keeps(bytes)}, path, selection);
}

Table table_of(const Array& array, const Elements& elements, const std::string& path, const Selection& selection) {
  const std::size_t data_bytes = bytes_of(array, path);
  const auto count = static_cast<Index>(data_bytes / size_of(array.type) / array.shape[0]);
  const std::vector<std::string> no_header;
  const Columns columns = select_columns({path, no_header, count}, selection_for(array, path, selection));
  Table table;
  describe(columns, path, table);
  const Stretch taken = selection.rows.value_or(Stretch{0, array.samples()});
  if (taken.first + taken.count > array.samples()) fail(path, "was written to while it was read");
  table.samples = taken.count;
  table.before = taken.first;
  if (array.shape.size() == 3) {
    table.image_height = static_cast<Index>(array.shape[1]);
    table.image_width = static_cast<Index>(array.shape[2]);
  }
  if (selection.header_alone) return table;
  const bool bytes = array.type == ElementType::uint8 || array.type == ElementType::boolean;
  const bool plain = columns.features == count && (!array.fortran_order || array.shape.size() == 1);
  if (bytes && plain && !elements.stay) {
    std::vector<char> buffer;
    const char* const data =
        elements.bytes->read(static_cast<std::size_t>(taken.first * count), static_cast<std::size_t>(taken.count * count), buffer);
    table.x = std::vector<std::uint8_t>(data, data + taken.count * count);
    return table;
  }
  ArrayRows rows(array, elements.bytes, columns, taken.first);
  table.y.resize(static_cast<std::size_t>(table.samples * table.targets));
  if (!elements.stay) {
    std::vector<double> x(static_cast<std::size_t>(table.samples * table.features));
    if (!Pass(rows, table).read_to(x.data())) fail_at_first_bad(rows, path, table);
    table.x = std::move(x);
    return table;
  }
  Pass pass(rows, table);
  const bool known = bytes && table.targets == 0;  // to be finite and small
  if (!known && !pass.look(selection.deviations)) fail_at_first_bad(rows, path, table);
  if (table.features > 0) {
    table.x = std::make_shared<StoredArray>(std::move(rows), pass.in_range(), pass.deviations());
  }
  return table;
}

}  // namespace neuspec::read
