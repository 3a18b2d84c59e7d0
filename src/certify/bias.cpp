#include "certify/bias.hpp"

#include "loss/intercept.hpp"

namespace neuspec {

namespace {
constexpr Index chunk_samples = 8192;
}  // namespace

std::vector<double> set_best_bias(Network& network, const Problem& problem, const Source& data) {
  const Index n = data.samples(), C = data.targets();
  std::vector<double> f(static_cast<std::size_t>(n * C)), y, weights;
  network.bias.clear();
  data.visit(chunk_samples, [&](const Chunk& chunk) {
    network.predict(chunk.x, chunk.samples, f.data() + chunk.first * C);
    y.insert(y.end(), chunk.y, chunk.y + chunk.samples * C);
    if (chunk.weights != nullptr) weights.insert(weights.end(), chunk.weights, chunk.weights + chunk.samples);
  });
  Intercepts best = best_intercepts(problem.loss, by_samples<const double>(f.data(), n, C), by_samples<const double>(y.data(), n, C), weights);
  network.bias = std::move(best.b);
  return std::move(best.v);
}

}  // namespace neuspec
