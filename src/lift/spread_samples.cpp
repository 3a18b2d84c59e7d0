#include "lift/spread_samples.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "lift/data_operator.hpp"

namespace neuspec {

Dataset spread_samples(const Source& data, Index count, Index stand_for) {
  const Index ranges = (count + gauss_newton_samples - 1) / gauss_newton_samples;
  const Index n = data.samples(), d = data.features(), C = data.targets();
  const double stretch = static_cast<double>(stand_for) / static_cast<double>(count);
  const auto begin = [&](Index r) { return r * n / ranges; };
  const auto end = [&](Index r) { return begin(r) + (r + 1) * count / ranges - r * count / ranges; };
  std::vector<double> x, y, weights;
  x.reserve(static_cast<std::size_t>(count * d));
  y.reserve(static_cast<std::size_t>(count * C));
  Index r = 0;
  data.visit(chunk_samples, [&](const Chunk& chunk) {
    const Index last = chunk.first + chunk.samples;
    for (; r < ranges && begin(r) < last; ++r) {
      const Index from = std::max(begin(r), chunk.first) - chunk.first, to = std::min(end(r), last) - chunk.first;
      if (from < to) {
        x.insert(x.end(), chunk.x + from * d, chunk.x + to * d);
        y.insert(y.end(), chunk.y + from * C, chunk.y + to * C);
      }
      for (Index i = from; i < to; ++i) weights.push_back(stretch * (chunk.weights == nullptr ? 1.0 : chunk.weights[i]));
      if (end(r) > last) break;  // the next chunk has the rest
    }
  });
  return {count, d, C, std::move(x), std::move(y), std::move(weights)};
}

}  // namespace neuspec
