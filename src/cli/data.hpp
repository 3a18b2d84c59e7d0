/// \file data.hpp
/// Files of samples, made into what a network is trained on or applied to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "neuspec/preprocessing.hpp"

namespace neuspec::cli {

struct TrainingData {
  std::shared_ptr<const Source> data;  ///< of ranks, each one's part
  Index samples = 0;                   ///< of all ranks
  Preprocessing preprocessing;
};

/// Reads the training data, within the settings' limit of memory, and learns the preprocessing from them; on `ranks` each takes its part, null: this
/// process all of it. \throws UsageError, DataError
TrainingData read_training(const DataOptions& options, const Loss& loss, const Settings& settings, const Ranks* ranks);

/// Features and targets for a network that was trained behind `preprocessing`; labels are those of its classes. \throws UsageError, DataError
std::shared_ptr<const Source> read_samples(const SampleFile& file, const Preprocessing& preprocessing, const Loss& loss);

/// Features alone, without targets, that `preprocessing` makes of a file; target columns, where it has them, are left out.
/// \throws UsageError, DataError
std::shared_ptr<const Source> read_features(const SampleFile& file, const Preprocessing& preprocessing);

}  // namespace neuspec::cli
