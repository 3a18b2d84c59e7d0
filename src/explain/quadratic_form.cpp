#include <algorithm>
#include <cmath>
#include <limits>

#include "device/lapack.hpp"
#include "explain/layer.hpp"
#include "neuspec/explain.hpp"
#include "numeric/window.hpp"

namespace neuspec {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

/// Of a coefficient times sums over the columns. The second term is what underflow loses: some least numbers a product, times what they are
/// multiplied by afterwards.
double rounding_of(double coefficient, const Layer& layer, Index d) {
  if (coefficient == 0) return 0;
  const double size = std::abs(coefficient);
  return 0.5 * static_cast<double>(layer.columns() + 6) * kEpsilon * size * layer.magnitude +
         static_cast<double>((3 * layer.columns() + 6) * d) * std::max(1.0, size) * std::numeric_limits<double>::denorm_min();
}

}  // namespace

Layer layer_of(const Network& network, Index output) {
  const Patches patches(network.architecture, network.features);
  Layer layer;
  for (Index j = 0; j < network.neurons(); ++j) {
    if (network.output[static_cast<std::size_t>(j)] != output) continue;
    const double alpha = network.weights[static_cast<std::size_t>(j)];
    const double* u = network.directions.data() + j * patches.size;
    for (Index patch = 0; patch < patches.per_pool; ++patch) {
      const Window window = window_of(patches, network.pool_of(j), patch);
      const std::size_t first = layer.directions.size();
      layer.directions.resize(first + static_cast<std::size_t>(network.features));
      for (Index i = 0; i < patches.size; ++i) {
        const Index source = window.source(i);
        if (source >= 0) layer.directions[first + static_cast<std::size_t>(source)] = u[i];
      }
      layer.shares.push_back(alpha / static_cast<double>(patches.per_pool));
    }
    layer.weight += alpha;
    layer.magnitude += std::abs(alpha);
  }
  return layer;
}

double bias_of(const Network& network, Index output) { return network.bias.empty() ? 0.0 : network.bias[static_cast<std::size_t>(output)]; }

QuadraticOutput form_of(const Layer& layer, Index d, const Activation& activation, double bias) {
  const auto [a, b, c] = activation;
  QuadraticOutput form{.Q = std::vector<double>(static_cast<std::size_t>(d * d)), .q = std::vector<double>(static_cast<std::size_t>(d)), .s = bias};
  if (layer.columns() == 0) return form;
  std::vector<double> scaled = layer.directions;
  for (std::size_t at = 0; at < scaled.size(); ++at) scaled[at] *= layer.shares[at / static_cast<std::size_t>(d)];
  lapack::gemm('N', 'T', d, d, layer.columns(), a, scaled.data(), d, layer.directions.data(), d, 0.0, form.Q.data(), d);
  for (Index j = 0; j < d; ++j)
    for (Index i = j + 1; i < d; ++i) form.Q[static_cast<std::size_t>(i * d + j)] = form.Q[static_cast<std::size_t>(j * d + i)];
  for (Index j = 0; j < layer.columns(); ++j)
    for (Index i = 0; i < d; ++i) form.q[static_cast<std::size_t>(i)] += b * scaled[static_cast<std::size_t>(j * d + i)];
  form.s = c * layer.weight + bias;
  form.rounding = {rounding_of(a, layer, d), rounding_of(b, layer, d), rounding_of(c, layer, d) + kEpsilon * std::abs(form.s)};
  return form;
}

std::vector<QuadraticOutput> quadratic_form(const Network& network) {
  std::vector<QuadraticOutput> outputs;
  for (Index k = 0; k < network.outputs; ++k)
    outputs.push_back(form_of(layer_of(network, k), network.features, network.activation, bias_of(network, k)));
  return outputs;
}

}  // namespace neuspec
