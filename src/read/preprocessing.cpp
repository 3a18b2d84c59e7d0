#include "neuspec/preprocessing.hpp"

#include <cstdint>
#include <memory>
#include <utility>

#include "read/classes.hpp"
#include "read/features.hpp"
#include "read/held.hpp"
#include "read/message.hpp"
#include "read/prepared_source.hpp"
#include "read/range.hpp"

namespace neuspec {
namespace {

using read::fail;

void check_windows(const Table& table, const PreprocessingOptions& options) {
  const std::string window = std::to_string(options.window_height) + " × " + std::to_string(options.window_width);
  const std::string image = std::to_string(table.image_height) + " × " + std::to_string(table.image_width);
  if (table.image_height == 0) {
    fail(table.path, "block means of " + window + " pixels need images; the samples have no height and width");
  }
  if (options.window_height < 1 || options.window_width < 1 || table.image_height % options.window_height != 0 ||
      table.image_width % options.window_width != 0) {
    fail(table.path, "windows of " + window + " pixels do not tile images of " + image);
  }
}

}  // namespace

std::string Preprocessing::class_label(std::size_t position) const {
  return class_names.empty() ? read::shortest(classes[position]) : class_names[position];
}

Index Preprocessing::raw_features() const { return image_height > 0 ? image_height * image_width : static_cast<Index>(feature_names.size()); }

std::vector<double> Preprocessing::features_of(const Table& table) const {
  read::check_features(*this, table);
  std::vector<double> z(static_cast<std::size_t>(table.samples * read::prepared_features(*this)));
  read::prepare_all(*this, table, 0, table.samples, z.data());
  return z;
}

Dataset Preprocessing::dataset_of(const Table& table) const {
  if (table.targets == 0) {
    fail(table.path, "the file has no targets; name a column or give the labels in a file of their own");
  }
  read::check_table_targets(*this, table);
  std::vector<double> y = table.y, weights;
  Index targets = table.targets;
  if (encoding != Encoding::none) {
    const std::vector<std::uint32_t> positions = read::class_positions(table, *this);
    targets = read::encoded_targets(*this);
    y.resize(positions.size() * static_cast<std::size_t>(targets));
    read::encode(positions.data(), table.samples, *this, y.data());
    for (std::size_t i = 0; !class_weights.empty() && i < positions.size(); ++i) {
      weights.push_back(class_weights[positions[i]]);
    }
  }
  std::vector<double> x = features_of(table);
  const auto features = static_cast<Index>(x.size()) / table.samples;
  return {table.samples, features, targets, std::move(x), std::move(y), std::move(weights)};
}

std::unique_ptr<Source> Preprocessing::source_of(Table table) const {
  if (table.targets > 0 && is_small(table.samples, read::prepared_features(*this))) {
    return std::make_unique<Dataset>(dataset_of(table));
  }
  return std::make_unique<read::PreparedSource>(*this, std::move(table));
}

Preprocessing learn_preprocessing(const Table& table, const PreprocessingOptions& options) {
  if (table.samples == 0) {
    fail(table.path, "the file holds no samples");
  }
  check_range(table);
  Preprocessing map;
  map.image_height = table.image_height;
  map.image_width = table.image_width;
  map.feature_names = table.feature_names;
  map.target_names = table.target_names;
  map.columns = table.columns;
  if (options.window_height != 0 || options.window_width != 0) {
    check_windows(table, options);
    map.window_height = options.window_height;
    map.window_width = options.window_width;
  }
  map.encoding = options.encoding;
  if (options.encoding != Encoding::none) {
    map.classes = read::learn_classes(table);
    map.class_names = table.labels;
    if (options.encoding == Encoding::binary && map.classes.size() != 2) {
      fail(table.path, std::to_string(map.classes.size()) + " distinct labels where two classes are needed: " + read::listed_classes(map));
    }
  }
  if (options.balance_classes || !options.class_weights.empty()) {
    if (map.classes.empty()) {
      fail(table.path, "class weights need class labels: a loss for classes, or one target against the rest");
    }
    map.class_weights = read::learn_class_weights(table, map, options);
  }
  if (options.standardize) {
    read::learn_scaling(table, map);
  }
  return map;
}

}  // namespace neuspec
