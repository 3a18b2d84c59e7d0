/// \file held.hpp
/// Sources that cost something at every visit, held in memory where they are small.
#pragma once

#include <memory>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// Samples that whoever goes through a source on the host asks for at a time.
inline constexpr Index visited_samples = 8192;

/// Whether features take no more than 64 MiB.
bool is_small(Index samples, Index features);

/// All of a source in memory. \throws DataError when it hands out a value that is not finite
Dataset held(const Source& source);

/// That, where it is small and there are targets; else the source itself.
std::shared_ptr<const Source> held_if_small(std::shared_ptr<const Source> source);

}  // namespace neuspec
