/// \file output.hpp
/// What the program writes.
#pragma once

#include <string>
#include <vector>

#include "neuspec/fit.hpp"

namespace neuspec::cli {

/// Checks before any work that what is to be written in the end can be: the places exist and are writable, no two outputs share one and
/// none is an input; then sweeps up what killed programs have left beside them. Empty names are skipped. \throws UsageError, EnvironmentError
void check_outputs(const std::vector<std::string>& outputs, const std::vector<std::string>& inputs);

/// Writes text to a file that appears whole or not at all. \throws EnvironmentError
void write_text(const std::string& path, const std::string& text);

/// `value` with so many significant digits, for reading.
std::string rounded(double value, int digits);

/// The same for what is proven: the text is no higher than the lower bound, no lower than the upper bound.
std::string lower_bound_text(double value, int digits);
std::string upper_bound_text(double value, int digits);

/// A field of CSV, quoted where it must be.
std::string csv_field(const std::string& text);

/// Seconds, iterations, primal, dual, relative gap and neurons of every test of convergence, as CSV; empty what is not known yet.
std::string convergence_csv(const std::vector<Progress>& history);

}  // namespace neuspec::cli
