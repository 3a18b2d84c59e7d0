// Which problems of samples that ranks share out are made of sums over each one's own.
#pragma once

#include "neuspec/problem.hpp"

namespace neuspec {

/// Whether sums over samples are all that a proof needs of them; others take all samples together (distribute/gathered_source.hpp). Collective.
bool proven_by_sums(const Problem& problem, const Source& data);

}  // namespace neuspec
