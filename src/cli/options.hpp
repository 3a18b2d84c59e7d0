/// \file options.hpp
/// Options that several subcommands share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "neuspec/fit.hpp"
#include "neuspec/preprocessing.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace neuspec::cli {

/// The training data and what to make of them.
struct DataOptions {
  std::string path, targets, labels, window, class_weights, features, header = "auto";
  std::string rank_order = "any";  ///< RankOrder
  bool one_vs_rest = false, standardize = false;
};
void add_data_options(CLI::App& command, DataOptions& options);
/// --rank-order, of commands whose samples ranks share out.
void add_rank_order(CLI::App& command, DataOptions& options);

/// Where samples for a saved network come from. Without `targets` they are found as in training: by name where both files have a header, else by
/// position.
struct SampleFile {
  std::string path;
  std::string labels;           ///< file of the targets, or empty
  std::string header = "auto";  ///< auto, yes or no
  std::string targets;          ///< comma list of names or positions, or empty
  double memory = 0;            ///< as in ReadOptions
};
/// DATA, --target and --header; `target_help` says what the targets are for.
void add_sample_options(CLI::App& command, SampleFile& file, const std::string& data_help, const std::string& target_help);

/// \throws UsageError for anything but auto, yes and no
Header parse_header(const std::string& text);

/// What of the data to take as targets, and how to prepare the features. \throws UsageError
ReadOptions read_options(const DataOptions& options);
PreprocessingOptions preprocessing_options(const DataOptions& options);

/// Activation, loss, architecture and intercept; β comes from options of its own.
struct ProblemOptions {
  std::string activation = "relu", loss = "squared", architecture = "dense";
  bool bias = false;
};
void add_problem_options(CLI::App& command, ProblemOptions& options);
Problem problem_of(const ProblemOptions& options);  ///< \throws UsageError

/// One option for every row of the table of settings.
void add_settings_options(CLI::App& command, Settings& settings);

/// The row of that name as an option of its own.
void add_settings_option(CLI::App& command, Settings& settings, std::string_view name);

/// A file to write; "-" is standard output.
CLI::Option* add_output_option(CLI::App& command, const std::string& names, std::string& path, const std::string& help);

/// The items of a comma list. \throws UsageError for an empty item.
std::vector<std::string> split_list(const std::string& option, const std::string& text);

/// \throws UsageError naming the option unless the whole of `text` is a finite number above 0.
double positive_number(const std::string& option, const std::string& text);

}  // namespace neuspec::cli
