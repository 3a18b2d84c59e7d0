// Layers below the one that predicts.
#include <cmath>

#include "neuspec/network.hpp"

namespace neuspec {

namespace {

std::vector<double> activations(const Network& network, const std::vector<double>& x) {
  const Index samples = static_cast<Index>(x.size()) / network.features;
  std::vector<double> h(static_cast<std::size_t>(samples * network.neurons()));
  network.activate(x.data(), samples, h.data());
  return h;
}

}  // namespace

HiddenLayer hidden_layer(const Network& network, const Problem& problem, const std::vector<double>& x) {
  const std::vector<double> h = activations(network, x);
  const auto m = static_cast<std::size_t>(network.neurons());
  const double samples = static_cast<double>(h.size()) / static_cast<double>(m);
  HiddenLayer layer{network, std::vector<double>(m), std::vector<double>(m), problem, 0, 0, 0, {}};
  for (std::size_t e = 0; e < h.size(); ++e) layer.mean[e % m] += h[e] / samples;
  for (std::size_t e = 0; e < h.size(); ++e) layer.scale[e % m] += (h[e] - layer.mean[e % m]) * (h[e] - layer.mean[e % m]) / samples;
  for (double& scale : layer.scale) scale = scale > 0 ? std::sqrt(scale) : 1.0;  // a constant output is only centred
  return layer;
}

std::vector<double> HiddenLayer::apply(const std::vector<double>& x) const {
  std::vector<double> h = activations(network, x);
  const std::size_t m = mean.size();
  for (std::size_t e = 0; e < h.size(); ++e) h[e] = (h[e] - mean[e % m]) / scale[e % m];
  return h;
}

Dataset through(const std::vector<HiddenLayer>& layers, const Dataset& data) {
  if (layers.empty()) return data;
  std::vector<double> x = data.x();
  for (const HiddenLayer& layer : layers) x = layer.apply(x);
  return {data.samples(), layers.back().network.neurons(), data.targets(), std::move(x), data.y(), data.weights()};
}

}  // namespace neuspec
