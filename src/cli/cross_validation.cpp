#include "cli/cross_validation.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "cli/folds.hpp"
#include "neuspec/error.hpp"
#include "read/held.hpp"

namespace neuspec::cli {
namespace {

/// The samples whose fold is (or is not) `fold`.
class Part final : public Source {
 public:
  Part(const Source& data, const std::vector<Index>& folds, Index fold, bool inside) : data_(data), taken_(folds.size()) {
    for (std::size_t i = 0; i < folds.size(); ++i) {
      taken_[i] = (folds[i] == fold) == inside;
      samples_ += taken_[i] ? 1 : 0;
    }
  }

  Index samples() const override { return samples_; }
  Index features() const override { return data_.features(); }
  Index targets() const override { return data_.targets(); }
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override {
    Index first = 0;
    data_.visit(chunk_samples, [&](const Chunk& chunk) { hand_on(chunk, first, visitor); });
  }
  void visit_targets(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override {
    Index first = 0;
    data_.visit_targets(chunk_samples, [&](const Chunk& chunk) { hand_on(chunk, first, visitor); });
  }

 private:
  void hand_on(const Chunk& chunk, Index& first, const std::function<void(const Chunk&)>& visitor) const {
    std::vector<double> x, y, weights;
    const auto append = [](const double* values, Index columns, Index i, std::vector<double>& to) {
      if (values != nullptr) to.insert(to.end(), values + i * columns, values + (i + 1) * columns);
    };
    Index samples = 0;
    for (Index i = 0; i < chunk.samples; ++i) {
      if (!taken_[static_cast<std::size_t>(chunk.first + i)]) {
        continue;
      }
      append(chunk.x, features(), i, x);
      append(chunk.y, targets(), i, y);
      append(chunk.weights, 1, i, weights);
      ++samples;
    }
    if (samples > 0) {
      visitor({first, samples, chunk.x == nullptr ? nullptr : x.data(), y.data(), chunk.weights == nullptr ? nullptr : weights.data()});
    }
    first += samples;
  }

  const Source& data_;
  std::vector<bool> taken_;
  Index samples_ = 0;
};

/// Writes the outputs for the samples of a fold to their rows of `f`.
void put_outputs(const Network& network, const Source& data, const std::vector<Index>& folds, Index fold, std::vector<double>& f) {
  const Index C = data.targets();
  Index i = 0;
  Part(data, folds, fold, true).visit(visited_samples, [&](const Chunk& chunk) {
    std::vector<double> outputs(static_cast<std::size_t>(chunk.samples * C));
    network.predict(chunk.x, chunk.samples, outputs.data());
    for (auto row = outputs.begin(); row != outputs.end(); row += C, ++i) {
      while (folds[static_cast<std::size_t>(i)] != fold) ++i;
      std::copy_n(row, C, f.begin() + i * C);
    }
  });
}

}  // namespace

std::optional<std::vector<FoldScores>> cross_validate(const Source& data, const Problem& problem, const std::vector<double>& betas, Index folds,
                                                      const Settings& settings, const Stopwatch& clock, const Observer& observer) {
  if (folds < 2 || folds > data.samples()) {
    throw UsageError("--folds " + std::to_string(folds) + ": give an integer from 2 to the number of samples, " + std::to_string(data.samples()));
  }
  const Targets targets = targets_of(data);
  const std::vector<Index> fold_of = deal_folds(targets, problem.loss, folds, settings.seed);
  std::vector<FoldScores> points(betas.size());
  // Outputs for the samples left out are pooled, not the folds' scores: a fold of one sample has no area under its curve.
  std::vector<std::vector<double>> f(betas.size(), std::vector<double>(targets.y.size()));
  for (Index fold = 0; fold < folds; ++fold) {
    const std::shared_ptr<const Source> others = held_if_small(std::make_shared<Part>(data, fold_of, fold, false));
    const std::vector<Result> results = fit_path(*others, problem, betas, with_what_is_left(settings, clock), {}, observer);
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
    points[point].scores = score(f[point], problem.loss, targets);
  }
  return points;
}

}  // namespace neuspec::cli
