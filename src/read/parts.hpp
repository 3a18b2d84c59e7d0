/// \file parts.hpp
/// Many files as one: samples that come in parts.
#pragma once

#include <string>
#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec::read {

/// The files that a path stands for: those of a folder (but hidden ones), those that match a pattern of `*`, `?` and `[…]`, or those of a list with
/// commas, where no file has that very name. A list keeps its order, the others come by name. \throws DataError where there are none
std::vector<std::string> parts_of(const std::string& path);

/// \throws DataError naming the first part whose columns, or the shape of whose images, are not those of the first one
void check_parts(const std::vector<Table>& parts);

/// One table of the samples of several, in their order, called `path`. Features stay in the parts. \throws DataError as `check_parts`
Table joined(const std::string& path, std::vector<Table> parts);

/// The same of parts whose columns are known to be alike, named by the first.
Table stacked(const std::string& path, std::vector<Table> parts);

}  // namespace neuspec::read
