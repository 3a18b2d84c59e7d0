/// \file fuzz_reader.hpp
/// What every reader must keep, whatever bytes it is given: a DataError, or a table that is whole and finite.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "neuspec/error.hpp"
#include "neuspec/preprocessing.hpp"
#include "read/readers.hpp"

namespace neuspec::read {

inline void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

inline void check_table(const Table& table) {
  const auto n = static_cast<std::size_t>(table.samples);
  const auto d = static_cast<std::size_t>(table.features);
  const auto targets = static_cast<std::size_t>(table.targets);
  require(n > 0 && d + targets > 0);
  require(table.y.size() == n * targets && table.feature_names.size() == d && table.target_names.size() == targets);
  std::vector<double> x(n * d);
  table.read_features(0, table.samples, x.data());
  for (const double value : x) {
    require(std::isfinite(value));
  }
  for (const double value : table.y) {
    require(std::isfinite(value));
  }
}

// What preprocessing makes of the table must keep the shape, too.
inline void check_preprocessing(const Table& table) {
  PreprocessingOptions options;
  options.standardize = true;
  options.window_height = table.image_height;
  options.window_width = table.image_width;
  const std::vector<double> z = learn_preprocessing(table, options).features_of(table);
  require(z.size() == static_cast<std::size_t>(table.samples * (table.image_height > 0 ? 1 : table.features)));
}

// A table, or what is wrong with the file.
struct Outcome {
  Table table;
  std::string complaint;
};

template <typename Reader>
Outcome read_checked(const Reader& reader, std::string_view content, const Selection& selection) {
  Outcome outcome;
  try {
    outcome.table = reader(content, "fuzz", selection);
    check_table(outcome.table);
    if (selection.rule != TargetRule::every_column) {
      check_preprocessing(outcome.table);
    }
  } catch (const DataError& error) {  // what damaged files must end in
    outcome.complaint = error.what();
  }
  return outcome;
}

/// `shown(content, selection)` for every way in which a file may be asked for.
template <typename Shown>
void for_selections(const std::uint8_t* bytes, std::size_t size, const Shown& shown) {
  const std::string_view content(reinterpret_cast<const char*>(bytes), size);
  static const Preprocessing trained = [] {
    Preprocessing map;
    map.feature_names = {"a", "b"};
    map.target_names = {"y"};
    map.columns = {3, {0}, {}, true};
    return map;
  }();
  for (const Selection& selection :
       {Selection{}, Selection{.rule = TargetRule::named, .names = {"y", "0"}, .header = Header::present},
        Selection{.rule = TargetRule::none, .names = {"y"}, .features = 3, .header = Header::absent}, Selection{.rule = TargetRule::every_column},
        Selection{.labels = Labels::any}, Selection{.features = 2, .labels = Labels::text, .like = &trained}}) {
    shown(content, selection);
  }
}

template <typename Reader>
void fuzz_reader(const Reader& reader, const std::uint8_t* bytes, std::size_t size) {
  for_selections(bytes, size, [&](std::string_view content, const Selection& selection) { read_checked(reader, content, selection); });
}

/// Text, too, must come out the same whatever the size of the blocks.
template <typename Reader>
void fuzz_text_reader(const Reader& reader, const std::uint8_t* bytes, std::size_t size) {
  for_selections(bytes, size, [&](std::string_view content, const Selection& selection) {
    const auto in_blocks_of = [&](std::size_t block) {
      const auto read = [&](std::string_view text, const std::string& path, const Selection& wanted) { return reader(text, path, wanted, block); };
      return read_checked(read, content, selection);
    };
    const Outcome whole = in_blocks_of(kBlockBytes);
    for (const std::size_t block : {std::size_t{1}, std::size_t{20}}) {
      const Outcome cut = in_blocks_of(block);
      require(cut.complaint == whole.complaint && cut.table.x == whole.table.x && cut.table.y == whole.table.y &&
              cut.table.labels == whole.table.labels && cut.table.target_line == whole.table.target_line);
    }
  });
}

}  // namespace neuspec::read
