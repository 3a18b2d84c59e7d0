// Architectures that tests are repeated for, and random networks and data sets that fit them and a loss.
#pragma once

#include <algorithm>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "support/random_problem.hpp"

namespace neuspec {
inline void PrintTo(const Loss& loss, std::ostream* stream) { *stream << loss.name(); }
inline void PrintTo(const Architecture& shape, std::ostream* stream) { *stream << shape.name(); }
}  // namespace neuspec

namespace neuspec::test {

/// One patch; a pool a patch; global pooling with stride, channels and padding; pools of a padded image; pools of an image with channels and stride.
inline std::vector<Architecture> every_architecture() {
  std::vector<Architecture> result;
  for (const char* text :
       {"dense", "conv1d:length=8,filter=3", "conv1d:length=5,channels=2,filter=3,stride=2,padding=1,pool=global",
        "conv2d:height=4,width=5,filter=2x3,padding=1x0,pool=5x1", "conv2d:height=4,width=3,channels=2,filter=2x2,stride=2x1,pool=1x2"})
    result.push_back(Architecture::parse(text));
  return result;
}
inline Index features_of(const Architecture& shape) {
  return shape.kind == Architecture::Kind::dense ? 5 : shape.image.height * shape.image.width * shape.channels;
}
inline std::vector<Loss> every_loss() {
  return {Loss::squared, {Loss::huber, 0.4}, Loss::absolute, Loss::logistic, Loss::squared_hinge, Loss::hinge, Loss::softmax};
}
/// A name that gtest takes.
inline std::string label_of(const Loss& loss, const Architecture& shape) {
  std::string text = loss.name() + '_' + shape.name();
  std::replace_if(text.begin(), text.end(), [](char c) { return c == ':' || c == '.' || c == ',' || c == '='; }, '_');
  return text;
}

/// Targets become what the loss wants: signs, or one-hot rows of the largest.
inline Dataset with_labels(const Dataset& data, const Loss& loss) {
  std::vector<double> y = data.y();
  const Index C = data.targets();
  for (auto row = y.begin(); loss.classification() && row != y.end(); row += C) {
    const auto largest = std::max_element(row, row + C) - row;
    for (Index k = 0; k < C; ++k) row[k] = loss.coupled() ? (k == largest ? 1.0 : 0.0) : row[k] > 0 ? 1.0 : -1.0;
  }
  return {data.samples(), data.features(), C, data.x(), std::move(y), data.weights()};
}

/// Some of the weights are 0.
inline Dataset with_weights(const Dataset& data, Random& random) {
  std::vector<double> weights;
  for (Index i = 0; i < data.samples(); ++i) weights.push_back(i % 7 == 3 ? 0.0 : random.uniform(0.2, 2));
  return {data.samples(), data.features(), data.targets(), data.x(), data.y(), std::move(weights)};
}

inline Network random_network(Random& random, const Problem& problem, Index d, Index C, Index neurons) {
  Network network{.activation = problem.activation, .features = d, .outputs = C, .directions = {}, .weights = {}, .output = {}};
  network.architecture = problem.architecture;
  const Patches patches(problem.architecture, d);
  for (Index j = 0; j < neurons; ++j)
    network.add(random.unit(patches.size).data(), random.normal(), random.index(0, C - 1), random.index(0, patches.pools - 1));
  return network;
}

}  // namespace neuspec::test
