// The intercept of a network on its training data (Problem::bias).
#pragma once

#include "neuspec/network.hpp"

namespace neuspec {

/// Gives the network the intercept that is best beside its neurons and returns a v to prove it with (row-major n × C): w ∇ℓ(f), at kinks the
/// subgradient that sums to zero in every output. For ±1 labels best means for the worst f that rounding allows, whose loss `certify` reports: at a
/// kink the intercept comes to lie on the flat side of it.
std::vector<double> set_best_bias(Network& network, const Problem& problem, const Source& data);

}  // namespace neuspec
