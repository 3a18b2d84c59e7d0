/// \file layers.hpp
/// Layerwise training: every layer to its own proven global optimum, on the outputs of the one before.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/evaluate.hpp"
#include "cli/report.hpp"
#include "cli/training.hpp"
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
  std::exception_ptr failure;        ///< what ended the training of more layers, or their trial on validation data; those before it are whole
  const TrainedLayer& kept() const { return layers[last]; }
};

/// What a training of layers asks and tells on its way.
struct LayerHooks {
  std::string path, validation_path;                             ///< of the data, for messages
  std::function<double(const Problem&, const Source&)> beta_of;  ///< β for a layer's problem and data
  Observer observer;
  std::function<void(const LayeredNetwork&)> keep;               ///< there is a network to keep, better than those before
  std::function<void(const Result&, const Problem&)> candidate;  ///< of the first layer, see Settings
};

/// Trains at most `count` layers; the first has the problem's architecture, later ones are dense. A layer without neurons has nothing to pass on and
/// is the last. Without validation data the last layer is kept. The limit of time is counted from the start of `clock`. Of ranks
/// collective: what ends the training of any layer ends them together; validation data are rank 0's, which alone knows what is kept. \throws what
/// ends the training of the first layer
LayeredNetwork train_layers(const std::shared_ptr<const Source>& data, const Problem& problem, Index count,
                            const std::shared_ptr<const Source>& validation, const LayerHooks& hooks, const Settings& settings,
                            const Stopwatch& clock);

/// Status, certificate, neurons and scores of every trained layer.
Json layers_json(const LayeredNetwork& network);
std::string layers_text(const LayeredNetwork& network);

}  // namespace neuspec::cli
