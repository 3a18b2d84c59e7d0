// Class labels as targets and weights.
#pragma once

#include <string>
#include <vector>

#include "neuspec/preprocessing.hpp"

namespace neuspec::read {

/// The sorted distinct labels of a table's only target. \throws DataError for fewer than two or very many
std::vector<double> learn_classes(const Table& table);

/// Position of each sample's label among the classes of `map`. \throws DataError for a label that is none of them
std::vector<std::size_t> class_positions(const Table& table, const Preprocessing& map);

/// Targets of the samples, row-major.
std::vector<double> encoded(const std::vector<std::size_t>& positions, std::size_t classes, Encoding encoding);

/// One weight a class, as the options ask. \throws DataError when they give another number of weights
std::vector<double> learn_class_weights(const Table& table, const Preprocessing& map, const PreprocessingOptions& options);

/// The labels of all classes, not more than a line holds.
std::string listed_classes(const Preprocessing& map);

}  // namespace neuspec::read
