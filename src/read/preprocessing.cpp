#include "neuspec/preprocessing.hpp"

#include <cstdint>
#include <memory>
#include <utility>

#include "read/classes.hpp"
#include "read/features.hpp"
#include "read/held.hpp"
#include "read/learn.hpp"
#include "read/message.hpp"
#include "read/prepared_source.hpp"

namespace neuspec {
using read::fail;

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

Preprocessing learn_preprocessing(const Table& table, const PreprocessingOptions& options) { return read::learn(table, options, nullptr); }

}  // namespace neuspec
