#include "cli/layers.hpp"

#include <utility>

#include "cli/failure.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/path_table.hpp"
#include "distribute/share.hpp"

namespace neuspec::cli {
namespace {

HiddenLayer hidden_of(const TrainedLayer& layer, const Source& data) {
  HiddenLayer hidden = hidden_layer(layer.result.network, layer.problem, data);
  hidden.primal = layer.result.report.primal;
  hidden.dual = layer.result.report.dual;
  hidden.relative_gap = layer.result.report.relative_gap;
  hidden.status = name(layer.result.report.status);
  return hidden;
}

/// The training in progress: what the next layer sees, and what there is.
struct Tower {
  std::shared_ptr<const Source> data, validation;
  std::vector<HiddenLayer> below = {};
  LayeredNetwork trained = {};
};

/// Keeps the layer that was trained last if it is the better end of the network; of ranks the first alone has anything to do here.
void judge(Tower& tower, const LayerHooks& hooks) {
  LayeredNetwork& trained = tower.trained;
  const bool first = trained.layers.size() == 1;
  if (first) {
    hooks.keep(trained);  // whatever the validation data do
  }
  TrainedLayer& added = trained.layers.back();
  if (tower.validation) {
    added.validation = in_file(hooks.validation_path, [&] {
      if (!first) tower.validation = through({tower.below.back()}, tower.validation);
      return evaluate(added.result.network, added.problem.loss, *tower.validation);
    });
  }
  if (!first && (!tower.validation || is_better(*added.validation, *trained.kept().validation))) {
    trained.last = trained.layers.size() - 1;
    trained.hidden = tower.below;
    hooks.keep(trained);
  }
}

/// Lets the samples through the layer that was trained last.
void go_up(Tower& tower, const LayerHooks& hooks) {
  tower.data = in_file(hooks.path, [&] {
    tower.below.push_back(hidden_of(tower.trained.layers.back(), *tower.data));
    return through({tower.below.back()}, tower.data);
  });
}

void train_next(Tower& tower, const Problem& problem, const LayerHooks& hooks, Settings settings) {
  LayeredNetwork& trained = tower.trained;
  const bool first = trained.layers.empty();
  TrainedLayer layer{problem, {}, {}};
  if (!first) {
    layer.problem.architecture = {};
  }
  layer.problem.beta = in_file(hooks.path, [&] { return hooks.beta_of(layer.problem, *tower.data); });
  if (first) {
    settings.candidate = [&](const Result& result) { hooks.candidate(result, layer.problem); };
  }
  layer.result = in_file(hooks.path, [&] { return fit(*tower.data, layer.problem, settings, hooks.observer); });
  in_file(hooks.path, [&] { require_finite(layer.result.report); });
  // The model file has the dual vector of all samples.
  if (const Ranks* ranks = tower.data->ranks()) layer.result.report.dual_vector = gather(*ranks, std::move(layer.result.report.dual_vector));
  trained.layers.push_back(std::move(layer));
  try {
    judge(tower, hooks);
  } catch (...) {
    trained.failure = std::current_exception();
  }
}

/// Whether there is a next layer, for all ranks.
bool goes_on(const Tower& tower, Index count) {
  const LayeredNetwork& trained = tower.trained;
  const Result& last = trained.layers.back().result;
  const bool ended = trained.failure || last.network.neurons() == 0 || last.report.status == Status::time_limit || interrupted();
  const bool own = !ended && static_cast<Index>(trained.layers.size()) < count;
  const Ranks* const ranks = tower.data->ranks();
  return ranks == nullptr ? own : ranks->smallest(own ? 1 : 0) > 0;
}

}  // namespace

LayeredNetwork train_layers(const std::shared_ptr<const Source>& data, const Problem& problem, Index count,
                            const std::shared_ptr<const Source>& validation, const LayerHooks& hooks, const Settings& settings,
                            const Stopwatch& clock) {
  Tower tower{data, validation};
  do {
    try {
      if (!tower.trained.layers.empty()) go_up(tower, hooks);
      train_next(tower, problem, hooks, with_what_is_left(settings, clock));
    } catch (...) {
      if (tower.trained.layers.empty() || data->ranks() != nullptr) {
        throw;  // of ranks all end together
      }
      tower.trained.failure = std::current_exception();
    }
  } while (goes_on(tower, count));
  return std::move(tower.trained);
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
