#include "read/scaling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "distribute/gathered_source.hpp"
#include "threads/parallel.hpp"

namespace neuspec::read {
namespace {

// In terms of another origin.
void rebase(const std::vector<double>& origin, Deviations& deviations) {
  for (std::size_t j = 0; j < origin.size(); ++j) deviations.mean[j] += deviations.origin[j] - origin[j];
  deviations.origin = origin;
}

Deviations deviations_of_all(const Source& source) {
  constexpr Index most_numbers = 1 << 22;  // of samples at a time, unless these are a single run
  const Index d = source.features(), runs = std::clamp<Index>(most_numbers / (run_samples * d), 1, threads());
  RunningDeviations all(d);
  source.visit(run_samples * runs, [&](const Chunk& chunk) { all.add(chunk.x, chunk.samples); });
  return all.finish();
}

std::vector<double> numbers_of(const Deviations& deviations) {
  std::vector<double> numbers{deviations.samples};
  for (const std::vector<double>* part : {&deviations.origin, &deviations.mean, &deviations.squares})
    numbers.insert(numbers.end(), part->begin(), part->end());
  return numbers;
}

// Of all ranks.
Deviations merged(const Deviations& own, const Ranks& ranks) {
  const std::vector<double> parts = ranks.all(numbers_of(own));
  const auto d = static_cast<std::ptrdiff_t>(own.origin.size());
  Deviations all;
  for (auto part = parts.begin(); part != parts.end(); part += 1 + 3 * d)
    merge({*part, {part + 1, part + 1 + d}, {part + 1 + d, part + 1 + 2 * d}, {part + 1 + 2 * d, part + 1 + 3 * d}}, all);
  return all;
}

}  // namespace

// n ε |mean| is what a sum of n equal numbers may be off by; more samples than one run do not make any value less exact.
double scale_of(double deviation, double mean, Index samples) {
  const double rounding = static_cast<double>(std::min(samples, run_samples)) * std::numeric_limits<double>::epsilon();
  return deviation > rounding * std::abs(mean) ? deviation : 1.0;
}

// Two passes over samples in the cache; the second removes what rounding left in the mean.
Deviations deviations_of(std::span<double> z, const std::vector<double>& origin) {
  const std::size_t d = origin.size(), n = d == 0 ? 0 : z.size() / d;
  Deviations run{static_cast<double>(n), origin, std::vector<double>(d), std::vector<double>(d)};
  std::vector<double> residue(d);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < d; ++j) {
      z[i * d + j] -= origin[j];
      run.mean[j] += z[i * d + j];
    }
  }
  for (double& mean : run.mean) mean /= run.samples;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < d; ++j) {
      const double deviation = z[i * d + j] - run.mean[j];
      residue[j] += deviation;
      run.squares[j] += deviation * deviation;
    }
  }
  for (std::size_t j = 0; j < d; ++j) {
    const double error = residue[j] / run.samples;
    run.mean[j] += error;
    run.squares[j] = std::max(0.0, run.squares[j] - run.samples * error * error);
  }
  return run;
}

const Deviations* seen_deviations(const Table& table) {
  const auto* const stored = std::get_if<std::shared_ptr<const StoredFeatures>>(&table.x);
  return stored == nullptr ? nullptr : (*stored)->deviations();
}

// Chan, Golub and LeVeque's update.
void merge(Deviations more, Deviations& all) {
  if (more.samples == 0) return;
  if (all.samples == 0) {
    all = std::move(more);
    return;
  }
  rebase(all.origin, more);
  const double samples = all.samples + more.samples;
  for (std::size_t j = 0; j < all.mean.size(); ++j) {
    const double delta = more.mean[j] - all.mean[j];
    all.squares[j] += more.squares[j] + delta * delta * (all.samples / samples) * more.samples;
    all.mean[j] += delta * (more.samples / samples);
  }
  all.samples = samples;
}

// About the first sample, run by run.
void RunningDeviations::add(const double* x, Index samples) {
  if (samples == 0) return;
  if (origin_.empty()) origin_.assign(x, x + features_);
  if (!rest_.empty()) {
    const Index taken = std::min(run_samples - static_cast<Index>(rest_.size()) / features_, samples);
    rest_.insert(rest_.end(), x, x + taken * features_);
    x += taken * features_;
    samples -= taken;
    if (static_cast<Index>(rest_.size()) < run_samples * features_) return;
    merge(deviations_of(rest_, origin_), all_);
  }
  std::vector<Deviations> runs(static_cast<std::size_t>(samples / run_samples));
  const auto run = [&](Index which) { return x + which * run_samples * features_; };
  parallel_ranges(static_cast<Index>(runs.size()), 1, [&](Index first, Index last) {
    for (Index which = first; which < last; ++which) {
      std::vector<double> z(run(which), run(which + 1));
      runs[static_cast<std::size_t>(which)] = deviations_of(z, origin_);
    }
  });
  for (Deviations& part : runs) merge(std::move(part), all_);
  rest_.assign(run(samples / run_samples), x + samples * features_);
}

Deviations RunningDeviations::finish() {
  if (!rest_.empty()) merge(deviations_of(rest_, origin_), all_);
  if (all_.samples > 0) return std::move(all_);
  const std::vector<double> none(static_cast<std::size_t>(features_));
  return {0, none, none, none};
}

Scaling scaling_of(const Source& data) {
  if (data.features() == 0) return {};
  const Ranks* const ranks = data.ranks();
  if (ranks == nullptr || ranks->order() != RankOrder::fixed) return scaling_of(deviations_of_all(data), ranks);
  Scaling scaling;
  on_first_rank(data, [&](const Source& samples) { scaling = scaling_of(deviations_of_all(samples), nullptr); });
  ranks->broadcast(scaling.mean);
  ranks->broadcast(scaling.scale);
  return scaling;
}

Scaling scaling_of(const Deviations& own, const Ranks* ranks) {
  const Deviations all = ranks == nullptr ? own : merged(own, *ranks);
  Scaling scaling;
  for (std::size_t j = 0; j < all.origin.size(); ++j) {
    scaling.mean.push_back(all.origin[j] + all.mean[j]);
    scaling.scale.push_back(scale_of(std::sqrt(all.squares[j] / all.samples), scaling.mean.back(), static_cast<Index>(all.samples)));
  }
  return scaling;
}

}  // namespace neuspec::read
