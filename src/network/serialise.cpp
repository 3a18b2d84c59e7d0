#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>
#include <utility>

#include "network/check_model.hpp"
#include "network/preprocessing_json.hpp"
#include "network/replace_file.hpp"
#include "neuspec/error.hpp"
#include "neuspec/network.hpp"
#include "text/utf8.hpp"

namespace neuspec {
namespace {

constexpr const char* format_name = "neuspec-model";
constexpr int format_version = 4;  // 2: architectures, losses, dual vectors; 3: intercepts; 4: positions of columns, text labels

Json neurons_json(const Network& network) {
  Json neurons = Json::array();
  const Index size = network.direction_size();
  for (Index j = 0; j < network.neurons(); ++j) {
    const auto begin = network.directions.begin() + j * size;
    const auto i = static_cast<std::size_t>(j);
    Json neuron = {{"output", network.output[i]}, {"weight", network.weights[i]}, {"direction", std::vector<double>(begin, begin + size)}};
    if (!network.pool.empty()) {
      neuron["pool"] = network.pool[i];
    }
    neurons.push_back(std::move(neuron));
  }
  return neurons;
}

Json problem_json(const Problem& problem) {
  const Activation& activation = problem.activation;
  return {{"loss", problem.loss.name()},
          {"beta", problem.beta},
          {"activation", std::vector<double>{activation.a, activation.b, activation.c}},
          {"architecture", problem.architecture.name()}};
}

/// Of a model or a hidden layer.
template <class Proven>
Json certificate_json(const Proven& proven) {
  return {{"status", proven.status}, {"primal", proven.primal}, {"dual", proven.dual}, {"relative_gap", proven.relative_gap}};
}

Json hidden_json(const std::vector<HiddenLayer>& layers) {
  Json list = Json::array();
  for (const HiddenLayer& layer : layers) {
    list.push_back({{"problem", problem_json(layer.problem)},
                    {"certificate", certificate_json(layer)},
                    {"mean", layer.mean},
                    {"scale", layer.scale},
                    {"features", layer.network.features},
                    {"outputs", layer.network.outputs},
                    {"neurons", neurons_json(layer.network)}});
    if (layer.problem.bias) {
      list.back()["bias"] = layer.network.bias;
    }
  }
  return list;
}

Json header_json(const Model& model) {
  Json json;
  json["format"] = format_name;
  json["version"] = format_version;
  json["provenance"] = utf8_of(model.provenance);
  json["problem"] = problem_json(model.problem);
  json["certificate"] = certificate_json(model);
  json["preprocessing"] = preprocessing_json(model.preprocessing);
  if (!model.hidden.empty()) {
    json["hidden"] = hidden_json(model.hidden);
  }
  json["features"] = model.network.features;
  json["outputs"] = model.network.outputs;
  if (!model.network.bias.empty()) {
    json["bias"] = model.network.bias;
  }
  if (!model.dual_vector.empty()) {
    json["dual_vector"] = model.dual_vector;
  }
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

Problem problem_from(const Json& json, Index version) {
  Problem problem;
  try {
    problem.loss = Loss::parse(json.at("loss").get<std::string>());
    problem.architecture = Architecture::parse(version < 2 ? "dense" : json.at("architecture").get<std::string>());
  } catch (const UsageError& error) {
    throw DataError(error.what());
  }
  problem.beta = number(json.at("beta"));
  const std::vector<double> activation = numbers(json.at("activation"));
  require(activation.size() == 3, "an activation must be three numbers");
  problem.activation = {activation[0], activation[1], activation[2]};
  return problem;
}

Network network_from(const Json& json, const Problem& problem) {
  Network network;
  network.activation = problem.activation;
  network.architecture = problem.architecture;
  network.features = integer(json.at("features"));
  network.outputs = integer(json.at("outputs"));
  if (problem.bias) {
    network.bias = numbers(json["bias"]);
  }
  const Json& neurons = json.at("neurons");
  require(neurons.is_array(), "neurons must be a list");
  const Patches patches = patches_of(network);
  for (const Json& neuron : neurons) {
    const std::vector<double> direction = numbers(neuron.at("direction"));
    require(static_cast<Index>(direction.size()) == patches.size, "neuron " + std::to_string(network.neurons() + 1) + ": its direction has " +
                                                                      std::to_string(direction.size()) + " numbers, a patch has " +
                                                                      std::to_string(patches.size) + " features");
    network.directions.insert(network.directions.end(), direction.begin(), direction.end());
    network.weights.push_back(number(neuron.at("weight")));
    network.output.push_back(integer(neuron.at("output")));
    if (!patches.whole()) {
      network.pool.push_back(integer(neuron.at("pool")));
    }
  }
  return network;
}

template <class Proven>
void read_certificate(const Json& json, Proven& proven) {
  json.at("status").get_to(proven.status);
  proven.primal = number(json.at("primal"));
  proven.dual = number(json.at("dual"));
  proven.relative_gap = number(json.at("relative_gap"));
}

std::vector<HiddenLayer> hidden_from(const Json& json, Index version) {
  require(json.is_array() && !json.empty(), "hidden layers must be a list");
  std::vector<HiddenLayer> layers;
  for (const Json& entry : json) {
    HiddenLayer layer;
    layer.problem = problem_from(entry.at("problem"), version);
    read_certificate(entry.at("certificate"), layer);
    layer.mean = numbers(entry.at("mean"));
    layer.scale = numbers(entry.at("scale"));
    layer.problem.bias = entry.contains("bias");
    layer.network = network_from(entry, layer.problem);
    layers.push_back(std::move(layer));
  }
  return layers;
}

Model model_from(const Json& json) {
  require(json.is_object() && json.contains("format") && json["format"] == format_name, "not a neuspec model");
  const Index version = integer(json.at("version"));
  require(version <= format_version,
          "made by a later version (model format " + std::to_string(version) + ", this program reads up to " + std::to_string(format_version) + ")");
  require(version >= 1, "unknown model format " + std::to_string(version));
  Model model;
  json.at("provenance").get_to(model.provenance);
  model.problem = problem_from(json.at("problem"), version);
  read_certificate(json.at("certificate"), model);
  model.preprocessing = preprocessing_from(json.at("preprocessing"), version);
  if (json.contains("hidden")) {
    model.hidden = hidden_from(json["hidden"], version);
  }
  model.problem.bias = json.contains("bias");
  model.network = network_from(json, model.problem);
  if (json.contains("dual_vector")) {
    model.dual_vector = numbers(json["dual_vector"]);
  }
  check_model(model);
  return model;
}

std::string read_text(std::istream& file, const std::string& name) {
  std::ostringstream text;
  // An empty file sets the output's fail bit and a folder the input's bad bit: only the latter cannot be read.
  if (file) {
    text << file.rdbuf();
  }
  if (!file) {
    throw DataError(name + ": cannot be read");
  }
  return std::move(text).str();
}

void check_writing(const Model& model, const std::string& name) {
  try {
    check_model(model);
  } catch (const DataError& error) {
    throw DataError(name + ": not written: " + error.what());
  }
}

}  // namespace

void Model::save(const std::string& path) const {
  check_writing(*this, path);
  replace_file(path, [this](std::ostream& file) { write_json(file, *this); });
}

void Model::write(std::ostream& stream, const std::string& name) const {
  check_writing(*this, name);
  write_json(stream, *this);
}

Model Model::load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return read(file, path);
}

Model Model::read(std::istream& stream, const std::string& name) {
  const std::string text = read_text(stream, name);
  try {
    return model_from(Json::parse(text));
  } catch (const nlohmann::json::parse_error& error) {
    throw DataError(name + ": not a neuspec model: no JSON at byte " + std::to_string(error.byte));
  } catch (const nlohmann::json::exception& error) {
    throw DataError(name + ": damaged model: " + error.what());
  } catch (const DataError& error) {
    throw DataError(name + ": " + error.what());
  }
}

}  // namespace neuspec
