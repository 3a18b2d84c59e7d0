#include "cli/cross_validation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "neuspec/error.hpp"

namespace neuspec::cli {
namespace {

/// The samples whose fold is (or is not) `fold`.
Dataset part_of(const Dataset& data, const std::vector<Index>& folds, Index fold, bool inside) {
  std::vector<double> x, y, weights;
  Index samples = 0;
  for (Index i = 0; i < data.samples(); ++i) {
    if ((folds[static_cast<std::size_t>(i)] == fold) != inside) {
      continue;
    }
    const auto row = [i](const std::vector<double>& values, Index columns) { return values.begin() + i * columns; };
    x.insert(x.end(), row(data.x(), data.features()), row(data.x(), data.features()) + data.features());
    y.insert(y.end(), row(data.y(), data.targets()), row(data.y(), data.targets()) + data.targets());
    if (!data.weights().empty()) {
      weights.push_back(data.weights()[static_cast<std::size_t>(i)]);
    }
    ++samples;
  }
  return {samples, data.features(), data.targets(), std::move(x), std::move(y), std::move(weights)};
}

/// sum ← the mean of both, weighted by samples.
void pool(std::optional<double>& mean, double samples_before, const std::optional<double>& value, double samples) {
  if (mean && value) {
    mean = (*mean * samples_before + *value * samples) / (samples_before + samples);
  } else if (samples_before == 0) {
    mean = value;
  }
}

void add(const Scores& fold, Scores& total) {
  const auto before = static_cast<double>(total.samples), samples = static_cast<double>(fold.samples);
  const auto square = [](const std::optional<double>& root) { return root ? std::optional(*root * *root) : root; };
  std::optional<double> squares = square(total.rmse);
  pool(squares, before, square(fold.rmse), samples);
  total.rmse = squares ? std::optional(std::sqrt(*squares)) : squares;
  pool(total.r2, before, fold.r2, samples);
  pool(total.accuracy, before, fold.accuracy, samples);
  pool(total.f1, before, fold.f1, samples);
  pool(total.auc, before, fold.auc, samples);
  total.loss += fold.loss;
  total.samples += fold.samples;
}

}  // namespace

std::vector<Index> deal_folds(const Dataset& data, const Loss& loss, Index folds, unsigned seed) {
  const Index n = data.samples(), C = data.targets();
  std::vector<Index> order(static_cast<std::size_t>(n)), result(order.size());
  std::iota(order.begin(), order.end(), Index(0));
  std::mt19937_64 random(seed);
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random() % i]);  // not std::shuffle, whose order differs between libraries
  }
  const auto row = [&](Index i) { return data.y().begin() + i * C; };
  const bool classes = loss.classification() || std::all_of(data.y().begin(), data.y().end(), [](double y) { return y == 1 || y == -1; });
  if (classes) {
    std::stable_sort(order.begin(), order.end(),
                     [&](Index i, Index j) { return std::lexicographical_compare(row(i), row(i) + C, row(j), row(j) + C); });
  }
  for (std::size_t position = 0; position < order.size(); ++position) {
    result[static_cast<std::size_t>(order[position])] = static_cast<Index>(position) % folds;
  }
  return result;
}

std::vector<Scores> cross_validate(const Dataset& data, const Problem& problem, const std::vector<double>& betas, Index folds,
                                   const Settings& settings, const Observer& observer) {
  if (folds < 2 || folds > data.samples()) {
    throw UsageError("--folds " + std::to_string(folds) + ": give an integer from 2 to the number of samples, " + std::to_string(data.samples()));
  }
  const std::vector<Index> fold_of = deal_folds(data, problem.loss, folds, settings.seed);
  std::vector<Scores> totals(betas.size());
  std::size_t complete = betas.size();
  for (Index fold = 0; fold < folds; ++fold) {
    const Dataset kept = part_of(data, fold_of, fold, false), left_out = part_of(data, fold_of, fold, true);
    const std::vector<Result> results = fit_path(kept, problem, betas, settings, {}, observer);
    complete = std::min(complete, results.size());
    for (std::size_t point = 0; point < complete; ++point) {
      add(evaluate(results[point].network, problem.loss, left_out), totals[point]);
    }
  }
  totals.resize(complete);
  return totals;
}

}  // namespace neuspec::cli
