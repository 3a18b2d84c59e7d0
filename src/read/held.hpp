/// \file held.hpp
/// Sources that cost something at every visit, held in memory where they are small.
#pragma once

#include <memory>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// All of a source in memory. \throws DataError when it hands out a value that is not finite
Dataset held(const Source& source);

/// That, where features take up to 64 MiB and there are targets; else the source itself.
std::shared_ptr<const Source> held_if_small(std::shared_ptr<const Source> source);

}  // namespace neuspec
