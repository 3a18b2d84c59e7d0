#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/training.hpp"
#include "neuspec/moments.hpp"
#include "neuspec/network.hpp"
#include "text/number.hpp"

namespace neuspec::cli {
namespace {

constexpr const char* example =
    "Example: what a saved network is, what it was trained on and how good its file claims that it is:\n"
    "  neuspec info net.json";

struct InfoOptions {
  std::string model;
  bool json = false;
};

std::vector<Index> neurons_per_output(const Network& network) {
  std::vector<Index> counts(static_cast<std::size_t>(network.outputs), 0);
  for (const Index output : network.output) {
    ++counts[static_cast<std::size_t>(output)];
  }
  return counts;
}

Json info_json(const Model& model) {
  const Preprocessing& p = model.preprocessing;
  return {{"provenance", model.provenance},
          {"claimed", {{"status", model.status}, {"primal", model.primal}, {"dual", model.dual}, {"relative_gap", model.relative_gap}}},
          {"loss", model.problem.loss.name()},
          {"activation", model.problem.activation.name()},
          {"architecture", model.problem.architecture.name()},
          {"beta", model.problem.beta},
          {"hidden_layers", model.hidden.size()},
          {"features", model.network.features},
          {"outputs", model.network.outputs},
          {"neurons", model.network.neurons()},
          {"neurons_per_output", neurons_per_output(model.network)},
          {"penalty", model.network.penalty()},
          {"bias", model.network.bias},
          {"image", {p.image_height, p.image_width}},
          {"window", {p.window_height, p.window_width}},
          {"standardized", !p.mean.empty()},
          {"classes", p.class_names.empty() ? Json(p.classes) : Json(p.class_names)},
          {"target_names", p.target_names}};
}

/// Items side by side, no more than a line holds.
template <class Items, class Text>
std::string listed(const Items& items, Text text) {
  constexpr std::size_t most = 20;
  std::string list;
  for (std::size_t i = 0; i < items.size() && i < most; ++i) {
    list.append(i == 0 ? "" : ", ").append(text(items[i]));
  }
  return list + (items.size() > most ? ", ..." : "");
}

std::string preprocessing_text(const Preprocessing& p) {
  std::vector<std::string> steps;
  if (p.window_height > 0) {
    steps.push_back(std::to_string(p.image_height) + "x" + std::to_string(p.image_width) + " images averaged over " +
                    std::to_string(p.window_height) + "x" + std::to_string(p.window_width) + " windows");
  }
  if (!p.mean.empty()) {
    steps.emplace_back("features standardised");
  }
  if (!p.classes.empty()) {
    steps.push_back("one target per class of " + (p.class_names.empty() ? listed(p.classes, format_number<double>)
                                                                        : listed(p.class_names, [](const std::string& name) { return name; })));
  }
  return steps.empty() ? "none" : listed(steps, [](const std::string& step) { return step; });
}

std::string info_text(const Model& model) {
  const Network& network = model.network;
  const auto number = [](Index count) { return std::to_string(count); };
  const std::string split = network.outputs > 1 ? " (per output: " + listed(neurons_per_output(network), number) + ")" : "";
  const std::string below = model.hidden.empty() ? "" : "the last of " + std::to_string(model.hidden.size() + 1) + " layers, ";
  return "network        " + below + number(network.features) + " features, " + number(network.neurons()) + " neurons" + split + ", " +
         number(network.outputs) + (network.outputs == 1 ? " output" : " outputs") + "\nproblem        " + model.problem.loss.name() + " loss, " +
         model.problem.architecture.name() + ", activation " + model.problem.activation.name() + ", beta " + format_number(model.problem.beta) +
         (network.bias.empty() ? "" : "\nintercept      " + listed(network.bias, [](double b) { return rounded(b, 6); })) + "\npreprocessing  " +
         preprocessing_text(model.preprocessing) + "\ntargets        " +
         listed(model.preprocessing.target_names, [](const std::string& target) { return target; }) + "\nprovenance     " + model.provenance +
         "\nthe file claims (neuspec certify proves)\n  status       " + model.status + "\n  primal       " + upper_bound_text(model.primal, 12) +
         "\n  dual         " + lower_bound_text(model.dual, 12) + "\n  relative gap " + upper_bound_text(model.relative_gap, 3) + '\n';
}

int describe_moments(const InfoOptions& options) {
  const Moments moments = Moments::load(options.model);
  const Preprocessing& p = moments.preprocessing();
  if (options.json) {
    std::cout << json_text({{"provenance", moments.provenance()},
                            {"samples", moments.samples()},
                            {"features", moments.features()},
                            {"outputs", moments.targets()},
                            {"rounding", moments.sums().rounding},
                            {"classes", p.class_names.empty() ? Json(p.classes) : Json(p.class_names)},
                            {"feature_names", p.feature_names},
                            {"target_names", p.target_names}});
  } else {
    const auto name = [](const std::string& text) { return text; };
    std::cout << "moments        " << shape_text(moments) << "\nfeatures       " << listed(p.feature_names, name) << "\npreprocessing  "
              << preprocessing_text(p) << "\ntargets        " << listed(p.target_names, name) << "\nprovenance     " << moments.provenance() << '\n';
  }
  return exit_optimal;
}

int run_info(const InfoOptions& options) {
  if (Moments::is_file(options.model)) {
    return describe_moments(options);
  }
  const Model model = Model::load(options.model);
  std::cout << (options.json ? json_text(info_json(model)) : info_text(model));
  return exit_optimal;
}

}  // namespace

void add_info(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("info", "Describe a saved network or moments");
  const auto options = std::make_shared<InfoOptions>();
  command.add_option("MODEL", options->model, "network as written by --model, or moments")->required()->type_name(" ");
  command.add_flag("--json", options->json, "print JSON");
  command.footer(example);
  command.callback([options, &action] { action = [options] { return run_info(*options); }; });
}

}  // namespace neuspec::cli
