// What `fit` needs of moments where of samples it has functions of the same names (certify/in_row_space.hpp, certify/bias.hpp).
#pragma once

#include "lift/row_space.hpp"
#include "neuspec/moments.hpp"

namespace neuspec {

/// \throws UsageError for what moments do not hold
void check_problem_of_moments(const Problem& problem);

/// The network's best intercept.
void set_best_bias(Network& network, const Problem& problem, const Moments& data);

}  // namespace neuspec
