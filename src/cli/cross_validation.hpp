/// \file cross_validation.hpp
/// Scores along a path of β on samples not trained on, without a file of their own.
#pragma once

#include <vector>

#include "cli/evaluate.hpp"
#include "neuspec/fit.hpp"

namespace neuspec::cli {

/// The fold of each sample, 0 … folds − 1: dealt out at random within each class, so that folds have the classes' shares (of numbers: at random).
std::vector<Index> deal_folds(const Dataset& data, const Loss& loss, Index folds, unsigned seed);

/// For each β the scores of all samples, each by the network that was trained without its fold: losses add up, rates are means over samples. Shorter
/// than `betas` when the observer stopped it. \throws UsageError for fewer than 2 folds or more folds than samples
std::vector<Scores> cross_validate(const Dataset& data, const Problem& problem, const std::vector<double>& betas, Index folds,
                                   const Settings& settings, const Observer& observer);

}  // namespace neuspec::cli
