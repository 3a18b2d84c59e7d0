#include "cli/cross_validation.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "cli/folds.hpp"
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

/// Writes the outputs for the samples of a fold to their rows of `f`.
void put_outputs(const Network& network, const Dataset& data, const std::vector<Index>& folds, Index fold, std::vector<double>& f) {
  const Index C = data.targets();
  const Dataset left_out = part_of(data, folds, fold, true);
  std::vector<double> outputs(left_out.y().size());
  network.predict(left_out.x().data(), left_out.samples(), outputs.data());
  auto row = outputs.begin();
  for (Index i = 0; i < data.samples(); ++i) {
    if (folds[static_cast<std::size_t>(i)] == fold) {
      std::copy_n(row, C, f.begin() + i * C);
      row += C;
    }
  }
}

}  // namespace

std::optional<std::vector<FoldScores>> cross_validate(const Dataset& data, const Problem& problem, const std::vector<double>& betas, Index folds,
                                                      const Settings& settings, const Stopwatch& clock, const Observer& observer) {
  if (folds < 2 || folds > data.samples()) {
    throw UsageError("--folds " + std::to_string(folds) + ": give an integer from 2 to the number of samples, " + std::to_string(data.samples()));
  }
  const std::vector<Index> fold_of = deal_folds(data, problem.loss, folds, settings.seed);
  std::vector<FoldScores> points(betas.size());
  // Outputs for the samples left out are pooled, not the folds' scores: a fold of one sample has no area under its curve.
  std::vector<std::vector<double>> f(betas.size(), std::vector<double>(data.y().size()));
  for (Index fold = 0; fold < folds; ++fold) {
    const std::vector<Result> results = fit_path(part_of(data, fold_of, fold, false), problem, betas, with_time_left(settings, clock), {}, observer);
    if (results.size() < betas.size()) {
      return std::nullopt;
    }
    for (std::size_t point = 0; point < betas.size(); ++point) {
      const Report& report = results[point].report;
      if (report.status == Status::time_limit) {
        return std::nullopt;
      }
      if (report.status != Status::optimal) {
        points[point].unproven.push_back({fold, report.status, report.relative_gap});
      }
      put_outputs(results[point].network, data, fold_of, fold, f[point]);
    }
  }
  for (std::size_t point = 0; point < betas.size(); ++point) {
    require_finite(f[point], data.targets());
    points[point].scores = score(f[point], problem.loss, data);
  }
  return points;
}

}  // namespace neuspec::cli
