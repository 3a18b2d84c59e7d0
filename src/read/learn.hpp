/// \file learn.hpp
/// What is learnt from samples that ranks share out.
#pragma once

#include <string>
#include <vector>

#include "distribute/ranks.hpp"
#include "neuspec/preprocessing.hpp"

namespace neuspec::read {

/// `learn_preprocessing` from the tables of all ranks together, of which this is one's; null: from this one alone. Collective, within
/// Ranks::together. \throws DataError also where the ranks' columns are not the same
Preprocessing learn(const Table& table, const PreprocessingOptions& options, const Ranks* ranks);

/// The members of the sorted lists of all ranks, sorted, each once; those of this list where ranks is null.
std::vector<double> united(std::vector<double> own, const Ranks* ranks);
std::vector<std::string> united(std::vector<std::string> own, const Ranks* ranks);

/// On rank 0 the texts of all ranks, one rank's after the other's; nothing elsewhere.
std::vector<std::string> gathered(const std::vector<std::string>& own, const Ranks& ranks);

}  // namespace neuspec::read
