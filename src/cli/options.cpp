#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <optional>

#include "cli/interrupt.hpp"
#include "neuspec/error.hpp"
#include "text/number.hpp"

namespace neuspec::cli {

namespace {

CLI::Option* add_header_option(CLI::App& command, std::string& header) {
  return command.add_option("--header", header, "whether CSV files begin with the names of the columns: auto|yes|no [auto: refuses to guess]")
      ->type_name("WHICH");
}

}  // namespace

void add_data_options(CLI::App& command, DataOptions& options) {
  constexpr const char* group = "Data";
  command.add_option("DATA", options.path, "CSV, NPY, HDF5 (FILE.h5:/DATASET), LIBSVM or IDX file or pipe, each plain or .gz; or moments (.nsm)")
      ->required()
      ->type_name(" ");
  command.add_option("--target", options.targets, "target columns, by name or position from 0, comma-separated [the last column]")
      ->type_name("NAMES")
      ->group(group);
  command.add_option("--labels", options.labels, "file with the targets, one row a sample, where they are not in DATA")
      ->type_name("FILE")
      ->group(group);
  add_header_option(command, options.header)->group(group);
  command.add_flag("--one-vs-rest", options.one_vs_rest, "turn one column of class labels into a target of -1 or +1 for each class")->group(group);
  command
      .add_option("--class-weights", options.class_weights,
                  "weigh samples by class: 'balanced' or a number a class, comma-separated, by ascending label")
      ->type_name("WEIGHTS")
      ->group(group);
  command.add_option("--downsample", options.window, "average images over windows of that size, for example 4x4")->type_name("HxW")->group(group);
  command.add_option("--features", options.features, "of moments: the features to use, by name, comma-separated [all]")
      ->type_name("NAMES")
      ->group(group);
  command.add_flag("--standardize", options.standardize, "give features mean 0 and standard deviation 1; kept in the model")->group(group);
}

void add_rank_order(CLI::App& command, DataOptions& options) {
  command
      .add_option("--rank-order", options.rank_order,
                  "under mpirun, 'any': each rank adds up its samples; 'fixed': the first adds up all, for the same bits whatever their number [any]")
      ->check(CLI::IsMember({"any", "fixed"}))
      ->type_name("ORDER")
      ->group("Data");
}

ReadOptions read_options(const DataOptions& options) {
  ReadOptions read;
  if (!options.targets.empty()) {
    read.targets = split_list("--target", options.targets);
  }
  read.labels_file = options.labels;
  read.header = parse_header(options.header);
  read.deviations = options.standardize;
  return read;
}

void add_sample_options(CLI::App& command, SampleFile& file, const std::string& data_help, const std::string& target_help) {
  command.add_option("DATA", file.path, data_help)->required()->type_name(" ");
  command.add_option("--target", file.targets, target_help + ", by name or position from 0 [those of the training data]")->type_name("NAMES");
  add_header_option(command, file.header);
}

Header parse_header(const std::string& text) {
  if (text == "auto") {
    return Header::automatic;
  }
  if (text != "yes" && text != "no") {
    throw UsageError("--header '" + text + "': give auto, yes or no");
  }
  return text == "yes" ? Header::present : Header::absent;
}

PreprocessingOptions preprocessing_options(const DataOptions& options) {
  PreprocessingOptions preprocessing;
  preprocessing.standardize = options.standardize;
  preprocessing.balance_classes = options.class_weights == "balanced";
  if (!options.class_weights.empty() && !preprocessing.balance_classes) {
    for (const std::string& item : split_list("--class-weights", options.class_weights)) {
      preprocessing.class_weights.push_back(positive_number("--class-weights", item));
    }
  }
  if (options.window.empty()) {
    return preprocessing;
  }
  const std::string_view text = options.window;
  const std::size_t cross = text.find('x');
  const auto height = parse_number<Index>(text.substr(0, cross));
  const auto width = cross == std::string_view::npos ? std::nullopt : parse_number<Index>(text.substr(cross + 1));
  if (!height || !width || *height < 1 || *width < 1) {
    throw UsageError("--downsample '" + options.window + "': give two integers from 1, for example 4x4");
  }
  preprocessing.window_height = *height;
  preprocessing.window_width = *width;
  return preprocessing;
}

void add_problem_options(CLI::App& command, ProblemOptions& options) {
  constexpr const char* group = "Problem";
  command
      .add_option("--loss", options.loss,
                  "squared|absolute|huber[:DELTA] for numbers; logistic|squared_hinge|hinge for two classes, or with --one-vs-rest;\n"
                  "softmax for one column of class labels or one-hot columns. Summed over samples [squared]")
      ->type_name("NAME")
      ->group(group);
  command
      .add_option(
          "--arch", options.architecture,
          "dense | conv1d:length=12,channels=1,filter=4,stride=2,pool=5 | conv2d:height=6,width=6,channels=1,filter=3x3,stride=1x1,pool=2x2;\n"
          "channels, stride and pool may be left out (1), padding=1 pads with zeros, pool=global averages over all patches [dense]")
      ->type_name("NAME")
      ->group(group);
  command
      .add_option("--activation", options.activation,
                  "relu|quadratic|linear or a,b,c for a t^2 + b t + c; relu is the parabola closest to it on [-5, 5] [relu]")
      ->type_name("NAME")
      ->group(group);
  command.add_flag("--bias", options.bias, "an intercept an output that is not penalised")->group(group);
}

Problem problem_of(const ProblemOptions& options) {
  Problem problem;
  problem.activation = Activation::parse(options.activation);
  problem.loss = Loss::parse(options.loss);
  problem.architecture = Architecture::parse(options.architecture);
  problem.bias = options.bias;
  return problem;
}

void add_settings_option(CLI::App& command, Settings& settings, std::string_view name) {
  for (const SettingInfo& setting : settings_table()) {
    if (setting.name != name) {
      continue;
    }
    const auto set = [&settings, &setting](const std::string& value) { setting.set(settings, value); };
    std::string help = setting.meaning;
    help.append(": ").append(setting.values).append(" [").append(setting.get(settings)).append("]");
    command.add_option_function<std::string>("--" + std::string(name), set, help)->type_name("VALUE")->group("Solver");
  }
}

void add_settings_options(CLI::App& command, Settings& settings) {
  settings.stop_requested = interrupted;
  for (const SettingInfo& setting : settings_table()) {
    add_settings_option(command, settings, setting.name);
  }
}

CLI::Option* add_output_option(CLI::App& command, const std::string& names, std::string& path, const std::string& help) {
  const auto set = [&path](const std::string& value) { path = value == "-" ? "/dev/stdout" : value; };
  return command.add_option_function<std::string>(names, set, help)->type_name("FILE");
}

std::vector<std::string> split_list(const std::string& option, const std::string& text) {
  std::vector<std::string> items;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    items.push_back(text.substr(begin, end - begin));
    if (items.back().empty()) {
      throw UsageError(std::string(option).append(" '").append(text).append("': an item of the list is empty"));
    }
    begin = end + 1;
  }
  return items;
}

double positive_number(const std::string& option, const std::string& text) {
  const auto value = parse_number<double>(text);
  if (!value || !std::isfinite(*value) || *value <= 0) {
    throw UsageError(option + " '" + text + "': give a finite number above 0");
  }
  return *value;
}

}  // namespace neuspec::cli
