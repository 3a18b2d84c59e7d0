#include "neuspec/explain.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>
#include <memory>
#include <ostream>
#include <tuple>
#include <utility>

#include "cli/command.hpp"
#include "cli/data.hpp"
#include "cli/failure.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "network/replace_file.hpp"
#include "neuspec/error.hpp"
#include "neuspec/version.hpp"
#include "read/held.hpp"
#include "text/number.hpp"
#include "threads/parallel.hpp"

namespace neuspec::cli {
namespace {

constexpr const char* example =
    "Example: how far each sample is from another prediction, and what proves that nothing nearer changes it:\n"
    "  neuspec explain net.json test.csv -o explain.csv\n"
    "The network is exactly f(x) = x'Qx + q'x + s, so the smallest change of a sample that changes the sign of f (several outputs:\n"
    "which of them is largest) is found, not estimated: 'distance' is the length of a change that does it, and no change shorter than\n"
    "'lower_bound' can; the two differ by rounding, which both account for. 'inf' means that no change of any length does, an empty\n"
    "distance that none is known. Lengths are in the features that the network sees: standardised ones if it was trained with\n"
    "--standardize. Samples count from 1. Target columns may be in the file or not.";

struct ExplainOptions {
  std::string model, output, form;
  SampleFile data;
  Settings settings;  // its number of threads
};

/// What the predictions are called: class labels, targets, or signs of the only output. Two classes have one output: its sign, −1 or 1, is
/// `prediction`.
std::string prediction_text(const Model& model, Index prediction) {
  const auto k = static_cast<std::size_t>(prediction);
  const Preprocessing& preprocessing = model.preprocessing;
  if (preprocessing.encoding == Encoding::binary) {
    return preprocessing.class_label(prediction > 0 ? 1 : 0);
  }
  if (model.network.outputs == 1) {
    return format_number(prediction);
  }
  if (!preprocessing.classes.empty()) {
    return preprocessing.class_label(k);
  }
  return k < preprocessing.target_names.size() ? preprocessing.target_names[k] : "y" + format_number(prediction);
}

/// No change is known, but neither that there is none.
bool is_unknown(const Flip& flip) { return std::isinf(flip.distance) && std::isfinite(flip.lower_bound); }

void write_flips(std::ostream& stream, const Model& model, const std::vector<Flip>& flips) {
  const bool several = model.network.outputs > 1;
  stream << "sample,prediction,distance,lower_bound" << (several ? ",competitor" : "") << '\n';
  Index sample = 0;
  for (const Flip& flip : flips) {
    std::string text = format_number(++sample) + ',' + csv_field(prediction_text(model, flip.prediction)) + ',' +
                       (is_unknown(flip) ? "" : format_number(flip.distance)) + ',' + format_number(flip.lower_bound);
    if (several) {
      text.append(",").append(flip.competitor == flip.prediction ? "" : csv_field(prediction_text(model, flip.competitor)));
    }
    stream << text << '\n';
  }
}

std::string output_name(const Model& model, Index output) {
  const std::vector<std::string>& names = model.preprocessing.target_names;
  if (model.network.outputs > 1) {
    return prediction_text(model, output);
  }
  return names.empty() ? "y0" : names.front();
}

Json form_json(const Model& model, const std::vector<QuadraticOutput>& outputs, const std::vector<std::vector<double>>& spectra) {
  Json list = Json::array();
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const QuadraticOutput& output = outputs[k];
    const auto d = static_cast<Index>(output.q.size());
    Json rows = Json::array();
    for (auto row = output.Q.begin(); row != output.Q.end(); row += d) {
      rows.push_back(std::vector<double>(row, row + d));
    }
    list.push_back(
        {{"name", output_name(model, static_cast<Index>(k))}, {"eigenvalues", spectra[k]}, {"s", output.s}, {"q", output.q}, {"Q", std::move(rows)}});
  }
  return {{"version", NEUSPEC_VERSION},
          {"features", model.network.features},
          {"standardized", !model.preprocessing.mean.empty()},
          {"feature_names", model.preprocessing.feature_names},
          {"outputs", std::move(list)}};
}

/// "-1.2, -0.3, ..., 0.4, 2.5": the outermost values of an ascending list.
std::string outermost(const std::vector<double>& values) {
  constexpr std::size_t each_side = 3;
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i == each_side && values.size() > 2 * each_side) {
      text += ", ...";
      i = values.size() - each_side;
    }
    text.append(i == 0 ? "" : ", ").append(rounded(values[i], 4));
  }
  return text;
}

/// Quantiles of the distances, those that are not known behind those that are.
std::string quantiles_text(std::vector<Flip> flips) {
  std::sort(flips.begin(), flips.end(),
            [](const Flip& one, const Flip& other) { return std::tie(one.distance, one.lower_bound) < std::tie(other.distance, other.lower_bound); });
  std::string text;
  for (const auto& [name, share] :
       {std::pair("least", 0.0), {"5 %", 0.05}, {"25 %", 0.25}, {"median", 0.5}, {"75 %", 0.75}, {"95 %", 0.95}, {"largest", 1.0}}) {
    const Flip& flip = flips[static_cast<std::size_t>(std::llround(share * static_cast<double>(flips.size() - 1)))];
    text.append(text.empty() ? "" : ", ").append(name).append(" ").append(is_unknown(flip) ? "unknown" : upper_bound_text(flip.distance, 4));
  }
  return text;
}

/// The distances, and what stands behind them.
std::string distances_text(const std::vector<Flip>& flips) {
  double difference = 0, radius = std::numeric_limits<double>::infinity();
  for (const Flip& flip : flips) {
    if (is_unknown(flip)) {
      radius = std::min(radius, flip.lower_bound);
    } else if (std::isfinite(flip.distance) && flip.distance > 0) {
      difference = std::max(difference, 1 - flip.lower_bound / flip.distance);
    }
  }
  const auto count = [&](const auto& which) { return std::to_string(std::count_if(flips.begin(), flips.end(), which)); };
  const std::string unreachable = count([](const Flip& flip) { return std::isinf(flip.lower_bound); }), unknown = count(is_unknown);
  const std::string of_all = " of " + std::to_string(flips.size()) + " samples keep their prediction ";
  std::string text = "distances      " + quantiles_text(flips) + '\n';
  text += "proven         to a relative difference of " + upper_bound_text(difference, 2) + " at worst\n";
  if (unreachable != "0") text += "unreachable    " + unreachable + of_all + "everywhere\n";
  if (unknown != "0")
    text += "unknown        " + unknown + of_all + "within a radius of " + lower_bound_text(radius, 2) + " at least, beyond it is not known\n";
  return text;
}

std::string summary(const Model& model, const std::vector<std::vector<double>>& spectra, const std::vector<Flip>& flips) {
  constexpr std::size_t most = 20;
  const Index outputs = model.network.outputs;
  std::string text = "network        " + std::to_string(model.network.features) + (model.preprocessing.mean.empty() ? "" : " standardised") +
                     " features, " + std::to_string(outputs) + (outputs == 1 ? " output\n" : " outputs\n");
  for (std::size_t k = 0; k < spectra.size() && k < most; ++k) {
    text += "eigenvalues    " + output_name(model, static_cast<Index>(k)) + ": " + outermost(spectra[k]) + '\n';
  }
  if (spectra.size() > most) {
    text += "eigenvalues    ...\n";
  }
  return text + (flips.empty() ? "" : distances_text(flips));
}

int run_explain(const ExplainOptions& options) {
  const ThreadScope threads(options.settings.threads);
  check_outputs({options.output, options.form}, {options.model, options.data.path});
  const Model model = Model::load(options.model);
  if (!model.hidden.empty()) {
    throw UsageError(options.model + ": a network of several layers is no quadratic function of its samples, so that there is no exact distance");
  }
  const auto samples = read_features(options.data, model.preprocessing);
  const std::vector<std::vector<double>> eigenvalues = spectra(model.network);
  const std::vector<Flip> flips = in_file(options.data.path, [&] { return smallest_flips(model.network, *samples); });
  if (!options.output.empty()) {
    replace_file(options.output, [&](std::ostream& file) { write_flips(file, model, flips); });
  }
  if (!options.form.empty()) {
    write_text(options.form, json_text(form_json(model, quadratic_form(model.network), eigenvalues)));
  }
  std::cout << summary(model, eigenvalues, flips);
  return exit_optimal;
}

}  // namespace

void add_explain(CLI::App& program, Action& action) {
  CLI::App& command =
      *program.add_subcommand("explain", "Show a saved network as quadratic functions and how far samples are from another prediction");
  const auto options = std::make_shared<ExplainOptions>();
  command.add_option("MODEL", options->model, "network as written by --model")->required()->type_name(" ");
  add_sample_options(command, options->data, "samples to explain", "columns that are no features");
  add_output_option(command, "-o,--output", options->output,
                    "CSV to write: sample, prediction, distance, lower_bound and, of several outputs, the competitor");
  add_output_option(command, "--form", options->form, "JSON to write: Q, q, s and the eigenvalues of Q of every output");
  add_settings_option(command, options->settings, "threads");
  command.footer(example);
  command.callback([options, &action] { action = [options] { return run_explain(*options); }; });
}

}  // namespace neuspec::cli
