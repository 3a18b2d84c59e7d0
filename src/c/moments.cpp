// Moments.
#include <utility>

#include "c/data.hpp"
#include "c/memory.hpp"
#include "neuspec/version.hpp"
#include "threads/parallel.hpp"

using namespace neuspec::c;
using neuspec::Moments;
using neuspec::UsageError;

namespace {

const Options& options_of(const MomentsHandle& moments) {
  static const Options usual;
  return moments.options ? *moments.options : usual;
}

void add(MomentsHandle& moments, const Data& data) {
  const Options& options = options_of(moments);
  if (data.are_moments()) return moments.moments.merge(*data.moments());
  const neuspec::ThreadScope threads(options.settings.threads);
  const bool first = moments.moments.samples() == 0;
  const neuspec::Preprocessing columns = first ? data.learn(options) : moments.moments.preprocessing();
  const std::shared_ptr<const neuspec::Source> samples = data.source(columns);
  if (!first) return moments.moments.add(*samples, options.settings.device);
  Moments sum(columns, "of " + data.origin() + " by neuspec " NEUSPEC_VERSION);
  sum.add(*samples, options.settings.device);
  moments.moments = std::move(sum);
}

std::shared_ptr<const Options> options_for_moments(const neuspec_options* options) {
  const std::shared_ptr<Options> given = get_optional<Options>(options);
  if (!given) return nullptr;
  if (given->standardize) throw UsageError("standardize comes after merging: give it to the fit");
  if (given->problem.loss.kind != neuspec::Loss::squared) throw UsageError("moments serve squared loss alone");
  auto kept = std::make_shared<Options>();
  kept->one_vs_rest = given->one_vs_rest;
  kept->class_weights = given->class_weights;
  kept->window = given->window;
  kept->settings = given->settings;
  return kept;
}

}  // namespace

extern "C" {

int neuspec_moments_create(const neuspec_options* options, neuspec_moments** moments) {
  return making(options, moments, "moments", [&] {
    auto result = std::make_shared<MomentsHandle>();
    result->options = options_for_moments(options);
    return result;
  });
}

int neuspec_moments_add(neuspec_moments* moments, const neuspec_data* data) {
  return guarded(moments, [&] {
    const auto sum = get<MomentsHandle>(moments);
    const auto samples = get<Data>(data);
    samples->together([&] { add(*sum, *samples); });
  });
}

int neuspec_moments_merge(neuspec_moments* moments, const neuspec_moments* other) {
  return guarded(moments, [&] {
    const auto sum = get<MomentsHandle>(moments);
    sum->moments.merge(get<MomentsHandle>(other)->moments);
  });
}

int neuspec_moments_subtract(neuspec_moments* moments, const neuspec_moments* other) {
  return guarded(moments, [&] {
    const auto sum = get<MomentsHandle>(moments);
    sum->moments.subtract(get<MomentsHandle>(other)->moments);
  });
}

int neuspec_moments_size(const neuspec_moments* moments, int64_t* samples, int64_t* features, int64_t* targets) {
  return guarded(moments, [&] {
    const auto sum = get<MomentsHandle>(moments);
    if (samples != nullptr) *samples = sum->moments.samples();
    if (features != nullptr) *features = sum->moments.features();
    if (targets != nullptr) *targets = sum->moments.targets();
  });
}

int neuspec_moments_save(const neuspec_moments* moments, const char* path) {
  return guarded(moments, [&] { get<MomentsHandle>(moments)->moments.save(text_of(path, "path")); });
}

int neuspec_moments_load(const char* path, neuspec_moments** moments) {
  return making(nullptr, moments, "moments", [&] {
    auto result = std::make_shared<MomentsHandle>();
    result->moments = Moments::load(text_of(path, "path"));
    return result;
  });
}

int neuspec_moments_to_memory(const neuspec_moments* moments, void* buffer, size_t capacity, size_t* size) {
  return guarded(moments, [&] { to_memory(get<MomentsHandle>(moments)->moments, buffer, capacity, size); });
}

int neuspec_moments_from_memory(const void* buffer, size_t size, neuspec_moments** moments) {
  return making(nullptr, moments, "moments", [&] {
    auto result = std::make_shared<MomentsHandle>();
    result->moments = from_memory<Moments>(buffer, size);
    return result;
  });
}

}  // extern "C"
