#include "read/classes.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "neuspec/error.hpp"
#include "read/learn.hpp"
#include "read/message.hpp"

namespace neuspec {

namespace {
constexpr std::array<std::pair<const char*, Encoding>, 4> encodings = {
    {{"none", Encoding::none}, {"one_vs_rest", Encoding::one_vs_rest}, {"one_hot", Encoding::one_hot}, {"binary", Encoding::binary}}};
}  // namespace

std::string name(Encoding encoding) {
  for (const auto& [text, value] : encodings) {
    if (encoding == value) {
      return text;
    }
  }
  throw UsageError("encoding: not one of the enumeration's values");
}

std::optional<Encoding> parse_encoding(const std::string& text) {
  for (const auto& [known, value] : encodings) {
    if (text == known) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace neuspec

namespace neuspec::read {
namespace {

constexpr std::size_t kMostClasses = 4096;

std::string label_text(const Table& table, std::size_t sample) {
  const double label = table.y[sample];
  return table.labels.empty() ? shortest(label) : quoted(table.labels[static_cast<std::size_t>(label)]);
}

[[noreturn]] void fail_at_label(const Table& table, std::size_t sample, const std::string& message) {
  const std::string& path = table.target_path.empty() ? table.path : table.target_path;
  const auto i = static_cast<Index>(sample);
  if (table.target_line > 0) {
    fail_at_line(path, table.target_line + i, message);
  }
  fail(path, "sample " + std::to_string(table.before + i + 1) + ": " + message);
}

/// The place of `label` in a sorted list, or the list's size.
template <typename Label>
std::size_t position_in(const std::vector<Label>& list, const Label& label) {
  const auto found = std::lower_bound(list.begin(), list.end(), label);
  return static_cast<std::size_t>((found != list.end() && *found == label ? found : list.end()) - list.begin());
}

/// Of a number: a class of that value, or that text.
std::size_t position_of(double label, const Preprocessing& map) {
  return map.class_names.empty() ? position_in(map.classes, label) : position_in(map.class_names, shortest(label));
}

/// Of each of the table's text labels; none where its labels are numbers.
std::vector<std::size_t> positions_of_names(const Table& table, const Preprocessing& map) {
  std::vector<std::size_t> positions;
  for (const std::string& label : table.labels) {
    positions.push_back(map.class_names.empty() ? map.classes.size() : position_in(map.class_names, label));
  }
  return positions;
}

[[noreturn]] void fail_for_many(const Table& table) {
  fail(table.path, "more than " + std::to_string(kMostClasses) + " distinct labels: too many for classes");
}

/// Sorted.
std::vector<double> distinct_labels(const Table& table) {
  std::vector<double> classes;
  for (const double y : table.y) {
    const double label = y + 0.0;  // -0 is 0
    const auto at = std::lower_bound(classes.begin(), classes.end(), label);
    if (at == classes.end() || *at != label) {
      classes.insert(at, label);
    }
    if (classes.size() > kMostClasses) fail_for_many(table);
  }
  return classes;
}

}  // namespace

std::string listed_classes(const Preprocessing& map) {
  constexpr std::size_t kMost = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, map.classes.size()); ++i) {
    text += (i == 0 ? "" : ", ") + map.class_label(i);
  }
  return text + (map.classes.size() > kMost ? ", …" : "");
}

void learn_classes(const Table& table, Preprocessing& map, const Ranks* ranks) {
  if (table.targets != 1) {
    fail(table.path, "classes need one column of labels; there are " + count_of(table.targets, "target"));
  }
  if (ranks != nullptr && ranks->smallest(table.labels.empty() ? 0 : 1) != ranks->largest(table.labels.empty() ? 0 : 1)) {
    fail(table.path, "the labels are text on some ranks and numbers on others");
  }
  map.class_names = united(table.labels, ranks);
  map.classes.resize(map.class_names.size());
  std::iota(map.classes.begin(), map.classes.end(), 0.0);
  if (table.labels.empty()) {
    map.classes = united(distinct_labels(table), ranks);
    if (map.classes.size() > kMostClasses) fail_for_many(table);
  }
  if (map.classes.size() < 2) {
    fail(table.path, "fewer than two classes: every label is " + label_text(table, 0));
  }
}

void check_table_targets(const Preprocessing& map, const Table& table) {
  if (map.encoding != Encoding::none) {
    return;
  }
  if (!map.target_names.empty() && static_cast<std::size_t>(table.targets) != map.target_names.size()) {
    fail(table.target_path.empty() ? table.path : table.target_path,
         count_of(table.targets, "target") + " where the training data had " + std::to_string(map.target_names.size()));
  }
  if (!table.labels.empty()) {
    fail(table.path, "the labels are text, as labels of classes alone may be");
  }
}

std::vector<std::uint32_t> class_positions(const Table& table, const Preprocessing& map) {
  if (table.targets != 1) {
    fail(table.path, "one column of class labels is needed; there are " + count_of(table.targets, "target"));
  }
  const std::vector<std::size_t> named = positions_of_names(table, map);
  std::vector<std::uint32_t> positions;
  positions.reserve(table.y.size());
  for (std::size_t i = 0; i < table.y.size(); ++i) {
    const auto position = named.empty() ? position_of(table.y[i], map) : named[static_cast<std::size_t>(table.y[i])];
    if (position == map.classes.size()) {
      fail_at_label(table, i, "the label " + label_text(table, i) + " is not one of the classes " + listed_classes(map));
    }
    positions.push_back(static_cast<std::uint32_t>(position));
  }
  return positions;
}

Index encoded_targets(const Preprocessing& map) { return map.encoding == Encoding::binary ? 1 : static_cast<Index>(map.classes.size()); }

void encode(const std::uint32_t* positions, Index samples, const Preprocessing& map, double* y) {
  const Index targets = encoded_targets(map);
  std::fill_n(y, samples * targets, map.encoding == Encoding::one_hot ? 0.0 : -1.0);
  for (Index i = 0; i < samples; ++i) {
    if (map.encoding != Encoding::binary) {
      y[i * targets + positions[i]] = 1.0;
    } else if (positions[i] == 1) {
      y[i] = 1.0;
    }
  }
}

std::vector<double> learn_class_weights(const Table& table, const Preprocessing& map, const PreprocessingOptions& options, const Ranks* ranks) {
  const std::vector<double>& classes = map.classes;
  if (!options.class_weights.empty()) {
    if (options.class_weights.size() != classes.size()) {
      fail(table.path, std::to_string(options.class_weights.size()) + " class weights for " + std::to_string(classes.size()) +
                           " classes: " + listed_classes(map));
    }
    return options.class_weights;
  }
  std::vector<double> weights(classes.size());
  for (const std::uint32_t position : class_positions(table, map)) {
    weights[position] += 1;
  }
  if (ranks != nullptr) ranks->sum(weights);
  const double samples = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) {
    weight = samples / (static_cast<double>(classes.size()) * weight);
  }
  return weights;
}

}  // namespace neuspec::read
