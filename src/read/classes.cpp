#include "read/classes.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "neuspec/error.hpp"
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

std::string listed(const std::vector<double>& classes) {
  constexpr std::size_t kMost = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, classes.size()); ++i) {
    text += (i == 0 ? "" : ", ") + shortest(classes[i]);
  }
  return text + (classes.size() > kMost ? ", …" : "");
}

std::vector<double> learn_classes(const Table& table) {
  constexpr std::size_t kMostClasses = 4096;
  if (table.targets != 1) {
    fail(table.path, "classes need one column of labels; there are " + count_of(table.targets, "target"));
  }
  std::vector<double> classes = table.y;
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  if (classes.size() < 2) {
    fail(table.path, "fewer than two classes: every label is " + shortest(classes.front()));
  }
  if (classes.size() > kMostClasses) {
    fail(table.path, std::to_string(classes.size()) + " distinct labels; at most " + std::to_string(kMostClasses) + " classes are supported");
  }
  return classes;
}

std::vector<std::size_t> class_positions(const Table& table, const std::vector<double>& classes) {
  if (table.targets != 1) {
    fail(table.path, "one column of class labels is needed; there are " + count_of(table.targets, "target"));
  }
  std::vector<std::size_t> positions;
  positions.reserve(table.y.size());
  for (std::size_t i = 0; i < table.y.size(); ++i) {
    const auto found = std::lower_bound(classes.begin(), classes.end(), table.y[i]);
    if (found == classes.end() || *found != table.y[i]) {
      fail(table.path, "sample " + std::to_string(i + 1) + ": the label " + shortest(table.y[i]) + " is not one of the classes " + listed(classes));
    }
    positions.push_back(static_cast<std::size_t>(found - classes.begin()));
  }
  return positions;
}

std::vector<double> encoded(const std::vector<std::size_t>& positions, std::size_t classes, Encoding encoding) {
  const std::size_t targets = encoding == Encoding::binary ? 1 : classes;
  std::vector<double> y(positions.size() * targets, encoding == Encoding::one_hot ? 0.0 : -1.0);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (encoding != Encoding::binary) {
      y[i * targets + positions[i]] = 1.0;
    } else if (positions[i] == 1) {
      y[i] = 1.0;
    }
  }
  return y;
}

std::vector<double> learn_class_weights(const Table& table, const std::vector<double>& classes, const PreprocessingOptions& options) {
  if (!options.class_weights.empty()) {
    if (options.class_weights.size() != classes.size()) {
      fail(table.path,
           std::to_string(options.class_weights.size()) + " class weights for " + std::to_string(classes.size()) + " classes: " + listed(classes));
    }
    return options.class_weights;
  }
  std::vector<double> weights(classes.size());
  for (const std::size_t position : class_positions(table, classes)) {
    weights[position] += 1;
  }
  for (double& weight : weights) {
    weight = static_cast<double>(table.samples) / (static_cast<double>(classes.size()) * weight);
  }
  return weights;
}

}  // namespace neuspec::read
