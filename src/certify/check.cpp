#include "certify/check.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "neuspec/error.hpp"
#include "numeric/all_within.hpp"

namespace neuspec {

namespace {

constexpr double kUnitTolerance = 1e-8;  // on ‖u_j‖ = 1: what is further off was not meant as a direction

void check_values(const double* values, Index first, Index rows, Index columns, const char* what) {
  if (all_within(values, rows * columns, std::numeric_limits<double>::max())) return;
  for (Index at = 0; at < rows * columns; ++at)
    if (!std::isfinite(values[at]))
      throw DataError(std::string(what) + " " + std::to_string(at % columns + 1) + " of sample " + std::to_string(first + at / columns + 1) +
                      " is not finite");
}

}  // namespace

void check_activation(const Activation& activation) {
  if (!std::isfinite(activation.a) || !std::isfinite(activation.b) || !std::isfinite(activation.c))
    throw UsageError("the activation's coefficients must be finite");
}

void check_problem(const Problem& problem) {
  check_activation(problem.activation);
  if (!(problem.beta > 0) || !std::isfinite(problem.beta)) throw UsageError("beta must be positive and finite");
}

void check_network(const Network& network, const Problem& problem, const Source& data) {
  check_network(network, problem, data.features(), data.targets());
}

// A network that violates these is no point of (P), and its objective would prove nothing.
void check_network(const Network& network, const Problem& problem, Index features, Index targets) {
  const Index m = network.neurons(), d = network.features;
  const bool dense = network.architecture.kind == Architecture::Kind::dense;
  if (d != features) throw DataError("the network has " + std::to_string(d) + " features, the data have " + std::to_string(features));
  if (network.outputs != targets)
    throw DataError("the network has " + std::to_string(network.outputs) + " outputs, the data have " + std::to_string(targets) + " targets");
  if (!network.bias.empty() && (!problem.bias || static_cast<Index>(network.bias.size()) != network.outputs))
    throw DataError(problem.bias ? "the network's intercept has not one number an output" : "the network has an intercept, the problem has none");
  for (const double b : network.bias)
    if (!std::isfinite(b)) throw DataError("the network's intercept is not finite");
  if (!(network.activation == problem.activation)) throw DataError("the network's activation is not the problem's");
  if (!(network.architecture == problem.architecture)) throw DataError("the network's architecture is not the problem's");
  const Patches patches(network.architecture, d);
  if (static_cast<Index>(network.directions.size()) != m * patches.size || static_cast<Index>(network.output.size()) != m ||
      static_cast<Index>(network.pool.size()) != (dense ? 0 : m))
    throw DataError("the network's arrays disagree in length");
  for (Index j = 0; j < m; ++j) {
    const auto at = static_cast<std::size_t>(j);
    const double* u = network.directions.data() + j * patches.size;
    const double square = std::inner_product(u, u + patches.size, u, 0.0);
    if (network.pool_of(j) < 0 || network.pool_of(j) >= patches.pools)
      throw DataError("neuron " + std::to_string(j + 1) + " sees a pool that does not exist");
    if (!(std::abs(std::sqrt(square) - 1.0) <= kUnitTolerance))
      throw DataError("the direction of neuron " + std::to_string(j + 1) + " is not a unit vector");
    if (!std::isfinite(network.weights[at])) throw DataError("the weight of neuron " + std::to_string(j + 1) + " is not finite");
    if (network.output[at] < 0 || network.output[at] >= network.outputs)
      throw DataError("neuron " + std::to_string(j + 1) + " feeds an output that does not exist");
  }
}

void check_chunk(const Chunk& chunk, Index d, Index C) {
  check_values(chunk.x, chunk.first, chunk.samples, d, "feature");
  check_values(chunk.y, chunk.first, chunk.samples, C, "target");
  if (chunk.weights == nullptr) return;
  check_values(chunk.weights, chunk.first, chunk.samples, 1, "weight");
  for (Index i = 0; i < chunk.samples; ++i)
    if (chunk.weights[i] < 0) throw DataError("the weight of sample " + std::to_string(chunk.first + i + 1) + " is negative");
}

}  // namespace neuspec
