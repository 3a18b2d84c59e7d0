// Moments behind a network's preprocessing.
#pragma once

#include "neuspec/moments.hpp"

namespace neuspec {

/// The moments as a network that was trained behind `preprocessing` sees them. \throws DataError when they are of other columns
Moments seen_by(Moments data, const Preprocessing& preprocessing);

}  // namespace neuspec
