/// \file scaling.hpp
/// Mean and deviation of features.
#pragma once

#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec::read {

/// Samples that one thread handles in a go. Sums are taken per run and then over the runs in order, so that they do not depend on the number of
/// threads.
inline constexpr Index run_samples = 1024;

/// What a feature of that deviation and mean is divided by, 1 where it is constant: a deviation that the rounding of values of this size explains is
/// none, for the features that the next data have would be divided by an accident of rounding.
double scale_of(double deviation, double mean, Index samples);

struct Scaling {
  std::vector<double> mean, scale;  ///< of every feature
};

/// Of the features of all samples, in one pass; of ranks of all of theirs, collective, in a fixed order the bits of one process.
Scaling scaling_of(const Source& data);

}  // namespace neuspec::read
