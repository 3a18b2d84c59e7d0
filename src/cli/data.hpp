/// \file data.hpp
/// Files of samples, made into what a network is trained on or applied to.
#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"
#include "neuspec/preprocessing.hpp"

namespace neuspec::cli {

struct TrainingData {
  Dataset data;
  Preprocessing preprocessing;
};

/// Reads the training data and learns the preprocessing from them. \throws UsageError, DataError
TrainingData read_training(const DataOptions& options, const Loss& loss);

/// Where samples for an existing preprocessing come from. Without `targets` they are found as in training: by name where the file has
/// a header, else the last columns.
struct SampleFile {
  std::string path;
  std::string labels;   ///< file of the targets, or empty
  std::string targets;  ///< comma list of names or positions, or empty
};

/// Features and targets for a network that was trained behind `preprocessing`. \throws DataError
Dataset read_samples(const SampleFile& file, const Preprocessing& preprocessing);

/// A table whose columns are the features that `preprocessing` expects; target columns, where the file has them, are left out. \throws DataError
Table read_features(const SampleFile& file, const Preprocessing& preprocessing);

}  // namespace neuspec::cli
