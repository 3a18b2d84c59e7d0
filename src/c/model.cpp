// Models: files, memory, networks from elsewhere.
#include <algorithm>
#include <cmath>
#include <limits>

#include "c/data.hpp"
#include "c/memory.hpp"
#include "network/check_model.hpp"

using namespace neuspec::c;
using neuspec::Index;
using neuspec::Model;
using neuspec::Network;
using neuspec::UsageError;

namespace {

template <class To, class From>
void copy_if_wanted(const std::vector<From>& from, To* to) {
  if (to != nullptr) std::copy(from.begin(), from.end(), to);
}

template <class T>
std::vector<T> numbers(const T* from, Index count, const char* name) {
  if (count == 0) return {};
  return {&required(from, name), from + count};
}

std::vector<Index> positions(const int64_t* from, Index count) {
  if (from == nullptr) return std::vector<Index>(static_cast<std::size_t>(count), 0);
  return {from, from + count};
}

Index product(Index a, Index b) {
  Index result = 0;
  if (__builtin_mul_overflow(a, b, &result)) throw UsageError("the network is larger than there can be");
  return result;
}

}  // namespace

extern "C" {

int neuspec_model_save(const neuspec_model* model, const char* path) {
  return guarded(model, [&] { get<ModelHandle>(model)->model.save(text_of(path, "path")); });
}

int neuspec_model_load(const char* path, neuspec_model** model) {
  return making(nullptr, model, "model", [&] {
    auto result = std::make_shared<ModelHandle>();
    result->model = Model::load(text_of(path, "path"));
    return result;
  });
}

int neuspec_model_to_memory(const neuspec_model* model, void* buffer, size_t capacity, size_t* size) {
  return guarded(model, [&] { to_memory(get<ModelHandle>(model)->model, buffer, capacity, size); });
}

int neuspec_model_from_memory(const void* buffer, size_t size, neuspec_model** model) {
  return making(nullptr, model, "model", [&] {
    auto result = std::make_shared<ModelHandle>();
    result->model = from_memory<Model>(buffer, size);
    return result;
  });
}

int neuspec_model_network(const neuspec_model* model, double* directions, double* weights, int64_t* output, int64_t* pool, double* bias) {
  return guarded(model, [&] {
    const auto object = get<ModelHandle>(model);
    const Network& network = object->model.network;
    copy_if_wanted(network.directions, directions);
    copy_if_wanted(network.weights, weights);
    copy_if_wanted(network.output, output);
    if (pool != nullptr) {
      for (Index j = 0; j < network.neurons(); ++j) pool[j] = network.pool_of(j);
    }
    if (bias != nullptr && network.bias.empty()) std::fill_n(bias, network.outputs, 0.0);
    copy_if_wanted(network.bias, bias);
  });
}

int neuspec_model_create(const neuspec_options* options, int64_t features, int64_t outputs, int64_t neurons, const double* directions,
                         const double* weights, const int64_t* output, const int64_t* pool, const double* bias, neuspec_model** model) {
  return making(options, model, "model", [&] {
    const auto given = get<Options>(options);
    if (features < 1 || outputs < 1 || neurons < 0) throw UsageError("a network has at least 1 feature and 1 output, and no fewer than 0 neurons");
    if (!given->beta) throw UsageError("the option beta is not set");
    auto result = std::make_shared<ModelHandle>();
    Model& made = result->model;
    made.problem = given->problem;
    made.problem.beta = *given->beta;
    made.problem.bias = bias != nullptr;
    Network& network = made.network;
    network.activation = made.problem.activation;
    network.architecture = made.problem.architecture;
    network.features = features;
    network.outputs = outputs;
    const neuspec::Patches patches(network.architecture, features);
    network.directions = numbers(directions, product(neurons, patches.size), "directions");
    network.weights = numbers(weights, neurons, "weights");
    network.output = positions(output, neurons);
    if (!patches.whole()) network.pool = positions(pool, neurons);
    if (bias != nullptr) network.bias.assign(bias, bias + outputs);
    made.preprocessing = nameless(features, outputs);
    made.primal = made.relative_gap = std::numeric_limits<double>::max();  // nothing is known but that no loss is below 0
    made.status = "uncertified";
    made.provenance = "made of a network's arrays";
    check_model(made);
    return result;
  });
}

}  // extern "C"
