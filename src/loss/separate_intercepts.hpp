// The intercepts of outputs that have nothing in common.
#pragma once

#include "loss/intercept.hpp"

namespace neuspec {

/// argmin over b of Σ_i w_i ℓ(f_i + b, y_i) of every output, for a loss that does not couple them; v ← w times a subgradient of ℓ there, such that Σ
/// v is 0 to rounding. The samples may be one rank's part: the outputs are searched side by side, so that a step of all of them costs one short sum
/// over the ranks, from which every rank decides alike.
std::vector<double> separate_intercepts(const Loss& loss, Grid<const double> f, Grid<const double> y, std::span<const double> weights, Grid<double> v,
                                        const Ranks* ranks);

}  // namespace neuspec
