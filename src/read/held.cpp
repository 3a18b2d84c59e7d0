#include "read/held.hpp"

#include <utility>
#include <vector>

#include "read/file_buffer.hpp"

namespace neuspec {

bool is_small(Index samples, Index features) {
  return static_cast<std::size_t>(samples) * static_cast<std::size_t>(features) <= read::held_bytes / sizeof(double);
}

Dataset held(const Source& source) {
  const Index n = source.samples(), d = source.features(), C = source.targets();
  std::vector<double> x, y, weights;
  x.reserve(static_cast<std::size_t>(n * d));
  y.reserve(static_cast<std::size_t>(n * C));
  source.visit(visited_samples, [&](const Chunk& chunk) {
    x.insert(x.end(), chunk.x, chunk.x + chunk.samples * d);
    y.insert(y.end(), chunk.y, chunk.y + chunk.samples * C);
    if (chunk.weights != nullptr) weights.insert(weights.end(), chunk.weights, chunk.weights + chunk.samples);
  });
  return {n, d, C, std::move(x), std::move(y), std::move(weights)};
}

std::shared_ptr<const Source> held_if_small(std::shared_ptr<const Source> source) {
  if (source->targets() == 0 || !is_small(source->samples(), source->features())) return source;
  return std::make_shared<Dataset>(held(*source));
}

}  // namespace neuspec
