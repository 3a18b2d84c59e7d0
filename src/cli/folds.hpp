/// \file folds.hpp
/// Which samples are left out together.
#pragma once

#include <vector>

#include "cli/evaluate.hpp"
#include "neuspec/problem.hpp"

namespace neuspec::cli {

/// The fold of each sample, 0 … folds − 1: dealt out at random within each class, so that folds have the classes' shares
/// (of numbers: at random). The same for the same seed, on every machine.
std::vector<Index> deal_folds(const Targets& data, const Loss& loss, Index folds, unsigned seed);

}  // namespace neuspec::cli
