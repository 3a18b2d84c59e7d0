// `choose` for samples that ranks share out.
#pragma once

#include <optional>

#include "solve/choose.hpp"

namespace neuspec {

/// The solver and the form of this rank's samples where sums over the ranks are all that a solve needs: moments of squared loss, or descent of a
/// smooth loss. Nothing where all samples have to come together. Collective; `memory` may differ.
std::optional<Choice> choose_for_ranks(const Problem& problem, const Source& data, const Settings& settings, double memory);

}  // namespace neuspec
