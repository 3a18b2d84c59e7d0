// What the gap of a small objective is measured in.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "certify/targets.hpp"
#include "distribute/ranks.hpp"
#include "loss/intercept.hpp"
#include "loss/table.hpp"
#include "neuspec/certificate.hpp"
#include "numeric/compensated_sum.hpp"

namespace neuspec {
namespace {

constexpr Index kChunk = 8192;  // samples a chunk

double weight_of(const Chunk& chunk, Index i) { return chunk.weights == nullptr ? 1.0 : chunk.weights[i]; }

/// Where the weighted mean of a column is measured from its first value, values that are all the same have it exactly.
struct Mean {
  double first = 0, largest = 0;
  CompensatedSum sum;
};

/// Σ w of the samples, and of each target its mean and the weight of those above 0 and of the others (labels).
struct Targets {
  CompensatedSum weight;
  std::vector<Mean> means;
  std::vector<CompensatedSum> positive, negative;

  double mean(std::size_t k) const { return means[k].first + (weight.value() > 0 ? means[k].sum.value() / weight.value() : 0); }
};

/// The targets of the first sample of all.
std::vector<double> first_targets(const Source& data) {
  std::vector<double> first(static_cast<std::size_t>(data.targets()));
  data.visit_targets(kChunk, [&](const Chunk& chunk) {
    if (chunk.first == 0) std::copy_n(chunk.y, data.targets(), first.begin());
  });
  if (data.ranks() != nullptr) data.ranks()->broadcast(std::span(first));
  return first;
}

Targets targets_of(const Source& data) {
  const auto C = static_cast<std::size_t>(data.targets());
  Targets targets{
      .weight = {}, .means = std::vector<Mean>(C), .positive = std::vector<CompensatedSum>(C), .negative = std::vector<CompensatedSum>(C)};
  const std::vector<double> first = first_targets(data);
  for (std::size_t k = 0; k < C; ++k) targets.means[k].first = first[k];
  data.visit_targets(kChunk, [&](const Chunk& chunk) {
    for (Index i = 0; i < chunk.samples; ++i) {
      const double w = weight_of(chunk, i);
      targets.weight.add(w);
      for (std::size_t k = 0; k < C; ++k) {
        const double y = chunk.y[static_cast<std::size_t>(i) * C + k];
        targets.means[k].sum.add(w * (y - targets.means[k].first));
        targets.means[k].largest = std::max(targets.means[k].largest, std::abs(y));
        (y > 0 ? targets.positive : targets.negative)[k].add(w);
      }
    }
  });
  sum_over_ranks(data.ranks(), {&targets.weight, 1});
  sum_over_ranks(data.ranks(), targets.positive);
  sum_over_ranks(data.ranks(), targets.negative);
  for (Mean& mean : targets.means) {
    sum_over_ranks(data.ranks(), {&mean.sum, 1});
    mean.largest = largest_of_ranks(data, mean.largest);
  }
  return targets;
}

/// The best constant for labels; 0 where there is none, as the loss falls without end.
double best_label(LossKind kind, double positive, double negative) {
  if (kind == LossKind::hinge) return positive > negative ? 1 : -1;
  if (kind == LossKind::squared_hinge) return (positive - negative) / (positive + negative);
  return positive > 0 && negative > 0 ? std::log(positive) - std::log(negative) : 0;
}

std::vector<double> good_constants(const Loss& loss, const Targets& targets) {
  constexpr double gone = -3000;  // so far below the logarithm of any share that exp is 0
  std::vector<double> constants;
  Index classes = 0;
  for (std::size_t k = 0; k < targets.means.size(); ++k) {
    const double all = targets.weight.value(), positive = targets.positive[k].value();
    classes += positive > 0 ? 1 : 0;
    if (!loss.classification())
      constants.push_back(targets.mean(k));
    else if (loss.coupled())
      constants.push_back(positive > 0 ? std::log(positive) - std::log(all) : gone);
    else
      constants.push_back(all > 0 ? best_label(loss.kind, positive, targets.negative[k].value()) : 0);
  }
  if (loss.coupled() && classes < 2) std::fill(constants.begin(), constants.end(), 0.0);
  return constants;
}

/// How much the loss of the means may be above that of their exact values, for absolute and Huber loss: Σ w |ℓ'| times what rounding moves a mean by.
double doubt(const Loss& loss, const Targets& targets) {
  const double slope = loss.kind == LossKind::huber ? loss.delta : 1;
  double sum = 0;
  for (const Mean& mean : targets.means) sum += targets.weight.value() * slope * (8 * std::numeric_limits<double>::epsilon() * mean.largest);
  return std::isnan(sum) ? std::numeric_limits<double>::infinity() : sum;
}

/// What Σ w |f − y| is least at.
double weighted_median(std::vector<std::pair<double, double>> targets) {
  std::sort(targets.begin(), targets.end());
  double all = 0, below = 0;
  for (const auto& [y, w] : targets) all += w;
  for (const auto& [y, w] : targets) {
    below += w;
    if (below >= 0.5 * all) return y;
  }
  return 0;
}

std::vector<double> medians(const Source& data) {
  std::vector<std::vector<std::pair<double, double>>> targets(static_cast<std::size_t>(data.targets()));
  data.visit_targets(kChunk, [&](const Chunk& chunk) {
    const double* y = chunk.y;
    for (Index i = 0; i < chunk.samples; ++i) {
      for (auto& column : targets) column.emplace_back(*y++, weight_of(chunk, i));
    }
  });
  std::vector<double> result;
  for (auto& column : targets) result.push_back(weighted_median(std::move(column)));
  return result;
}

std::vector<double> best_constants(const Loss& loss, const Source& data) {
  if (loss.kind == LossKind::absolute) return medians(data);
  const Index n = data.samples(), C = data.targets();
  std::vector<double> y, weights;
  data.visit_targets(kChunk, [&](const Chunk& chunk) {
    y.insert(y.end(), chunk.y, chunk.y + chunk.samples * C);
    if (chunk.weights != nullptr) weights.insert(weights.end(), chunk.weights, chunk.weights + chunk.samples);
  });
  const std::vector<double> f(y.size());
  return best_intercepts(loss, by_samples<const double>(f.data(), n, C), by_samples<const double>(y.data(), n, C), weights, {}, data.ranks()).b;
}

// min(most, Σ w ℓ(f, y)) of predictions that are the same for every sample; the sum ends where it has passed that, for losses are not negative.
double loss_of_constant(const Loss& chosen, const Source& data, const std::vector<double>& f, double most) {
  const Index C = data.targets();
  CompensatedSum sum;
  with_loss(chosen, [&](const auto& loss) {
    data.visit_targets(kChunk, [&](const Chunk& chunk) {
      for (Index i = 0; i < chunk.samples && sum.value() < most; ++i) {
        const double w = weight_of(chunk, i);
        if (w > 0) sum.add(w * loss.value(loss::Row<const double>{f.data(), 1, C}, loss::Row<const double>{chunk.y + i * C, 1, C}));
      }
    });
  });
  const double all = sum_over_ranks(data, sum.value() < most ? sum.value() : most);
  return all < most ? all : most;
}

}  // namespace

double objective_unit(const Problem& problem, const Source& data) {
  check_targets(problem.loss, data);
  const Loss& loss = problem.loss;
  const double at_zero = loss_of_constant(loss, data, std::vector<double>(static_cast<std::size_t>(data.targets())), 1);
  if (!problem.bias) return at_zero;
  const Targets targets = targets_of(data);
  const bool best = loss.kind != LossKind::absolute && loss.kind != LossKind::huber;
  const double enough = best ? 1 : 4 + doubt(loss, targets), good = loss_of_constant(loss, data, good_constants(loss, targets), enough);
  // Beside the mean Σ w ℓ is at most four times that beside the best constant, by Jensen's inequality and ℓ(2r) ≤ 4 ℓ(r): the search is seldom
  // needed.
  if (best || good >= enough) return std::min({1.0, at_zero, best ? good : 1.0});
  return std::min(at_zero, loss_of_constant(loss, data, best_constants(loss, data), 1));
}

double relative_gap(double primal, double dual, double unit) { return primal == dual ? 0 : (primal - dual) / std::max(std::abs(primal), unit); }

}  // namespace neuspec
