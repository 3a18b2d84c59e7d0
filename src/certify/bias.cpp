#include "certify/bias.hpp"

#include "loss/intercept.hpp"
#include "neuspec/error.hpp"

namespace neuspec {

namespace {
constexpr Index chunk_samples = 8192;
}  // namespace

void check_bias(const Problem& problem) {
  if (problem.bias && problem.loss.coupled()) throw UsageError("an intercept (bias) is not available for loss " + problem.loss.name());
}

std::vector<double> set_best_bias(Network& network, const Problem& problem, const Source& data) {
  const Index n = data.samples(), C = data.targets();
  std::vector<double> f(static_cast<std::size_t>(n * C)), y, weights, column_f, column_y;
  network.bias.clear();
  data.visit(chunk_samples, [&](const Chunk& chunk) {
    network.predict(chunk.x, chunk.samples, f.data() + chunk.first * C);
    y.insert(y.end(), chunk.y, chunk.y + chunk.samples * C);
    if (chunk.weights != nullptr) weights.insert(weights.end(), chunk.weights, chunk.weights + chunk.samples);
  });
  for (Index k = 0; k < C; ++k) {
    column_f.clear();
    column_y.clear();
    for (auto at = static_cast<std::size_t>(k); at < f.size(); at += static_cast<std::size_t>(C)) {
      column_f.push_back(f[at]);
      column_y.push_back(y[at]);
    }
    const Intercept best = best_intercept(problem.loss, column_f, column_y, weights);
    network.bias.push_back(best.b);
    for (Index i = 0; i < n; ++i) f[static_cast<std::size_t>(i * C + k)] = best.v[static_cast<std::size_t>(i)];
  }
  return f;
}

}  // namespace neuspec
