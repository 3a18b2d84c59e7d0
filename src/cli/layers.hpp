/// \file layers.hpp
/// Layerwise training: every layer to its own proven global optimum, on the outputs of the one before.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "cli/evaluate.hpp"
#include "cli/report.hpp"
#include "neuspec/fit.hpp"

namespace neuspec::cli {

/// One trained layer and what a network that ends with it does on validation data.
struct TrainedLayer {
  Problem problem;
  Result result;
  std::optional<Scores> validation;
};

struct LayeredNetwork {
  std::vector<TrainedLayer> layers;  ///< all that were trained
  std::size_t last = 0;              ///< the one that is kept as the last: the best on the validation data
  std::vector<HiddenLayer> hidden;   ///< those below it
  const TrainedLayer& kept() const { return layers[last]; }
};

/// Trains at most `count` layers; the first has the problem's architecture, later ones are dense. `beta_of` gives β for a layer's problem and data.
/// A layer without neurons has nothing to pass on and is the last. Without validation data the last layer is kept.
LayeredNetwork train_layers(const Dataset& data, const Problem& problem, Index count, const std::optional<Dataset>& validation,
                            const std::function<double(const Problem&, const Dataset&)>& beta_of, const Settings& settings, const Observer& observer);

/// Status, certificate, neurons and scores of every trained layer.
Json layers_json(const LayeredNetwork& network);
std::string layers_text(const LayeredNetwork& network);

}  // namespace neuspec::cli
