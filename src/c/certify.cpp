// Proof and prediction.
#include <algorithm>
#include <cmath>

#include "c/data.hpp"
#include "moments/seen_by.hpp"
#include "read/held.hpp"
#include "threads/parallel.hpp"

using namespace neuspec::c;
using neuspec::Certificate;
using neuspec::Chunk;
using neuspec::DataError;
using neuspec::Index;
using neuspec::Model;
using neuspec::Source;
using neuspec::UsageError;

namespace {

Certificate proof(const Model& model, const Data& data) {
  if (data.are_moments()) {
    if (!model.hidden.empty()) throw UsageError("a network of several layers is proven on samples; moments are of the first layer's features");
    return neuspec::certify(model.network, model.problem, seen_by(data.moments(), model.preprocessing));
  }
  const std::shared_ptr<const Source> samples = through(model.hidden, data.source(model.preprocessing));
  // The model's own dual vector proves it on the training data; on any others it is of the wrong size or worth little.
  const bool fits = static_cast<Index>(model.dual_vector.size()) == samples->samples() * samples->targets();
  return neuspec::certify(model.network, model.problem, *samples, fits ? model.dual_vector : std::vector<double>());
}

void check_outputs(const std::vector<double>& f, Index first, Index outputs) {
  const auto bad = std::find_if_not(f.begin(), f.end(), [](double value) { return std::isfinite(value); });
  if (bad == f.end()) return;
  const Index at = bad - f.begin();
  throw DataError("sample " + std::to_string(first + at / outputs + 1) + ": output " + std::to_string(at % outputs + 1) +
                  " of the network is no finite number: a feature is too large");
}

Index features_of(const Model& model) { return model.hidden.empty() ? model.network.features : model.hidden.front().network.features; }

void predict(const Model& model, const Source& features, const Output& to) {
  if (features.features() != features_of(model))
    throw DataError("the network has " + std::to_string(features_of(model)) + " features, the data have " + std::to_string(features.features()));
  const Index C = model.network.outputs;
  features.visit(neuspec::visited_samples, [&](const Chunk& chunk) {
    std::vector<double> hidden, f(static_cast<std::size_t>(chunk.samples * C));
    const double* x = chunk.x;
    for (const neuspec::HiddenLayer& layer : model.hidden) {
      hidden = layer.apply(x, chunk.samples);
      x = hidden.data();
    }
    model.network.predict(x, chunk.samples, f.data());
    check_outputs(f, chunk.first, C);
    to.write(f.data(), chunk.first, chunk.samples);
  });
}

neuspec::Settings settings_of(const neuspec_options* options) {
  const auto given = get_optional<Options>(options);
  return given ? given->settings : neuspec::Settings();
}

}  // namespace

extern "C" {

int neuspec_certify(const neuspec_model* model, const neuspec_data* data, const neuspec_options* options, neuspec_certificate* certificate) {
  return guarded(model, [&] {
    const auto network = get<ModelHandle>(model);
    const auto samples = get<Data>(data);
    neuspec_certificate& result = required(certificate, "certificate");
    const neuspec::Settings settings = settings_of(options);
    const neuspec::ThreadScope threads(settings.threads);
    const Certificate proven = proof(network->model, *samples);
    result = {proven.primal,
              proven.dual,
              proven.relative_gap,
              proven.unit,
              proven.kappa,
              proven.rounding,
              proven.relative_gap <= settings.tolerance ? 1 : 0};
  });
}

int neuspec_predict(const neuspec_model* model, const neuspec_data* data, const neuspec_options* options, void* outputs, int32_t type, int32_t layout,
                    int64_t leading) {
  return guarded(model, [&] {
    const auto network = get<ModelHandle>(model);
    const auto samples = get<Data>(data);
    const neuspec::ThreadScope threads(settings_of(options).threads);
    const std::shared_ptr<const Source> features = samples->features(network->model.preprocessing);
    predict(network->model, *features, Output(outputs, type, layout, leading, features->samples(), network->model.network.outputs));
  });
}

}  // extern "C"
