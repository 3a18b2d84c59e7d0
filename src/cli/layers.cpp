#include "cli/layers.hpp"

#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/path_table.hpp"

namespace neuspec::cli {
namespace {

HiddenLayer hidden_of(const TrainedLayer& layer, const Dataset& data) {
  HiddenLayer hidden = hidden_layer(layer.result.network, layer.problem, data.x());
  hidden.primal = layer.result.report.primal;
  hidden.dual = layer.result.report.dual;
  hidden.relative_gap = layer.result.report.relative_gap;
  hidden.status = name(layer.result.report.status);
  return hidden;
}

}  // namespace

LayeredNetwork train_layers(const Dataset& data, const Problem& problem, Index count, const std::optional<Dataset>& validation,
                            const std::function<double(const Problem&, const Dataset&)>& beta_of, const Settings& settings,
                            const Observer& observer) {
  LayeredNetwork trained;
  std::vector<HiddenLayer> below;
  Dataset seen = data;
  std::optional<Dataset> seen_validation = validation;
  for (Index depth = 0; depth < count; ++depth) {
    TrainedLayer layer{problem, {}, {}};
    if (depth > 0) {
      layer.problem.architecture = {};
    }
    layer.problem.beta = beta_of(layer.problem, seen);
    layer.result = fit(seen, layer.problem, settings, observer);
    if (seen_validation) {
      layer.validation = evaluate(layer.result.network, layer.problem.loss, *seen_validation);
    }
    trained.layers.push_back(std::move(layer));
    const TrainedLayer& added = trained.layers.back();
    if (depth == 0 || !validation || is_better(*added.validation, *trained.kept().validation)) {
      trained.last = trained.layers.size() - 1;
      trained.hidden = below;
    }
    if (depth + 1 == count || added.result.network.neurons() == 0 || interrupted()) {
      break;
    }
    below.push_back(hidden_of(added, seen));
    seen = through({below.back()}, seen);
    if (seen_validation) {
      seen_validation = through({below.back()}, *seen_validation);
    }
  }
  return trained;
}

Json layers_json(const LayeredNetwork& network) {
  Json list = Json::array();
  for (const TrainedLayer& layer : network.layers) {
    const Report& report = layer.result.report;
    list.push_back({{"status", name(report.status)},
                    {"primal", report.primal},
                    {"dual", report.dual},
                    {"relative_gap", report.relative_gap},
                    {"beta", report.beta},
                    {"features", report.features},
                    {"neurons", report.neurons},
                    {"validation", layer.validation ? scores_json(*layer.validation) : Json(nullptr)}});
  }
  return list;
}

std::string layers_text(const LayeredNetwork& network) {
  std::string text;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const TrainedLayer& layer = network.layers[i];
    const Report& report = layer.result.report;
    text += "  layer " + std::to_string(i + 1) + "  " + name(report.status) + ", gap " + upper_bound_text(report.relative_gap, 2) + ", " +
            std::to_string(report.features) + " features, " + std::to_string(report.neurons) + " neurons";
    text += (layer.validation ? "; validation " + scores_text(*layer.validation) : "") + (i == network.last ? "  <- kept as the last" : "") + '\n';
  }
  return text;
}

}  // namespace neuspec::cli
