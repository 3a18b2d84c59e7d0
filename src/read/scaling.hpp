/// \file scaling.hpp
/// Mean and deviation of features.
#pragma once

#include <span>
#include <vector>

#include "distribute/ranks.hpp"
#include "neuspec/dataset.hpp"

namespace neuspec::read {

/// Samples that one thread handles in a go. Sums are taken per run and then over the runs in order, so that they do not depend on the number of
/// threads.
inline constexpr Index run_samples = 1024;

/// Whoever looks through text looks at the deviations of no more features: a run of so many samples is 8 MB.
inline constexpr Index most_seen_features = 1 << 10;

/// What a feature of that deviation and mean is divided by, 1 where it is constant: a deviation that the rounding of values of this size explains is
/// none, for the features that the next data have would be divided by an accident of rounding.
double scale_of(double deviation, double mean, Index samples);

/// Of n samples' features, relative to an origin near them: so a constant feature has exactly that mean and deviation 0, and a large common offset
/// costs no digits.
struct Deviations {
  double samples = 0;
  std::vector<double> origin, mean, squares;  ///< d each; the mean less the origin, Σ of squared deviations from the mean
};

/// Of samples (row-major), which are used up.
Deviations deviations_of(std::span<double> z, const std::vector<double>& origin);

/// Of all of a table's features, where they were seen when it was read; else null. They live as long as the features.
const Deviations* seen_deviations(const Table& table);

/// Adds the samples of others.
void merge(Deviations more, Deviations& all);

/// Of samples that come in their order, however many at a time: the bits are the same.
class RunningDeviations {
 public:
  explicit RunningDeviations(Index features) : features_(features) {}
  void add(const double* x, Index samples);  ///< row-major
  Deviations finish();

 private:
  Index features_;
  std::vector<double> origin_, rest_;  // the first sample; those of a run that is not full
  Deviations all_;
};

struct Scaling {
  std::vector<double> mean, scale;  ///< of every feature
};

/// Of the features of all samples, in one pass; of ranks of all of theirs, collective, in a fixed order the bits of one process.
Scaling scaling_of(const Source& data);

/// Of samples that have been seen already; of ranks of all of theirs, collective.
Scaling scaling_of(const Deviations& own, const Ranks* ranks);

}  // namespace neuspec::read
