#include "cli/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "distribute/share.hpp"
#include "loss/table.hpp"
#include "neuspec/error.hpp"
#include "numeric/compensated_sum.hpp"
#include "read/held.hpp"

namespace neuspec::cli {
namespace {

using ConstRow = loss::Row<const double>;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// n of all ranks together.
double all_samples(const Targets& data) {
  auto samples = static_cast<double>(data.samples());
  sum_over_ranks(data.ranks, std::span(&samples, 1));
  return samples;
}

/// One +1 a sample, the rest −1 (0 for a loss that couples the outputs), or signs of one output.
bool are_own_classes(const Targets& data, const Loss& loss) {
  const double rest = loss.coupled() ? 0 : -1;
  if (!std::all_of(data.y.begin(), data.y.end(), [rest](double y) { return y == rest || y == 1; })) {
    return false;
  }
  for (auto row = data.y.begin(); data.outputs > 1 && row != data.y.end(); row += data.outputs) {
    if (std::count(row, row + data.outputs, 1.0) != 1) {
      return false;
    }
  }
  return true;
}

bool are_classes(const Targets& data, const Loss& loss) {
  const bool own = are_own_classes(data, loss);
  return data.ranks == nullptr ? own : data.ranks->smallest(own ? 1 : 0) > 0;
}

/// Position of the largest output, or of several: the sign of a single one.
Index class_of(const double* row, Index outputs) { return outputs == 1 ? (*row >= 0 ? 1 : 0) : std::max_element(row, row + outputs) - row; }

/// Σ (y − ȳ)² over all outputs; exactly 0 where none of them varies, whatever rounding makes of ȳ.
double spread(const Targets& data) {
  const auto outputs = at(data.outputs);
  const double samples = all_samples(data);
  std::vector<double> first(data.y.begin(), data.y.begin() + data.outputs), mean(outputs, 0.0);
  if (data.ranks != nullptr) data.ranks->broadcast(std::span(first));
  double varies = 0, sum = 0;
  for (std::size_t i = 0; i < data.y.size(); ++i) {
    mean[i % outputs] += data.y[i] / samples;
    if (data.y[i] != first[i % outputs]) varies = 1;
  }
  sum_over_ranks(data.ranks, mean);
  sum_over_ranks(data.ranks, std::span(&varies, 1));
  for (std::size_t i = 0; varies > 0 && i < data.y.size(); ++i) {
    const double deviation = data.y[i] - mean[i % outputs];
    sum += deviation * deviation;
  }
  sum_over_ranks(data.ranks, std::span(&sum, 1));
  return sum;
}

/// Share of pairs (positive, negative) whose scores are in order, ties half: by ranks. Nothing where one kind is missing: there are no pairs.
std::optional<double> area_under_curve(const std::vector<double>& scores, const std::vector<double>& y) {
  const auto n = static_cast<Index>(scores.size());
  const auto score_of = [&](Index i) { return scores[at(i)]; };
  std::vector<Index> order(at(n));
  std::iota(order.begin(), order.end(), Index(0));
  std::sort(order.begin(), order.end(), [&](Index i, Index j) { return score_of(i) < score_of(j); });
  double positives = 0, ranks = 0;
  for (Index first = 0; first < n;) {
    Index last = first + 1;
    while (last < n && score_of(order[at(last)]) == score_of(order[at(first)])) {
      ++last;
    }
    for (Index i = first; i < last; ++i) {
      if (y[at(order[at(i)])] > 0) {
        ++positives;
        ranks += 0.5 * static_cast<double>(first + last + 1);  // the mean of ranks first + 1 … last
      }
    }
    first = last;
  }
  const double negatives = static_cast<double>(n) - positives;
  if (positives == 0 || negatives == 0) {
    return std::nullopt;
  }
  return (ranks - positives * (positives + 1) / 2) / (positives * negatives);
}

std::optional<double> area_under_curve(const std::vector<double>& f, const Targets& data, Index output) {
  std::vector<double> scores, y;
  for (std::size_t i = at(output); i < f.size(); i += at(data.outputs)) {
    scores.push_back(f[i]);
    y.push_back(data.y[i]);
  }
  if (data.ranks == nullptr) {
    return area_under_curve(scores, y);
  }
  scores = gather(*data.ranks, std::move(scores));
  y = gather(*data.ranks, std::move(y));
  const std::optional<double> area = data.ranks->first() ? area_under_curve(scores, y) : std::nullopt;
  const double told = data.ranks->broadcast(area.value_or(-1));
  return told < 0 ? std::nullopt : std::optional(told);
}

/// Of the values that there are.
class Mean {
 public:
  void add(double value) {
    sum_ += value;
    ++count_;
  }
  std::optional<double> value() const { return count_ > 0 ? std::optional(sum_ / count_) : std::nullopt; }

 private:
  double sum_ = 0, count_ = 0;
};

/// log p_k of softmax's probabilities, which is less the loss were k the label: unlike f_k it stays what it is where all outputs of a sample change
/// by the same, which no such loss sees.
std::vector<double> log_probabilities(const std::vector<double>& f, const Loss& chosen, Index outputs) {
  std::vector<double> result(f.size()), label(at(outputs));
  with_loss(chosen, [&](const auto& loss) {
    for (Index k = 0; k < outputs; ++k) {
      label[at(k)] = 1;
      for (std::size_t first = 0; first < f.size(); first += at(outputs))
        result[first + at(k)] = -loss.value(ConstRow{f.data() + first, 1, outputs}, ConstRow{label.data(), 1, outputs});
      label[at(k)] = 0;
    }
  });
  return result;
}

/// The larger an entry of `ranking`, the likelier that class.
void score_classes(const std::vector<double>& f, const std::vector<double>& ranking, const Targets& data, Scores& scores) {
  const Index n = data.samples(), C = data.outputs, classes = std::max<Index>(C, 2);
  std::vector<double> counts(at(3 * classes));
  const auto right = std::span(counts).first(at(classes)), predicted = std::span(counts).subspan(at(classes), at(classes)),
             actual = std::span(counts).last(at(classes));
  for (Index i = 0; i < n; ++i) {
    const Index guess = class_of(f.data() + i * C, C), truth = class_of(data.y.data() + i * C, C);
    ++predicted[at(guess)];
    ++actual[at(truth)];
    right[at(truth)] += guess == truth ? 1 : 0;
  }
  sum_over_ranks(data.ranks, counts);
  Mean f1, auc;
  for (Index k = C == 1 ? 1 : 0; k < classes; ++k) {  // of one output only the class +1 counts for F1
    const double size = predicted[at(k)] + actual[at(k)];
    if (size > 0) {
      f1.add(2 * right[at(k)] / size);
    }
  }
  for (Index k = 0; k < C; ++k) {
    if (const std::optional<double> area = area_under_curve(ranking, data, k)) {
      auc.add(*area);
    }
  }
  scores.accuracy = std::accumulate(right.begin(), right.end(), 0.0) / all_samples(data);
  scores.f1 = f1.value();
  scores.auc = auc.value();
}

void score_numbers(const std::vector<double>& f, const Targets& data, Scores& scores) {
  double squares = 0;
  for (std::size_t i = 0; i < f.size(); ++i) {
    squares += (f[i] - data.y[i]) * (f[i] - data.y[i]);
  }
  sum_over_ranks(data.ranks, std::span(&squares, 1));
  scores.rmse = std::sqrt(squares / (all_samples(data) * static_cast<double>(data.outputs)));
  const double spread_of_targets = spread(data);
  if (spread_of_targets > 0) {
    scores.r2 = 1 - squares / spread_of_targets;
  }
}

double total_loss(const Loss& chosen, const std::vector<double>& f, const Targets& data) {
  const Index n = data.samples(), C = data.outputs;
  CompensatedSum sum;
  with_loss(chosen, [&](const auto& loss) {
    for (Index i = 0; i < n; ++i) {
      const double weight = data.weights.empty() ? 1 : data.weights[at(i)];
      sum.add(weight * loss.value(ConstRow{f.data() + i * C, 1, C}, ConstRow{data.y.data() + i * C, 1, C}));
    }
  });
  sum_over_ranks(data.ranks, std::span(&sum, 1));
  return sum.value();
}

/// Outputs and targets may be finite and their squares not.
void require_finite(const Scores& scores, const std::vector<double>& f, const Targets& data) {
  const auto finite = [](const std::optional<double>& score) { return !score || std::isfinite(*score); };
  if (std::isfinite(scores.loss) && finite(scores.rmse) && finite(scores.r2)) {
    return;
  }
  std::size_t worst = 0;
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (std::abs(f[i] / 2 - data.y[i] / 2) > std::abs(f[worst] / 2 - data.y[worst] / 2)) {
      worst = i;
    }
  }
  const auto outputs = at(data.outputs);
  const Index sample = data.before + static_cast<Index>(worst / outputs) + 1;
  std::vector<double> of_all{std::abs(f[worst] / 2 - data.y[worst] / 2), static_cast<double>(sample), static_cast<double>(worst % outputs + 1)};
  if (data.ranks != nullptr) of_all = data.ranks->all(of_all);
  auto named = of_all.begin();
  for (auto other = of_all.begin(); other != of_all.end(); other += 3) {
    if (*other > *named) named = other;
  }
  throw DataError("sample " + std::to_string(std::lround(named[1])) + ": output " + std::to_string(std::lround(named[2])) +
                  " is so far from its target that the scores are no finite numbers");
}

}  // namespace

void require_finite(const std::vector<double>& f, Index outputs, Index before) {
  const auto bad = std::find_if_not(f.begin(), f.end(), [](double value) { return std::isfinite(value); });
  if (bad == f.end()) {
    return;
  }
  const Index position = bad - f.begin();
  throw DataError("sample " + std::to_string(before + position / outputs + 1) + ": output " + std::to_string(position % outputs + 1) +
                  " of the network is no finite number: a feature is too large");
}

std::vector<double> outputs_of(const Network& network, const Source& data) {
  const Index C = network.outputs;
  std::vector<double> f(at(data.samples() * C));
  data.visit(visited_samples, [&](const Chunk& chunk) { network.predict(chunk.x, chunk.samples, f.data() + chunk.first * C); });
  require_finite(f, C, samples_before(data));
  return f;
}

Targets targets_of(const Source& data) {
  Targets targets{data.targets(), {}, {}, data.ranks(), samples_before(data)};
  targets.y.reserve(at(data.samples() * data.targets()));
  data.visit_targets(visited_samples, [&](const Chunk& chunk) {
    targets.y.insert(targets.y.end(), chunk.y, chunk.y + chunk.samples * targets.outputs);
    if (chunk.weights != nullptr) targets.weights.insert(targets.weights.end(), chunk.weights, chunk.weights + chunk.samples);
  });
  return targets;
}

Scores score(const std::vector<double>& f, const Loss& loss, const Targets& data) {
  Scores scores;
  scores.samples = static_cast<Index>(all_samples(data));
  scores.loss = total_loss(loss, f, data);
  if (!loss.classification()) {
    score_numbers(f, data, scores);
  }
  if (are_classes(data, loss)) {
    score_classes(f, loss.coupled() ? log_probabilities(f, loss, data.outputs) : f, data, scores);
  }
  require_finite(scores, f, data);
  return scores;
}

Scores evaluate(const Network& network, const Loss& loss, const Source& data) {
  std::vector<double> f = outputs_of(network, data);
  Targets targets = targets_of(data);
  if (const Ranks* const ranks = data.ranks(); ranks != nullptr && ranks->order() == RankOrder::fixed) {
    f = gather(*ranks, std::move(f));
    targets = {targets.outputs, gather(*ranks, std::move(targets.y)), gather(*ranks, std::move(targets.weights))};
    if (!ranks->first()) {
      return {};
    }
  }
  return score(f, loss, targets);
}

}  // namespace neuspec::cli
