// What a certificate refuses before it proves anything.
#pragma once

#include "neuspec/network.hpp"

namespace neuspec {

/// \throws UsageError
void check_activation(const Activation& activation);
/// The activation and β. \throws UsageError
void check_problem(const Problem& problem);
/// A network that is no point of (P) on these data. \throws DataError
void check_network(const Network& network, const Problem& problem, const Source& data);
void check_network(const Network& network, const Problem& problem, Index features, Index targets);
/// Features, targets and weights of a chunk with C targets. \throws DataError naming the sample
void check_chunk(const Chunk& chunk, Index d, Index C);

}  // namespace neuspec
