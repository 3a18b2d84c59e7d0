#include "cli/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "certify/loss.hpp"
#include "neuspec/dataset.hpp"

namespace neuspec::cli {
namespace {

constexpr Index chunk_samples = 8192;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// One +1 a sample, the rest −1 (0 for a loss that couples the outputs), or signs of one output.
bool are_classes(const Dataset& data, const Loss& loss) {
  const double rest = loss.coupled() ? 0 : -1;
  if (!std::all_of(data.y().begin(), data.y().end(), [rest](double y) { return y == rest || y == 1; })) {
    return false;
  }
  for (auto row = data.y().begin(); data.targets() > 1 && row != data.y().end(); row += data.targets()) {
    if (std::count(row, row + data.targets(), 1.0) != 1) {
      return false;
    }
  }
  return true;
}

/// Position of the largest output, or of several: the sign of a single one.
Index class_of(const double* row, Index outputs) { return outputs == 1 ? (*row >= 0 ? 1 : 0) : std::max_element(row, row + outputs) - row; }

/// Σ (y − ȳ)² over all outputs.
double spread(const Dataset& data) {
  const auto outputs = at(data.targets());
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

/// Share of pairs (positive, negative) whose scores are in order, ties half: by ranks. 0.5 where one kind is missing.
double area_under_curve(const std::vector<double>& f, const Dataset& data, Index output) {
  const Index n = data.samples(), C = data.targets();
  const auto score = [&](Index i) { return f[at(i * C + output)]; };
  std::vector<Index> order(at(n));
  std::iota(order.begin(), order.end(), Index(0));
  std::sort(order.begin(), order.end(), [&](Index i, Index j) { return score(i) < score(j); });
  double positives = 0, ranks = 0;
  for (Index first = 0; first < n;) {
    Index last = first;
    while (last < n && score(order[at(last)]) == score(order[at(first)])) {
      ++last;
    }
    for (Index i = first; i < last; ++i) {
      if (data.y()[at(order[at(i)] * C + output)] > 0) {
        ++positives;
        ranks += 0.5 * static_cast<double>(first + last + 1);  // the mean of ranks first + 1 … last
      }
    }
    first = last;
  }
  const double negatives = static_cast<double>(n) - positives;
  return positives > 0 && negatives > 0 ? (ranks - positives * (positives + 1) / 2) / (positives * negatives) : 0.5;
}

void score_classes(const std::vector<double>& f, const Dataset& data, Scores& scores) {
  const Index n = data.samples(), C = data.targets(), classes = std::max<Index>(C, 2);
  std::vector<double> right(at(classes)), predicted(at(classes)), actual(at(classes));
  for (Index i = 0; i < n; ++i) {
    const Index guess = class_of(f.data() + i * C, C), truth = class_of(data.y().data() + i * C, C);
    ++predicted[at(guess)];
    ++actual[at(truth)];
    right[at(truth)] += guess == truth ? 1 : 0;
  }
  const Index first = C == 1 ? 1 : 0;  // of one output only the class +1 counts for F1
  double f1 = 0, auc = 0;
  for (Index k = first; k < classes; ++k) {
    const double size = predicted[at(k)] + actual[at(k)];
    f1 += (size > 0 ? 2 * right[at(k)] / size : 0) / static_cast<double>(classes - first);
  }
  for (Index k = 0; k < C; ++k) {
    auc += area_under_curve(f, data, k) / static_cast<double>(C);
  }
  scores.accuracy = std::accumulate(right.begin(), right.end(), 0.0) / static_cast<double>(n);
  scores.f1 = f1;
  scores.auc = auc;
}

}  // namespace

Scores evaluate(const Network& network, const Loss& loss, const Dataset& data) {
  const Index n = data.samples(), C = network.outputs;
  DualSums sums(loss, C);
  std::vector<double> f(at(n * C)), v, rounding;  // a score is what these predictions have, not a bound
  const std::vector<double> no_more(at(C));       // the intercept is in f
  data.visit(chunk_samples, [&](const Chunk& chunk) {
    v.resize(at(chunk.samples * C));
    rounding.assign(v.size(), 0.0);
    double* part = f.data() + chunk.first * C;
    network.predict(chunk.x, chunk.samples, part);
    sums.add(chunk.samples, {part, rounding.data(), no_more}, chunk.y, chunk.weights, v.data());
  });
  Scores scores;
  scores.samples = n;
  scores.loss = sums.loss();
  if (!loss.classification()) {
    double squares = 0;
    for (std::size_t i = 0; i < f.size(); ++i) {
      squares += (f[i] - data.y()[i]) * (f[i] - data.y()[i]);
    }
    scores.rmse = std::sqrt(squares / static_cast<double>(n * C));
    const double spread_of_targets = spread(data);
    if (spread_of_targets > 0) {
      scores.r2 = 1 - squares / spread_of_targets;
    }
  }
  if (are_classes(data, loss)) {
    score_classes(f, data, scores);
  }
  return scores;
}

}  // namespace neuspec::cli
