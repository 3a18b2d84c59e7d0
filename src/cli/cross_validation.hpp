/// \file cross_validation.hpp
/// Scores along a path of β on samples not trained on, without a file of their own.
#pragma once

#include <optional>
#include <vector>

#include "cli/evaluate.hpp"
#include "cli/training.hpp"
#include "neuspec/fit.hpp"

namespace neuspec::cli {

/// A fit without one of the folds that was not proven optimal.
struct UnprovenFold {
  Index fold = 0;  ///< from 0
  Status status = Status::stalled;
  double relative_gap = 0;
};

/// One β.
struct FoldScores {
  Scores scores;                       ///< of all samples at once, each by the network that was trained without its fold
  std::vector<UnprovenFold> unproven;  ///< in ascending order
};

/// Scores for each β; nothing when the limit of time, counted from the start of `clock`, passed before all folds were done.
/// Of ranks the folds are those that one process deals, and every fit is shared out; in a fixed order, and where a rank would be left without
/// samples, rank 0 fits alone, and the others have no scores. Collective. \throws UsageError for fewer than 2 folds or more folds than samples
std::optional<std::vector<FoldScores>> cross_validate(const Source& data, const Problem& problem, const std::vector<double>& betas, Index folds,
                                                      const Settings& settings, const Stopwatch& clock, const Observer& observer);

}  // namespace neuspec::cli
