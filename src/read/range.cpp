#include "read/range.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "neuspec/error.hpp"
#include "numeric/all_within.hpp"
#include "text/number.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {

constexpr Index chunk_values = 1L << 21, grain = 1L << 16;  // enough for several threads, and for one

bool usable(const double* values, Index count) {
  std::atomic<bool> result = true;
  parallel_ranges(count, grain, [&](Index first, Index last) {
    if (!all_within(values + first, last - first, largest_usable)) result = false;
  });
  return result;
}

/// `values` are row-major with so many columns, `first` is the sample of the first row.
void check_values(const std::string& what, const double* values, Index samples, Index columns, Index first) {
  if (usable(values, samples * columns)) {
    return;
  }
  const double* const end = values + samples * columns;
  const double* const bad = std::find_if_not(values, end, [](double value) { return std::abs(value) <= largest_usable; });
  const Index position = bad - values;
  throw DataError("sample " + std::to_string(first + position / columns + 1) + ": " + what + " " + std::to_string(position % columns + 1) + " is " +
                  format_number(*bad) + ", larger than " + format_number(largest_usable) + " in size: does it stand for what is missing?");
}

void check_stored(const Table& table) {
  const Index rows = std::clamp<Index>(grain / table.features, 16, 4096);
  parallel_ranges(table.samples, rows, [&](Index begin, Index end) {
    std::vector<double> x(static_cast<std::size_t>(std::min(rows, end - begin) * table.features));
    for (Index first = begin; first < end; first += rows) {
      const Index count = std::min(rows, end - first);
      table.read_features(first, count, x.data());
      check_values("feature", x.data(), count, table.features, table.before + first);
    }
  });
}

}  // namespace

void check_range(const Source& data) {
  data.visit(std::max<Index>(8192, chunk_values / std::max<Index>(data.features(), 1)), [&](const Chunk& chunk) {
    check_values("feature", chunk.x, chunk.samples, data.features(), chunk.first);
    check_values("target", chunk.y, chunk.samples, data.targets(), chunk.first);
    if (chunk.weights != nullptr) {
      check_values("weight", chunk.weights, chunk.samples, 1, chunk.first);
    }
  });
}

void check_range(const Table& table) {
  try {
    if (const auto* x = std::get_if<std::vector<double>>(&table.x)) {
      check_values("feature", x->data(), table.samples, table.features, table.before);
    } else if (const auto* stored = std::get_if<std::shared_ptr<const StoredFeatures>>(&table.x); stored != nullptr && !(*stored)->in_range()) {
      check_stored(table);
    }
    check_values("target", table.y.data(), table.samples, table.targets, table.before);
  } catch (const DataError& error) {
    throw DataError(table.path + ": " + error.what());
  }
}

}  // namespace neuspec
