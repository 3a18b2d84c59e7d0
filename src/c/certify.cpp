// Proof and prediction.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "c/data.hpp"
#include "distribute/share.hpp"
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

Certificate proof_from_moments(const Model& model, const Data& data) {
  if (!model.hidden.empty()) throw UsageError("a network of several layers is proven on samples; moments are of the first layer's features");
  const std::shared_ptr<const neuspec::Moments> moments = data.moments();
  const bool alone = data.ranks == nullptr;
  Certificate result;
  if (alone || data.ranks->first()) result = neuspec::certify(model.network, model.problem, seen_by(*moments, model.preprocessing));
  if (!alone) share(*data.ranks, result);
  return result;
}

/// What these samples, of all ranks or of this one, have of a model's own dual vector. That proves the network on the training data; on any others it
/// is of the wrong size or worth little.
std::vector<double> dual_vector_of(const Model& model, const Source& samples) {
  const Index own = samples.samples() * samples.targets(), given = static_cast<Index>(model.dual_vector.size());
  const neuspec::Ranks* const ranks = samples.ranks();
  if (ranks == nullptr) return given == own ? model.dual_vector : std::vector<double>();
  const auto size = static_cast<double>(own);
  const std::vector<double> sizes = ranks->all(std::span(&size, 1));
  const auto before = static_cast<Index>(std::accumulate(sizes.begin(), sizes.begin() + ranks->rank(), 0.0));
  const bool of_all = given == static_cast<Index>(std::accumulate(sizes.begin(), sizes.end(), 0.0));
  if (ranks->smallest(of_all || given == own ? 1 : 0) == 0) return {};
  const auto first = model.dual_vector.begin() + (of_all ? before : 0);
  return {first, first + own};
}

Certificate proof(const Model& model, const Data& data) {
  if (data.are_moments()) return proof_from_moments(model, data);
  const std::shared_ptr<const Source> samples = data.of_ranks(through(model.hidden, data.own_source(model.preprocessing)));
  if (data.ranks) check_shapes(*samples);
  return neuspec::certify(model.network, model.problem, *samples, dual_vector_of(model, *samples));
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
    const Certificate proven = samples->together([&] { return proof(network->model, *samples); });
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
