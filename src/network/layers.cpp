// Layers below the one that predicts.
#include <cmath>
#include <utility>

#include "neuspec/network.hpp"
#include "read/held.hpp"

namespace neuspec {

namespace {

/// A network's neurons in place of its features.
class LayeredSource final : public Source {
 public:
  LayeredSource(std::vector<HiddenLayer> layers, std::shared_ptr<const Source> data) : layers_(std::move(layers)), data_(std::move(data)) {}

  Index samples() const override { return data_->samples(); }
  Index features() const override { return layers_.back().network.neurons(); }
  Index targets() const override { return data_->targets(); }
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override {
    data_->visit(chunk_samples, [&](Chunk chunk) {
      std::vector<double> x;
      for (const HiddenLayer& layer : layers_) {
        x = layer.apply(chunk.x, chunk.samples);
        chunk.x = x.data();
      }
      visitor(chunk);
    });
  }
  void visit_targets(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override {
    data_->visit_targets(chunk_samples, visitor);
  }

 private:
  std::vector<HiddenLayer> layers_;
  std::shared_ptr<const Source> data_;
};

}  // namespace

HiddenLayer hidden_layer(const Network& network, const Problem& problem, const Source& data) {
  const auto m = static_cast<std::size_t>(network.neurons());
  const auto samples = static_cast<double>(data.samples());
  HiddenLayer layer{network, std::vector<double>(m), std::vector<double>(m), problem, 0, 0, 0, {}};
  std::vector<double> h;
  const auto visit_activations = [&](const auto& visitor) {
    data.visit(visited_samples, [&](const Chunk& chunk) {
      h.resize(static_cast<std::size_t>(chunk.samples) * m);
      network.activate(chunk.x, chunk.samples, h.data());
      for (std::size_t e = 0; e < h.size(); ++e) visitor(h[e], e % m);
    });
  };
  visit_activations([&](double value, std::size_t j) { layer.mean[j] += value / samples; });
  visit_activations([&](double value, std::size_t j) { layer.scale[j] += (value - layer.mean[j]) * (value - layer.mean[j]) / samples; });
  for (double& scale : layer.scale) scale = scale > 0 ? std::sqrt(scale) : 1.0;  // a constant output is only centred
  return layer;
}

std::vector<double> HiddenLayer::apply(const double* x, Index samples) const {
  const std::size_t m = mean.size();
  std::vector<double> h(static_cast<std::size_t>(samples) * m);
  network.activate(x, samples, h.data());
  for (std::size_t e = 0; e < h.size(); ++e) h[e] = (h[e] - mean[e % m]) / scale[e % m];
  return h;
}

std::shared_ptr<const Source> through(const std::vector<HiddenLayer>& layers, const std::shared_ptr<const Source>& data) {
  if (layers.empty()) return data;
  return held_if_small(std::make_shared<LayeredSource>(layers, data));
}

}  // namespace neuspec
