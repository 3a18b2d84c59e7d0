#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/data.hpp"
#include "cli/evaluate.hpp"
#include "cli/failure.hpp"
#include "cli/output.hpp"
#include "network/hdf5_predictions.hpp"
#include "network/replace_file.hpp"
#include "neuspec/network.hpp"
#include "read/hdf5_name.hpp"
#include "text/number.hpp"
#include "threads/parallel.hpp"

namespace neuspec::cli {
namespace {

constexpr const char* example =
    "Example: outputs of a network for new samples, as CSV:\n"
    "  neuspec predict net.json new.csv -o predictions.csv\n"
    "Columns are found by name, in any order, where the file and the training data have a header, else by position. Target columns\n"
    "may be in the file or not. Networks trained on class labels also give the predicted class.\n"
    "HDF5: outputs are doubles, samples x outputs, in /predictions or the DATASET named, their names in its attribute 'columns'; the\n"
    "predicted classes, numbers or text, are in dataset 'predicted' beside it. The file is written anew, whatever it held.";

struct PredictOptions {
  std::string model, output;
  SampleFile data;
  Settings settings;  // its number of threads
};

/// Of the outputs.
std::vector<std::string> column_names(const Model& model) {
  const Preprocessing& preprocessing = model.preprocessing;
  const std::vector<std::string>& names = preprocessing.target_names;
  const std::string first = names.empty() ? "y0" : names.front();
  std::vector<std::string> columns;
  for (Index k = 0; k < model.network.outputs; ++k) {
    const auto i = static_cast<std::size_t>(k);
    if (preprocessing.encoding == Encoding::binary) {
      columns.push_back(first);
    } else if (!preprocessing.classes.empty()) {
      columns.push_back(first + "=" + preprocessing.class_label(i));
    } else {
      columns.push_back(i < names.size() ? names[i] : "y" + std::to_string(k));
    }
  }
  return columns;
}

std::string header_of(const Model& model) {
  const std::vector<std::string> columns = column_names(model);
  std::string header = csv_field(columns.front());
  for (std::size_t k = 1; k < columns.size(); ++k) header += ',' + csv_field(columns[k]);
  return header + (model.preprocessing.classes.empty() ? "" : ",predicted");
}

/// Position of the predicted class: by the sign of one output, by the largest of several.
std::size_t predicted_class(const double* row, Index outputs) {
  return static_cast<std::size_t>(outputs == 1 ? (*row >= 0 ? 1 : 0) : std::max_element(row, row + outputs) - row);
}

void write_predictions(std::ostream& stream, const Model& model, const std::vector<double>& f) {
  const Index outputs = model.network.outputs;
  const bool classes = !model.preprocessing.classes.empty();
  stream << header_of(model) << '\n';
  std::string text;
  for (const double* row = f.data(); row != f.data() + f.size(); row += outputs) {
    text.clear();
    for (Index k = 0; k < outputs; ++k) {
      text.append(k > 0 ? "," : "").append(format_number(row[k]));
    }
    if (classes) {
      text += ',' + csv_field(model.preprocessing.class_label(predicted_class(row, outputs)));
    }
    stream << text << '\n';
  }
}

void save_predictions(const std::string& path, const Model& model, const std::vector<double>& f) {
  if (!read::is_hdf5_name(path)) {
    replace_file(path, [&](std::ostream& file) { write_predictions(file, model, f); });
    return;
  }
  const Index outputs = model.network.outputs;
  const Preprocessing& preprocessing = model.preprocessing;
  Predictions predictions{f, column_names(model), preprocessing.class_names, preprocessing.classes};
  for (const double* row = f.data(); !preprocessing.classes.empty() && row != f.data() + f.size(); row += outputs) {
    predictions.predicted.push_back(predicted_class(row, outputs));
  }
  write_hdf5(path, predictions);
}

int run_predict(const PredictOptions& options) {
  const ThreadScope threads(options.settings.threads);
  check_hdf5_output(options.output);
  check_outputs({read::hdf5_name(options.output).file}, {options.model, options.data.path});
  const Model model = Model::load(options.model);
  const std::shared_ptr<const Source> samples = read_features(options.data, model.preprocessing);
  const std::vector<double> f = in_file(options.data.path, [&] { return outputs_of(model.network, *through(model.hidden, samples)); });
  if (options.output.empty()) {
    write_predictions(std::cout, model, f);
  } else {
    save_predictions(options.output, model, f);
  }
  return exit_optimal;
}

}  // namespace

void add_predict(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("predict", "Apply a saved network to samples");
  const auto options = std::make_shared<PredictOptions>();
  command.add_option("MODEL", options->model, "network as written by --model")->required()->type_name(" ");
  add_sample_options(command, options->data, "samples to apply it to", "columns that are no features");
  add_output_option(command, "-o,--output", options->output, "CSV to write; or HDF5: FILE.h5, or FILE.h5:/DATASET [standard output]");
  add_settings_option(command, options->settings, "threads");
  command.footer(example);
  command.callback([options, &action] { action = [options] { return run_predict(*options); }; });
}

}  // namespace neuspec::cli
