#include "cli/cross_validation.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "cli/folds.hpp"
#include "cli/ranks.hpp"
#include "distribute/gathered_source.hpp"
#include "distribute/share.hpp"
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

/// Each sample's fold: those of all ranks' samples as one process deals them.
std::vector<Index> folds_of(const Targets& own, const Loss& loss, Index folds, unsigned seed) {
  if (own.ranks == nullptr) return deal_folds(own, loss, folds, seed);
  std::vector<double> y = gather(*own.ranks, own.y), dealt;
  if (own.ranks->first()) {
    const std::vector<Index> all = deal_folds({own.outputs, std::move(y), {}}, loss, folds, seed);
    dealt.assign(all.begin(), all.end());
  }
  dealt = scatter(*own.ranks, std::move(dealt), static_cast<std::size_t>(own.samples()));
  std::vector<Index> result;
  std::transform(dealt.begin(), dealt.end(), std::back_inserter(result), [](double fold) { return static_cast<Index>(fold); });
  return result;
}

/// Whether every rank has samples of others than each fold.
bool all_have_others(const std::vector<Index>& fold_of, Index folds, const Ranks& ranks) {
  Index most = 0;
  for (Index fold = 0; fold < folds; ++fold) most = std::max<Index>(most, std::count(fold_of.begin(), fold_of.end(), fold));
  return ranks.smallest(static_cast<double>(static_cast<Index>(fold_of.size()) - most)) > 0;
}

/// What to try on the samples left out.
struct Trial {
  const Problem& problem;
  const std::vector<double>& betas;
  Index folds;
  const Settings& settings;
  const Stopwatch& clock;
  const Observer& observer;
};

/// The samples of all folds but one, held where they are small; of ranks each one's own.
std::shared_ptr<const Source> all_but(Index fold, const Source& data, const std::vector<Index>& fold_of) {
  std::shared_ptr<const Source> others = held_if_small(std::make_shared<Part>(data, fold_of, fold, false));
  return data.ranks() == nullptr ? others : shared_out(std::move(others));
}

std::optional<std::vector<FoldScores>> scores_of_folds(const Source& data, const Targets& targets, const std::vector<Index>& fold_of,
                                                       const Trial& trial) {
  std::vector<FoldScores> points(trial.betas.size());
  // Outputs for the samples left out are pooled, not the folds' scores: a fold of one sample has no area under its curve.
  std::vector<std::vector<double>> f(points.size(), std::vector<double>(targets.y.size()));
  for (Index fold = 0; fold < trial.folds; ++fold) {
    const auto others = all_but(fold, data, fold_of);
    const std::vector<Result> results =
        fit_path(*others, trial.problem, trial.betas, with_what_is_left(trial.settings, trial.clock), {}, trial.observer);
    if (results.size() < points.size()) {
      return std::nullopt;
    }
    for (std::size_t point = 0; point < points.size(); ++point) {
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
  for (std::size_t point = 0; point < points.size(); ++point) {
    require_finite(f[point], data.targets(), targets.before);
    points[point].scores = score(f[point], trial.problem.loss, targets);
  }
  return points;
}

std::optional<std::vector<FoldScores>> cross_validate(const Source& data, const Trial& trial) {
  const Index samples = all_samples(data);
  if (trial.folds < 2 || trial.folds > samples) {
    throw UsageError("--folds " + std::to_string(trial.folds) + ": give an integer from 2 to the number of samples, " + std::to_string(samples));
  }
  const Ranks* const ranks = data.ranks();
  const Targets targets = targets_of(data);
  const std::vector<Index> fold_of = folds_of(targets, trial.problem.loss, trial.folds, trial.settings.seed);
  const bool shared = ranks == nullptr || (ranks->order() == RankOrder::any && all_have_others(fold_of, trial.folds, *ranks));
  if (shared) return scores_of_folds(data, targets, fold_of, trial);
  std::optional<std::vector<FoldScores>> points;
  on_first_rank(data, [&](const Source& all) { points = cross_validate(all, trial); });
  const bool done = ranks->broadcast(points ? 1.0 : 0.0) > 0;
  return done && !ranks->first() ? std::vector<FoldScores>() : points;
}

}  // namespace

std::optional<std::vector<FoldScores>> cross_validate(const Source& data, const Problem& problem, const std::vector<double>& betas, Index folds,
                                                      const Settings& settings, const Stopwatch& clock, const Observer& observer) {
  const auto trial = [&] { return cross_validate(data, Trial{problem, betas, folds, settings, clock, observer}); };
  return data.ranks() == nullptr ? trial() : data.ranks()->together(trial);
}

}  // namespace neuspec::cli
