// What a model tells of itself, by name.
#include <array>
#include <span>
#include <string_view>

#include "c/data.hpp"

using namespace neuspec::c;
using neuspec::Model;
using neuspec::Report;
using neuspec::UsageError;

namespace {

/// One of them reads the model, the other its report, where there is one.
template <class Value>
struct Field {
  std::string_view name;
  Value (*of_model)(const Model&);
  Value (*of_report)(const Report&);
};

template <class Value>
using Of = Value (*)(const Model&);

constexpr std::array<Field<double>, 12> doubles = {{
    {"primal", [](const Model& model) { return model.primal; }, nullptr},
    {"dual", [](const Model& model) { return model.dual; }, nullptr},
    {"relative_gap", [](const Model& model) { return model.relative_gap; }, nullptr},
    {"beta", [](const Model& model) { return model.problem.beta; }, nullptr},
    {"rounding", nullptr, [](const Report& report) { return report.rounding; }},
    {"beta_max", nullptr, [](const Report& report) { return report.beta_max; }},
    {"seconds_lift", nullptr, [](const Report& report) { return report.seconds.lift; }},
    {"seconds_solve", nullptr, [](const Report& report) { return report.seconds.solve; }},
    {"seconds_certify", nullptr, [](const Report& report) { return report.seconds.certify; }},
    {"seconds_decompose", nullptr, [](const Report& report) { return report.seconds.decompose; }},
    {"resumed_seconds", nullptr, [](const Report& report) { return report.resumed_seconds; }},
    {"seconds_total", nullptr, [](const Report& report) { return report.seconds.total; }},
}};

/// By the text that model files keep.
int64_t status_of(const Model& model) {
  using neuspec::Status;
  for (const Status status : {Status::optimal, Status::iteration_limit, Status::time_limit, Status::interrupted, Status::stalled}) {
    if (model.status == name(status)) return static_cast<int64_t>(status);
  }
  return NEUSPEC_UNCERTIFIED;
}
static_assert(static_cast<int>(neuspec::Status::optimal) == NEUSPEC_OPTIMAL);
static_assert(static_cast<int>(neuspec::Status::iteration_limit) == NEUSPEC_ITERATION_LIMIT);
static_assert(static_cast<int>(neuspec::Status::time_limit) == NEUSPEC_TIME_LIMIT);
static_assert(static_cast<int>(neuspec::Status::interrupted) == NEUSPEC_INTERRUPTED);
static_assert(static_cast<int>(neuspec::Status::stalled) == NEUSPEC_STALLED);
static_assert(static_cast<int>(neuspec::SettingType::text) == NEUSPEC_TEXT && static_cast<int>(neuspec::SettingType::number) == NEUSPEC_NUMBER);
static_assert(static_cast<int>(neuspec::SettingType::integer) == NEUSPEC_INTEGER && static_cast<int>(neuspec::SettingType::flag) == NEUSPEC_FLAG);

constexpr std::array<Field<int64_t>, 11> integers = {{
    {"features", [](const Model& model) -> int64_t { return model.network.features; }, nullptr},
    {"outputs", [](const Model& model) -> int64_t { return model.network.outputs; }, nullptr},
    {"neurons", [](const Model& model) -> int64_t { return model.network.neurons(); }, nullptr},
    {"direction_size", [](const Model& model) -> int64_t { return model.network.direction_size(); }, nullptr},
    {"pools", [](const Model& model) -> int64_t { return neuspec::Patches(model.network.architecture, model.network.features).pools; }, nullptr},
    {"bias", [](const Model& model) -> int64_t { return model.network.bias.empty() ? 0 : 1; }, nullptr},
    {"status", status_of, nullptr},
    {"samples", nullptr, [](const Report& report) -> int64_t { return report.samples; }},
    {"iterations", nullptr, [](const Report& report) -> int64_t { return report.iterations; }},
    {"resumed_iterations", nullptr, [](const Report& report) -> int64_t { return report.resumed_iterations; }},
    {"blocks", nullptr, [](const Report& report) -> int64_t { return report.blocks; }},
}};

constexpr std::array<Field<std::string>, 10> texts = {{
    {"status", [](const Model& model) { return model.status; }, nullptr},
    {"loss", [](const Model& model) { return model.problem.loss.name(); }, nullptr},
    {"activation", [](const Model& model) { return model.problem.activation.name(); }, nullptr},
    {"arch", [](const Model& model) { return model.problem.architecture.name(); }, nullptr},
    {"provenance", [](const Model& model) { return model.provenance; }, nullptr},
    {"solver", nullptr, [](const Report& report) { return report.solver; }},
    {"operator", nullptr, [](const Report& report) { return report.data_operator; }},
    {"device", nullptr, [](const Report& report) { return report.device; }},
    {"precision", nullptr, [](const Report& report) { return report.precision; }},
    {"choice", nullptr, [](const Report& report) { return report.choice; }},
}};

template <class Value, std::size_t count>
Value field(const std::array<Field<Value>, count>& fields, const char* kind, const ModelHandle& handle, const std::string& wanted) {
  for (const Field<Value>& candidate : fields) {
    if (wanted != candidate.name) continue;
    if (candidate.of_model != nullptr) return candidate.of_model(handle.model);
    if (handle.report) return candidate.of_report(*handle.report);
    throw UsageError(wanted + ": the model was not trained in this process; what its training reported is not known");
  }
  throw UsageError("a model has no " + std::string(kind) + " '" + wanted + "'");
}

}  // namespace

extern "C" {

int neuspec_model_double(const neuspec_model* model, const char* name, double* value) {
  return guarded(model, [&] {
    const auto object = get<ModelHandle>(model);
    required(value, "value") = field(doubles, "number", *object, text_of(name, "name"));
  });
}

int neuspec_model_int64(const neuspec_model* model, const char* name, int64_t* value) {
  return guarded(model, [&] {
    const auto object = get<ModelHandle>(model);
    required(value, "value") = field(integers, "integer", *object, text_of(name, "name"));
  });
}

int neuspec_model_text(const neuspec_model* model, const char* name, const char** value) {
  return guarded(model, [&] {
    const auto object = get<ModelHandle>(model);
    const char*& result = required(value, "value");
    const std::string wanted = text_of(name, "name");
    result = object->texts.keep(wanted, field(texts, "text", *object, wanted));
  });
}

int neuspec_model_history(const neuspec_model* model, neuspec_progress* points, int64_t capacity, int64_t* count) {
  return guarded(model, [&] {
    const auto object = get<ModelHandle>(model);
    if (capacity < 0) throw UsageError("capacity is negative");
    if (capacity > 0) required(points, "points");
    int64_t& all = required(count, "count");
    const std::span<const neuspec::Progress> history =
        object->report ? std::span<const neuspec::Progress>(object->report->history) : std::span<const neuspec::Progress>();
    all = static_cast<int64_t>(history.size());
    for (int64_t i = 0; i < std::min(capacity, all); ++i) points[i] = progress_of(history[static_cast<std::size_t>(i)]);
  });
}

}  // extern "C"
