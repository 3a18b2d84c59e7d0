/// \file fuzz_reader.hpp
/// What every reader must keep, whatever bytes it is given: a DataError, or a table that is whole and finite.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
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

template <typename Reader>
void fuzz_reader(const Reader& reader, const std::uint8_t* bytes, std::size_t size) {
  const std::string_view content(reinterpret_cast<const char*>(bytes), size);
  static const Preprocessing trained = [] {
    Preprocessing map;
    map.feature_names = {"a", "b"};
    map.target_names = {"y"};
    map.columns = {3, {0}, {}, true};
    return map;
  }();
  for (const Selection& selection :
       {Selection{}, Selection{TargetRule::named, {"y", "0"}, 0, Header::present}, Selection{TargetRule::none, {"y"}, 3, Header::absent},
        Selection{TargetRule::every_column}, Selection{TargetRule::last_column, {}, 0, Header::automatic, Labels::any},
        Selection{TargetRule::last_column, {}, 2, Header::automatic, Labels::text, 0, &trained}}) {
    try {
      const Table table = reader(content, "fuzz", selection);
      check_table(table);
      if (selection.rule != TargetRule::every_column) {
        check_preprocessing(table);
      }
    } catch (const DataError&) {
      // What damaged files must end in.
    }
  }
}

}  // namespace neuspec::read
