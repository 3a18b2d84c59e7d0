// Which encoding of its targets a loss wants.
#pragma once

#include "neuspec/preprocessing.hpp"
#include "neuspec/problem.hpp"

namespace neuspec {

/// Labels as the loss wants them: hinge and logistic losses −1 and +1, softmax one-hot; or one ±1 target a class where these are asked for. Several
/// columns of targets stay as they are. \throws UsageError
Encoding encoding_of(const Loss& loss, Index targets, bool one_vs_rest);

}  // namespace neuspec
