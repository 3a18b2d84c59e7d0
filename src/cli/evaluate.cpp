#include "cli/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "certify/loss.hpp"
#include "neuspec/dataset.hpp"

namespace neuspec::cli {
namespace {

constexpr Index chunk_samples = 8192;

/// One +1 among −1 per sample, or signs of one output.
bool are_classes(const Dataset& data) {
  const auto sign = [](double y) { return y == 1 || y == -1; };
  if (!std::all_of(data.y().begin(), data.y().end(), sign)) {
    return false;
  }
  for (auto row = data.y().begin(); data.targets() > 1 && row != data.y().end(); row += data.targets()) {
    if (std::count(row, row + data.targets(), 1.0) != 1) {
      return false;
    }
  }
  return true;
}

bool is_right(const double* f, const double* y, Index outputs) {
  if (outputs == 1) {
    return (*f >= 0) == (*y >= 0);
  }
  return std::max_element(f, f + outputs) - f == std::max_element(y, y + outputs) - y;
}

/// Σ (y − ȳ)² over all outputs.
double spread(const Dataset& data) {
  const auto outputs = static_cast<std::size_t>(data.targets());
  std::vector<double> mean(outputs, 0.0);
  for (std::size_t i = 0; i < data.y().size(); ++i) {
    mean[i % outputs] += data.y()[i] / static_cast<double>(data.samples());
  }
  double sum = 0;
  for (std::size_t i = 0; i < data.y().size(); ++i) {
    const double deviation = data.y()[i] - mean[i % outputs];
    sum += deviation * deviation;
  }
  return sum;
}

}  // namespace

Scores evaluate(const Network& network, const Loss& loss, const Dataset& data) {
  const Index outputs = network.outputs;
  DualSums sums(loss, outputs);
  double squares = 0;
  Index right = 0;
  std::vector<double> f;
  std::vector<double> v;
  data.visit(chunk_samples, [&](const Chunk& chunk) {
    f.resize(static_cast<std::size_t>(chunk.samples * outputs));
    v.resize(f.size());
    network.predict(chunk.x, chunk.samples, f.data());
    sums.add(chunk.samples, f.data(), chunk.y, chunk.weights, v.data());
    for (std::size_t i = 0; i < f.size(); ++i) {
      squares += (f[i] - chunk.y[i]) * (f[i] - chunk.y[i]);
    }
    for (Index i = 0; i < chunk.samples; ++i) {
      right += is_right(f.data() + i * outputs, chunk.y + i * outputs, outputs) ? 1 : 0;
    }
  });
  const auto samples = static_cast<double>(data.samples());
  const double spread_of_targets = spread(data);
  Scores scores;
  scores.samples = data.samples();
  scores.loss = sums.loss();
  scores.rmse = std::sqrt(squares / (samples * static_cast<double>(outputs)));
  if (spread_of_targets > 0) {
    scores.r2 = 1 - squares / spread_of_targets;
  }
  if (are_classes(data)) {
    scores.accuracy = static_cast<double>(right) / samples;
  }
  return scores;
}

}  // namespace neuspec::cli
