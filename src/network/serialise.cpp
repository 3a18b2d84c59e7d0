#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>
#include <utility>

#include "network/replace_file.hpp"
#include "neuspec/error.hpp"
#include "neuspec/network.hpp"

namespace neuspec {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* format_name = "neuspec-model";
constexpr int format_version = 1;
// Directions are normalised in double; what is further off than this was changed after it was written.
constexpr double unit_tolerance = 1e-9;

void require(bool condition, const std::string& what) {
  if (!condition) {
    throw DataError(what);
  }
}

bool all_finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

void check_network(const Network& network) {
  const auto neurons = network.weights.size();
  const auto features = static_cast<std::size_t>(std::max<Index>(network.features, 0));
  require(network.features > 0 && network.outputs > 0, "features and outputs must be at least 1");
  require(network.directions.size() == neurons * features && network.output.size() == neurons, "lengths of the neurons' arrays disagree");
  require(all_finite(network.directions) && all_finite(network.weights), "a neuron holds a number that is not finite");
  for (std::size_t j = 0; j < neurons; ++j) {
    double square = 0;
    for (std::size_t i = 0; i < features; ++i) {
      square += network.directions[j * features + i] * network.directions[j * features + i];
    }
    const std::string neuron = "neuron " + std::to_string(j + 1);
    require(std::abs(std::sqrt(square) - 1) <= unit_tolerance, neuron + ": its direction is not of unit length");
    require(network.output[j] >= 0 && network.output[j] < network.outputs,
            neuron + ": output " + std::to_string(network.output[j]) + " is not among the " + std::to_string(network.outputs) + " outputs");
  }
}

/// Whether count = rows · columns, without overflow on a damaged shape.
bool is_product(Index count, Index rows, Index columns) { return count % rows == 0 && count / rows == columns; }

void check_image(const Preprocessing& p, Index features, Index names) {
  require(p.image_height >= 0 && p.image_width >= 0 && (p.image_height > 0) == (p.image_width > 0), "preprocessing: image shape out of range");
  require(p.window_height >= 0 && p.window_width >= 0 && (p.window_height > 0) == (p.window_width > 0), "preprocessing: window out of range");
  Index rows = p.image_height;
  Index columns = p.image_width;
  if (p.window_height > 0) {
    require(rows > 0 && rows % p.window_height == 0 && columns % p.window_width == 0, "preprocessing: the windows do not tile the image");
    rows /= p.window_height;
    columns /= p.window_width;
  }
  require(rows == 0 || is_product(features, rows, columns), "preprocessing: the image does not give the network's features");
  const bool fits = p.window_height > 0 ? is_product(names, p.image_height, p.image_width) : names == features;
  require(names == 0 || fits, "preprocessing: wrong number of feature names");
}

void check_preprocessing(const Preprocessing& p, const Network& network) {
  check_image(p, network.features, static_cast<Index>(p.feature_names.size()));
  const auto features = static_cast<std::size_t>(network.features);
  require(p.mean.size() == p.scale.size() && (p.mean.empty() || p.mean.size() == features), "preprocessing: wrong number of means or scales");
  require(all_finite(p.mean) && all_finite(p.scale), "preprocessing: a mean or scale is not finite");
  require(std::all_of(p.scale.begin(), p.scale.end(), [](double scale) { return scale > 0; }), "preprocessing: a scale is not positive");
  const auto outputs = static_cast<std::size_t>(network.outputs);
  require(p.classes.empty() || p.classes.size() == outputs, "preprocessing: the number of classes is not the number of outputs");
  require(all_finite(p.classes) && std::adjacent_find(p.classes.begin(), p.classes.end(), std::greater_equal<>()) == p.classes.end(),
          "preprocessing: classes are not ascending numbers");
  require(p.target_names.empty() || p.target_names.size() == (p.classes.empty() ? outputs : 1), "preprocessing: wrong number of target names");
}

/// What both a file to be written and one that was read must fulfil. \throws DataError
void check_model(const Model& model) {
  const Activation& activation = model.network.activation;
  require(std::isfinite(activation.a) && std::isfinite(activation.b) && std::isfinite(activation.c), "the activation is not finite");
  require(activation == model.problem.activation, "network and problem have different activations");
  require(std::isfinite(model.problem.beta) && model.problem.beta > 0, "beta must be a finite number above 0");
  require(std::isfinite(model.primal) && std::isfinite(model.dual) && std::isfinite(model.relative_gap), "the certificate is not finite");
  check_network(model.network);
  check_preprocessing(model.preprocessing, model.network);
}

Json neurons_json(const Network& network) {
  Json neurons = Json::array();
  for (Index j = 0; j < network.neurons(); ++j) {
    const auto begin = network.directions.begin() + j * network.features;
    const auto i = static_cast<std::size_t>(j);
    neurons.push_back(
        {{"output", network.output[i]}, {"weight", network.weights[i]}, {"direction", std::vector<double>(begin, begin + network.features)}});
  }
  return neurons;
}

Json header_json(const Model& model) {
  const Activation& activation = model.problem.activation;
  const Preprocessing& p = model.preprocessing;
  Json json;
  json["format"] = format_name;
  json["version"] = format_version;
  json["provenance"] = model.provenance;
  json["problem"] = {{"loss", model.problem.loss.name()},
                     {"beta", model.problem.beta},
                     {"activation", std::vector<double>{activation.a, activation.b, activation.c}}};
  json["certificate"] = {{"status", model.status}, {"primal", model.primal}, {"dual", model.dual}, {"relative_gap", model.relative_gap}};
  json["preprocessing"] = {{"image", {p.image_height, p.image_width}},
                           {"window", {p.window_height, p.window_width}},
                           {"mean", p.mean},
                           {"scale", p.scale},
                           {"classes", p.classes},
                           {"feature_names", p.feature_names},
                           {"target_names", p.target_names}};
  json["features"] = model.network.features;
  json["outputs"] = model.network.outputs;
  return json;
}

/// One line a member and one a neuron: readable, and two models can be compared line by line.
void write_json(std::ostream& file, const Model& model) {
  const auto text = [](const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); };
  const Json header = header_json(model);
  file << "{\n";
  for (const auto& [key, value] : header.items()) {
    file << text(key) << ": " << text(value) << ",\n";
  }
  file << "\"neurons\": [";
  const char* separator = "\n";
  for (const Json& neuron : neurons_json(model.network)) {
    file << separator << text(neuron);
    separator = ",\n";
  }
  file << "\n]\n}\n";
}

std::vector<double> numbers(const Json& json) {
  require(json.is_array() && std::all_of(json.begin(), json.end(), [](const Json& value) { return value.is_number(); }),
          "where a list of numbers is expected stands something else");
  return json.get<std::vector<double>>();
}

double number(const Json& json) {
  require(json.is_number(), "where a number is expected stands " + std::string(json.type_name()));
  return json.get<double>();
}

Index integer(const Json& json) {
  require(json.is_number_integer(), "where an integer is expected stands something else");
  return json.get<Index>();
}

std::pair<Index, Index> shape(const Json& json) {
  require(json.is_array() && json.size() == 2, "a shape must be two integers");
  return {integer(json[0]), integer(json[1])};
}

Problem problem_from(const Json& json) {
  Problem problem;
  try {
    problem.loss = Loss::parse(json.at("loss").get<std::string>());
  } catch (const UsageError& error) {
    throw DataError(error.what());
  }
  problem.beta = number(json.at("beta"));
  const std::vector<double> activation = numbers(json.at("activation"));
  require(activation.size() == 3, "an activation must be three numbers");
  problem.activation = {activation[0], activation[1], activation[2]};
  return problem;
}

Preprocessing preprocessing_from(const Json& json) {
  Preprocessing p;
  std::tie(p.image_height, p.image_width) = shape(json.at("image"));
  std::tie(p.window_height, p.window_width) = shape(json.at("window"));
  p.mean = numbers(json.at("mean"));
  p.scale = numbers(json.at("scale"));
  p.classes = numbers(json.at("classes"));
  json.at("feature_names").get_to(p.feature_names);
  json.at("target_names").get_to(p.target_names);
  return p;
}

Network network_from(const Json& json, const Activation& activation) {
  Network network;
  network.activation = activation;
  network.features = integer(json.at("features"));
  network.outputs = integer(json.at("outputs"));
  const Json& neurons = json.at("neurons");
  require(neurons.is_array(), "neurons must be a list");
  for (const Json& neuron : neurons) {
    const std::vector<double> direction = numbers(neuron.at("direction"));
    require(static_cast<Index>(direction.size()) == network.features, "neuron " + std::to_string(network.neurons() + 1) + ": its direction has " +
                                                                          std::to_string(direction.size()) + " numbers, the network " +
                                                                          std::to_string(network.features) + " features");
    network.directions.insert(network.directions.end(), direction.begin(), direction.end());
    network.weights.push_back(number(neuron.at("weight")));
    network.output.push_back(integer(neuron.at("output")));
  }
  return network;
}

Model model_from(const Json& json) {
  require(json.is_object() && json.contains("format") && json["format"] == format_name, "not a neuspec model");
  const Index version = integer(json.at("version"));
  require(version <= format_version,
          "made by a later version (model format " + std::to_string(version) + ", this program reads up to " + std::to_string(format_version) + ")");
  require(version >= 1, "unknown model format " + std::to_string(version));
  Model model;
  json.at("provenance").get_to(model.provenance);
  model.problem = problem_from(json.at("problem"));
  const Json& certificate = json.at("certificate");
  certificate.at("status").get_to(model.status);
  model.primal = number(certificate.at("primal"));
  model.dual = number(certificate.at("dual"));
  model.relative_gap = number(certificate.at("relative_gap"));
  model.preprocessing = preprocessing_from(json.at("preprocessing"));
  model.network = network_from(json, model.problem.activation);
  check_model(model);
  return model;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // An empty file sets the output's fail bit and a folder the input's bad bit: only the latter cannot be read.
  if (file) {
    text << file.rdbuf();
  }
  if (!file) {
    throw DataError(path + ": cannot be read");
  }
  return std::move(text).str();
}

}  // namespace

void Model::save(const std::string& path) const {
  try {
    check_model(*this);
  } catch (const DataError& error) {
    throw DataError(path + ": not written: " + error.what());
  }
  replace_file(path, [this](std::ostream& file) { write_json(file, *this); });
}

Model Model::load(const std::string& path) {
  const std::string text = read_text(path);
  try {
    return model_from(Json::parse(text));
  } catch (const nlohmann::json::parse_error& error) {
    throw DataError(path + ": not a neuspec model: no JSON at byte " + std::to_string(error.byte));
  } catch (const nlohmann::json::exception& error) {
    throw DataError(path + ": damaged model: " + error.what());
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

}  // namespace neuspec
