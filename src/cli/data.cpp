#include "cli/data.hpp"

#include <algorithm>
#include <string_view>

#include "neuspec/error.hpp"

namespace neuspec::cli {
namespace {

/// prefix0, prefix1, …: what the readers call columns without a header.
bool is_numbered(const std::vector<std::string>& names, const std::string& prefix) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != prefix + std::to_string(i)) {
      return false;
    }
  }
  return true;
}

/// Positions of the columns behind the features, where targets are when nothing names them.
std::vector<std::string> last_columns(const Preprocessing& preprocessing) {
  std::vector<std::string> positions;
  const Index first = preprocessing.raw_features();
  const auto count = static_cast<Index>(std::max<std::size_t>(preprocessing.target_names.size(), 1));
  for (Index column = first; column < first + count; ++column) {
    positions.push_back(std::to_string(column));
  }
  return positions;
}

/// Columns in another order would give numbers without meaning. Names can only be compared where both files have them; a name that
/// both have, but not all, shows that target and features were taken from other columns than in training.
void check_names(const Table& table, const Preprocessing& preprocessing) {
  const std::vector<std::string>& expected = preprocessing.feature_names;
  const std::vector<std::string>& found = table.feature_names;
  if (expected.empty() || expected == found || found.size() != expected.size() || is_numbered(found, "x")) {
    return;
  }
  const auto known = [&](const std::string& feature) { return std::find(expected.begin(), expected.end(), feature) != expected.end(); };
  if (is_numbered(expected, "x") && std::none_of(found.begin(), found.end(), known)) {
    return;
  }
  const auto [model_name, name] = std::mismatch(expected.begin(), expected.end(), found.begin());
  throw DataError(table.path + ": feature " + std::to_string(model_name - expected.begin() + 1) + " is '" + *name + "' here, '" + *model_name +
                  "' in training: the columns must be the same, in the same order (--target names those that are no features)");
}

/// Labels as the loss wants them: hinge and logistic losses −1 and +1, softmax one-hot.
Encoding encoding_of(const DataOptions& options, const Loss& loss, const Table& table) {
  if (options.one_vs_rest && loss.coupled()) {
    throw UsageError("--one-vs-rest makes independent targets; loss softmax takes the classes as they are: leave it out");
  }
  if (options.one_vs_rest) {
    return Encoding::one_vs_rest;
  }
  if (!loss.classification() || table.targets != 1) {
    return Encoding::none;
  }
  const auto is_sign = [](double y) { return y == 1 || y == -1; };
  if (loss.coupled()) {
    return Encoding::one_hot;
  }
  return options.class_weights.empty() && std::all_of(table.y.begin(), table.y.end(), is_sign) ? Encoding::none : Encoding::binary;
}

}  // namespace

TrainingData read_training(const DataOptions& options, const Loss& loss) {
  PreprocessingOptions preparation = preprocessing_options(options);
  const Table table = read_table(options.path, read_options(options));
  if (table.targets == 0) {
    throw DataError(options.path + ": there are no targets; give a file of them with --labels");
  }
  preparation.encoding = encoding_of(options, loss, table);
  TrainingData training;
  training.preprocessing = learn_preprocessing(table, preparation);
  training.data = training.preprocessing.dataset_of(table);
  return training;
}

Dataset read_samples(const SampleFile& file, const Preprocessing& preprocessing) {
  ReadOptions options;
  options.labels_file = file.labels;
  options.features = preprocessing.raw_features();
  const std::vector<std::string>& names = preprocessing.target_names;
  if (!file.targets.empty()) {
    options.targets = split_list("--target", file.targets);
  } else if (file.labels.empty() && !is_numbered(names, "y")) {
    options.targets = names;
  } else if (file.labels.empty() && names.size() > 1) {
    options.targets = last_columns(preprocessing);
  }
  const Table table = read_table(file.path, options);
  if (table.targets == 0) {
    throw DataError(file.path + ": there are no targets; give a file of them as labels");
  }
  check_names(table, preprocessing);
  return preprocessing.dataset_of(table);
}

Table read_features(const SampleFile& file, const Preprocessing& preprocessing) {
  ReadOptions options;
  options.without_targets = true;
  options.features = preprocessing.raw_features();
  options.targets = file.targets.empty() ? preprocessing.target_names : split_list("--target", file.targets);
  Table table = read_table(file.path, options);
  // Nothing was found under the targets' names, and there are as many columns more: without a header they are the last ones.
  const auto targets = static_cast<Index>(std::max<std::size_t>(preprocessing.target_names.size(), 1));
  const bool nameless = is_numbered(table.feature_names, "x") || is_numbered(preprocessing.target_names, "y");
  if (file.targets.empty() && nameless && table.image_height == 0 && table.features == options.features + targets) {
    options.targets = last_columns(preprocessing);
    table = read_table(file.path, options);
  }
  check_names(table, preprocessing);
  return table;
}

}  // namespace neuspec::cli
