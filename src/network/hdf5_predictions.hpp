/// \file hdf5_predictions.hpp
/// Predictions as HDF5.
#pragma once

#include <string>
#include <vector>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// What a network makes of samples, row-major with a name a column, and the classes that follow where there are any.
struct Predictions {
  const std::vector<double>& outputs;       ///< n × columns
  std::vector<std::string> columns;         ///< their names
  std::vector<std::string> classes = {};    ///< of labels that are text
  std::vector<double> labels = {};          ///< of labels that are numbers, a value a class
  std::vector<std::size_t> predicted = {};  ///< n positions in either; none without classes
};

/// \throws NotCompiled where a name asks for HDF5 (`out.h5`, `out.h5:/group/name`) and this build lacks it, UsageError for a dataset without a name
void check_hdf5_output(const std::string& path);

/// A new file with the outputs as n × columns doubles at the place that `path` names, else at /predictions, whose attribute `columns` has the names;
/// beside it, called `predicted`, n classes: doubles, or UTF-8 text. A file of that name is replaced when all of it is written.
/// \throws EnvironmentError when it cannot be written
void write_hdf5(const std::string& path, const Predictions& predictions);

}  // namespace neuspec
