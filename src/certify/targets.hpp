// Labels that a loss can work with.
#pragma once

#include "neuspec/problem.hpp"

namespace neuspec {

/// Logistic and hinge losses mean nothing for labels that are not ±1, softmax for rows that are not one-hot. \throws DataError naming the sample,
/// counted after `before` others
void check_targets(const Loss& loss, const Source& data, Index before = 0);

}  // namespace neuspec
