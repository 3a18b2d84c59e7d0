// Layers below the one that predicts.
#include <utility>

#include "distribute/ranked_source.hpp"
#include "neuspec/network.hpp"
#include "read/held.hpp"
#include "read/scaling.hpp"

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

/// A network's neurons on data, as features alone; of ranks on each one's own.
class Activations final : public Source {
 public:
  Activations(const Network& network, const Source& data) : network_(network), data_(data) {}
  Index samples() const override { return data_.samples(); }
  Index features() const override { return network_.neurons(); }
  Index targets() const override { return 0; }
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override {
    std::vector<double> h;
    data_.visit(chunk_samples, [&](const Chunk& chunk) {
      h.resize(static_cast<std::size_t>(chunk.samples * features()));
      network_.activate(chunk.x, chunk.samples, h.data());
      visitor({chunk.first, chunk.samples, h.data(), nullptr, nullptr});
    });
  }
  const Ranks* ranks() const override { return data_.ranks(); }

 private:
  const Network& network_;
  const Source& data_;
};

}  // namespace

HiddenLayer hidden_layer(const Network& network, const Problem& problem, const Source& data) {
  const auto learn = [&] { return read::scaling_of(Activations(network, data)); };
  read::Scaling scaling = data.ranks() == nullptr ? learn() : data.ranks()->together(learn);
  return {network, std::move(scaling.mean), std::move(scaling.scale), problem, 0, 0, 0, {}};
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
  std::shared_ptr<const Source> above = held_if_small(std::make_shared<LayeredSource>(layers, data));
  if (data->ranks() == nullptr) return above;
  return std::make_shared<RankedSource>(std::move(above), std::shared_ptr<const Ranks>(data, data->ranks()));
}

}  // namespace neuspec
