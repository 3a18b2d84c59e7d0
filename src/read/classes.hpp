// Class labels as targets and weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "distribute/ranks.hpp"
#include "neuspec/preprocessing.hpp"

namespace neuspec::read {

/// Gives the map the sorted distinct labels of a table's only target, on ranks those of all their tables. \throws DataError for fewer than two or
/// very many
void learn_classes(const Table& table, Preprocessing& map, const Ranks* ranks);

/// \throws DataError when the table's targets are not of the number or kind that the map expects
void check_table_targets(const Preprocessing& map, const Table& table);

/// Position of each sample's label among the classes of `map`. \throws DataError for a label that is none of them
std::vector<std::uint32_t> class_positions(const Table& table, const Preprocessing& map);

/// How many targets a label becomes.
Index encoded_targets(const Preprocessing& map);

/// Targets of so many samples of these classes, row-major.
void encode(const std::uint32_t* positions, Index samples, const Preprocessing& map, double* y);

/// One weight a class, as the options ask. \throws DataError when they give another number of weights
std::vector<double> learn_class_weights(const Table& table, const Preprocessing& map, const PreprocessingOptions& options, const Ranks* ranks);

/// The labels of all classes, not more than a line holds.
std::string listed_classes(const Preprocessing& map);

}  // namespace neuspec::read
