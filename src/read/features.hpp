/// \file features.hpp
/// From the numbers of a table to the features that a network sees.
#pragma once

#include "distribute/ranks.hpp"
#include "neuspec/preprocessing.hpp"

namespace neuspec::read {

/// How many there are after the block means.
Index prepared_features(const Preprocessing& map);

/// \throws DataError when the table's samples are not of the shape that the map expects
void check_features(const Preprocessing& map, const Table& table);

/// Block means and, where the map has any, standardisation of samples first … first + count − 1: count × d, row-major. From any number of threads at
/// once. \throws DataError naming file and sample when a value is too large to be standardised
void prepare(const Preprocessing& map, const Table& table, Index first, Index count, double* z);

/// The same for as many as there are, by several threads. A sample's features do not depend on who prepares them.
void prepare_all(const Preprocessing& map, const Table& table, Index first, Index count, double* z);

/// Learns mean and scale of every feature, in one pass over the table unless its features were seen when they were read; on ranks those of all their
/// samples.
/// \throws DataError as `prepare`
void learn_scaling(const Table& table, Preprocessing& map, const Ranks* ranks);

}  // namespace neuspec::read
