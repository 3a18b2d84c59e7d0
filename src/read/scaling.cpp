#include "read/scaling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "distribute/gathered_source.hpp"
#include "threads/parallel.hpp"

namespace neuspec::read {
namespace {

// Sums over samples, relative to the first of all: so a constant feature has exactly that mean and deviation 0, and a large common offset costs no
// digits.
struct Deviations {
  double samples = 0;
  std::vector<double> mean, squares;  // of the deviations from the mean
};

// Two passes over samples in the cache; the second removes what rounding left in the mean.
Deviations deviations_of_run(std::vector<double>& z, const std::vector<double>& origin) {
  const std::size_t d = origin.size(), n = z.size() / d;
  Deviations run{static_cast<double>(n), std::vector<double>(d), std::vector<double>(d)};
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

// Chan, Golub and LeVeque's update.
void merge(const Deviations& more, Deviations& all) {
  if (all.samples == 0) {
    all = more;
    return;
  }
  const double samples = all.samples + more.samples;
  for (std::size_t j = 0; j < all.mean.size(); ++j) {
    const double delta = more.mean[j] - all.mean[j];
    all.squares[j] += more.squares[j] + delta * delta * (all.samples / samples) * more.samples;
    all.mean[j] += delta * (more.samples / samples);
  }
  all.samples = samples;
}

// `origin` becomes the first sample, of ranks rank 0's.
Deviations deviations_of(const Source& source, std::vector<double>& origin) {
  constexpr Index most_numbers = 1 << 22;  // of samples at a time, unless these are a single run
  const Index d = source.features(), runs = std::clamp<Index>(most_numbers / (run_samples * d), 1, threads());
  Deviations all;
  source.visit(run_samples * runs, [&](const Chunk& chunk) {
    if (all.samples == 0) {
      origin.assign(chunk.x, chunk.x + d);
      if (source.ranks() != nullptr) source.ranks()->broadcast(std::span(origin));
    }
    std::vector<Deviations> parts(static_cast<std::size_t>((chunk.samples + run_samples - 1) / run_samples));
    parallel_ranges(static_cast<Index>(parts.size()), 1, [&](Index first, Index last) {
      for (Index run = first; run < last; ++run) {
        const Index end = std::min((run + 1) * run_samples, chunk.samples);
        std::vector<double> z(chunk.x + run * run_samples * d, chunk.x + end * d);
        parts[static_cast<std::size_t>(run)] = deviations_of_run(z, origin);
      }
    });
    for (const Deviations& part : parts) merge(part, all);
  });
  return all;
}

std::vector<double> numbers_of(const Deviations& deviations) {
  std::vector<double> numbers{deviations.samples};
  numbers.insert(numbers.end(), deviations.mean.begin(), deviations.mean.end());
  numbers.insert(numbers.end(), deviations.squares.begin(), deviations.squares.end());
  return numbers;
}

// In a fixed order those of all samples as one source, else of each rank's.
Deviations deviations_of_ranks(const Source& own, std::vector<double>& origin) {
  const Ranks& ranks = *own.ranks();
  std::vector<double> parts;
  if (ranks.order() == RankOrder::fixed) {
    on_first_rank(own, [&](const Source& samples) { parts = numbers_of(deviations_of(samples, origin)); });
    ranks.broadcast(parts);
    ranks.broadcast(origin);
  } else {
    parts = ranks.all(numbers_of(deviations_of(own, origin)));
  }
  const auto d = static_cast<std::ptrdiff_t>(origin.size());
  Deviations all;
  for (auto part = parts.begin(); part != parts.end(); part += 1 + 2 * d)
    merge({*part, {part + 1, part + 1 + d}, {part + 1 + d, part + 1 + 2 * d}}, all);
  return all;
}

}  // namespace

// n ε |mean| is what a sum of n equal numbers may be off by; more samples than one run do not make any value less exact.
double scale_of(double deviation, double mean, Index samples) {
  const double rounding = static_cast<double>(std::min(samples, run_samples)) * std::numeric_limits<double>::epsilon();
  return deviation > rounding * std::abs(mean) ? deviation : 1.0;
}

Scaling scaling_of(const Source& data) {
  if (data.features() == 0) return {};
  std::vector<double> origin;
  const Deviations all = data.ranks() == nullptr ? deviations_of(data, origin) : deviations_of_ranks(data, origin);
  Scaling scaling;
  for (std::size_t j = 0; j < origin.size(); ++j) {
    scaling.mean.push_back(origin[j] + all.mean[j]);
    scaling.scale.push_back(scale_of(std::sqrt(all.squares[j] / all.samples), scaling.mean.back(), static_cast<Index>(all.samples)));
  }
  return scaling;
}

}  // namespace neuspec::read
