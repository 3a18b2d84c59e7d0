#include "network/check_model.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "neuspec/error.hpp"

namespace neuspec {

namespace {

// Directions are normalised in double; what is further off than this was changed after it was written.
constexpr double unit_tolerance = 1e-9;

bool all_finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

void check_network(const Network& network) {
  const auto neurons = network.weights.size();
  const Patches patches = patches_of(network);
  const auto size = static_cast<std::size_t>(patches.size);
  require(network.directions.size() == neurons * size && network.output.size() == neurons, "lengths of the neurons' arrays disagree");
  require(network.pool.size() == (patches.whole() ? 0 : neurons), "lengths of the neurons' arrays disagree");
  require(network.bias.empty() || network.bias.size() == static_cast<std::size_t>(network.outputs), "the intercept has not one number an output");
  require(all_finite(network.bias), "the intercept is not finite");
  require(all_finite(network.directions) && all_finite(network.weights), "a neuron holds a number that is not finite");
  for (std::size_t j = 0; j < neurons; ++j) {
    double square = 0;
    for (std::size_t i = 0; i < size; ++i) {
      square += network.directions[j * size + i] * network.directions[j * size + i];
    }
    const std::string neuron = "neuron " + std::to_string(j + 1);
    require(std::abs(std::sqrt(square) - 1) <= unit_tolerance, neuron + ": its direction is not of unit length");
    require(network.output[j] >= 0 && network.output[j] < network.outputs,
            neuron + ": output " + std::to_string(network.output[j]) + " is not among the " + std::to_string(network.outputs) + " outputs");
    const Index pool = network.pool_of(static_cast<Index>(j));
    require(pool >= 0 && pool < patches.pools,
            neuron + ": pool " + std::to_string(pool) + " is not among the " + std::to_string(patches.pools) + " pools");
  }
}

/// Whether count = rows · columns, without overflow on a damaged shape.
bool is_product(Index count, Index rows, Index columns) { return count % rows == 0 && count / rows == columns; }

void check_image(const Preprocessing& p, Index features, Index names) {
  require(p.image_height >= 0 && p.image_width >= 0 && (p.image_height > 0) == (p.image_width > 0), "preprocessing: image shape out of range");
  require(p.window_height >= 0 && p.window_width >= 0 && (p.window_height > 0) == (p.window_width > 0), "preprocessing: window out of range");
  Index rows = p.image_height;
  Index columns = p.image_width;
  if (p.window_height > 0 && p.window_width > 0) {
    require(rows > 0 && rows % p.window_height == 0 && columns % p.window_width == 0, "preprocessing: the windows do not tile the image");
    rows /= p.window_height;
    columns /= p.window_width;
  }
  require(rows == 0 || is_product(features, rows, columns), "preprocessing: the image does not give the network's features");
  const bool fits = p.window_height > 0 ? is_product(names, p.image_height, p.image_width) : names == features;
  require(names == 0 || fits, "preprocessing: wrong number of feature names");
}

/// Distinct positions among those of a file, with room for the features.
void check_columns(const Preprocessing& p) {
  const FileColumns& columns = p.columns;
  std::vector<Index> positions = columns.targets;
  positions.insert(positions.end(), columns.left_out.begin(), columns.left_out.end());
  std::sort(positions.begin(), positions.end());
  require(std::adjacent_find(positions.begin(), positions.end()) == positions.end() &&
              (positions.empty() || (positions.front() >= 0 && positions.back() < columns.count)) && columns.count >= 0,
          "preprocessing: positions of columns are repeated or out of range");
  require(columns.targets.empty() || columns.targets.size() == p.target_names.size(), "preprocessing: wrong number of target positions");
  require(columns.count == 0 || columns.count == static_cast<Index>(p.feature_names.size() + positions.size()),
          "preprocessing: the columns are not the features, the targets and those left out");
}

/// Of a model or a hidden layer.
template <class Proven>
void check_proven(const Proven& proven) {
  const Activation& activation = proven.network.activation;
  require(std::isfinite(activation.a) && std::isfinite(activation.b) && std::isfinite(activation.c), "the activation is not finite");
  require(activation == proven.problem.activation, "network and problem have different activations");
  require(proven.network.architecture == proven.problem.architecture, "network and problem have different architectures");
  require(proven.network.bias.empty() == !proven.problem.bias, "only one of network and problem has an intercept");
  require(std::isfinite(proven.problem.beta) && proven.problem.beta > 0, "beta must be a finite number above 0");
  require(std::isfinite(proven.primal) && std::isfinite(proven.dual) && std::isfinite(proven.relative_gap), "the certificate is not finite");
  check_network(proven.network);
}

/// Each hidden layer's neurons are the features of the next layer.
void check_hidden(const Model& model) {
  for (std::size_t i = 0; i < model.hidden.size(); ++i) {
    const HiddenLayer& layer = model.hidden[i];
    check_proven(layer);
    const auto m = static_cast<std::size_t>(layer.network.neurons());
    const Index next = i + 1 < model.hidden.size() ? model.hidden[i + 1].network.features : model.network.features;
    require(next == layer.network.neurons(), "hidden layer " + std::to_string(i + 1) + " does not have as many neurons as the next one features");
    require(layer.mean.size() == m && layer.scale.size() == m && all_finite(layer.mean) && all_finite(layer.scale) &&
                std::all_of(layer.scale.begin(), layer.scale.end(), [](double scale) { return scale > 0; }),
            "hidden layer " + std::to_string(i + 1) + ": wrong means or scales");
  }
}

}  // namespace

void require(bool condition, const std::string& what) {
  if (!condition) {
    throw DataError(what);
  }
}

Patches patches_of(const Network& network) {
  require(network.features > 0 && network.outputs > 0, "features and outputs must be at least 1");
  try {
    return {network.architecture, network.features};
  } catch (const UsageError& error) {
    throw DataError(error.what());
  }
}

void check_preprocessing(const Preprocessing& p, Index features, Index targets) {
  check_image(p, features, static_cast<Index>(p.feature_names.size()));
  const auto d = static_cast<std::size_t>(features);
  require(p.mean.size() == p.scale.size() && (p.mean.empty() || p.mean.size() == d), "preprocessing: wrong number of means or scales");
  require(all_finite(p.mean) && all_finite(p.scale), "preprocessing: a mean or scale is not finite");
  require(std::all_of(p.scale.begin(), p.scale.end(), [](double scale) { return scale > 0; }), "preprocessing: a scale is not positive");
  const auto outputs = static_cast<std::size_t>(targets);
  require(p.classes.empty() == (p.encoding == Encoding::none), "preprocessing: classes and their encoding disagree");
  require(p.classes.empty() || p.classes.size() == (p.encoding == Encoding::binary ? 2 : outputs),
          "preprocessing: the number of classes is not the number of outputs");
  require(p.class_weights.empty() || p.class_weights.size() == p.classes.size(), "preprocessing: wrong number of class weights");
  require(all_finite(p.class_weights) && std::all_of(p.class_weights.begin(), p.class_weights.end(), [](double weight) { return weight > 0; }),
          "preprocessing: a class weight is not a positive number");
  require(p.encoding != Encoding::binary || outputs == 1, "preprocessing: two classes make one output");
  require(all_finite(p.classes) && std::adjacent_find(p.classes.begin(), p.classes.end(), std::greater_equal<>()) == p.classes.end(),
          "preprocessing: classes are not ascending numbers");
  require(p.class_names.empty() || p.class_names.size() == p.classes.size(), "preprocessing: wrong number of class names");
  require(std::adjacent_find(p.class_names.begin(), p.class_names.end(), std::greater_equal<>()) == p.class_names.end(),
          "preprocessing: class names are not in ascending order");
  require(p.target_names.empty() || p.target_names.size() == (p.classes.empty() ? outputs : 1), "preprocessing: wrong number of target names");
  check_columns(p);
}

void check_model(const Model& model) {
  require(all_finite(model.dual_vector), "the dual vector is not finite");
  check_proven(model);
  check_hidden(model);
  const Network& first = model.hidden.empty() ? model.network : model.hidden.front().network;
  check_preprocessing(model.preprocessing, first.features, model.network.outputs);
}

}  // namespace neuspec
