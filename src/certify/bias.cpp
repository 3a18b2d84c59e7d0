#include "certify/bias.hpp"

#include <cmath>

#include "certify/prediction.hpp"
#include "loss/intercept.hpp"
#include "numeric/rounding.hpp"

namespace neuspec {

namespace {
constexpr Index chunk_samples = 8192;
}  // namespace

std::vector<double> set_best_bias(Network& network, const Problem& problem, const Source& data) {
  const Index n = data.samples(), C = data.targets();
  network.bias.clear();
  const Prediction predict(network);
  const bool labels = problem.loss.classification() && !problem.loss.coupled();
  std::vector<double> f(static_cast<std::size_t>(n * C)), rounding, y, weights;
  data.visit(chunk_samples, [&](const Chunk& chunk) {
    const Index entries = chunk.samples * C;
    double* to = f.data() + chunk.first * C;
    rounding.resize(static_cast<std::size_t>(entries));
    predict(chunk.x, chunk.samples, chunk.first, to, rounding.data());
    // 8u: the intercept's own sum, beside a kink at |f| = 1.
    for (Index at = 0; labels && at < entries; ++at)
      to[at] -= chunk.y[at] * (1.0001 * rounding[static_cast<std::size_t>(at)] + 8 * rounding::u * (1 + std::abs(to[at])));
    y.insert(y.end(), chunk.y, chunk.y + entries);
    if (chunk.weights != nullptr) weights.insert(weights.end(), chunk.weights, chunk.weights + chunk.samples);
  });
  Intercepts best =
      best_intercepts(problem.loss, by_samples<const double>(f.data(), n, C), by_samples<const double>(y.data(), n, C), weights, {}, data.ranks());
  network.bias = std::move(best.b);
  return std::move(best.v);
}

}  // namespace neuspec
