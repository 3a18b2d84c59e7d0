#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "text/number.hpp"

namespace neuspec {
namespace {

constexpr std::array solvers = {SolverKind::automatic, SolverKind::admm, SolverKind::burer_monteiro};
constexpr std::array operators = {OperatorKind::automatic, OperatorKind::moments, OperatorKind::gram, OperatorKind::matrix_free,
                                  OperatorKind::streamed};
constexpr std::array devices = {DeviceKind::automatic, DeviceKind::cpu, DeviceKind::cuda};
constexpr std::array projections = {ProjectionKind::automatic, ProjectionKind::eigen, ProjectionKind::products};
constexpr std::array precisions = {Precision::double_precision, Precision::single_precision, Precision::tf32};

// What may be given, once: for the help texts and for the messages.
constexpr const char* solver_values = "auto|admm|bm";
constexpr const char* operator_values = "auto|moments|gram|matrix-free|streamed";
constexpr const char* device_values = "auto|cpu|cuda";
constexpr const char* precision_values = "double|single|tf32";
constexpr const char* projection_values = "auto|eigen|products";
constexpr const char* tolerance_values = "number above 0 and below 1";
constexpr const char* iterations_values = "integer from 1 to 1000000000";
constexpr const char* time_values = "seconds above 0, or inf";
constexpr const char* threads_values = "integer from 0 (all) to 4096";
constexpr const char* memory_values = "bytes, or with K, M, G, T for powers of 1024; 0: three quarters of what is free";
constexpr const char* seed_values = "integer from 0 to 4294967295";

[[noreturn]] void refuse(const char* setting, const std::string& value, const char* values) {
  throw UsageError(std::string(setting) + " '" + value + "': allowed: " + values);
}

[[noreturn]] void refuse_value(const char* setting) { throw UsageError(std::string(setting) + ": not one of the enumeration's values"); }

template <class Kind, std::size_t count>
Kind parse_kind(const std::array<Kind, count>& kinds, const char* setting, const std::string& value, const char* values) {
  for (const Kind kind : kinds) {
    if (value == name(kind)) {
      return kind;
    }
  }
  refuse(setting, value, values);
}

template <class Number>
Number parse_between(Number lowest, Number highest, const char* setting, const std::string& value, const char* values) {
  const auto number = parse_number<Number>(value);
  if (!number || !(*number >= lowest && *number <= highest)) {
    refuse(setting, value, values);
  }
  return *number;
}

double parse_tolerance(const std::string& value) {
  const double tolerance = parse_between(0.0, 1.0, "tol", value, tolerance_values);
  if (tolerance == 0 || tolerance == 1) {
    refuse("tol", value, tolerance_values);
  }
  return tolerance;
}

double parse_time_limit(const std::string& value) {
  const double seconds = parse_between(0.0, std::numeric_limits<double>::infinity(), "time-limit", value, time_values);
  if (seconds == 0) {
    refuse("time-limit", value, time_values);
  }
  return seconds;
}

double parse_memory_limit(const std::string& value) {
  constexpr std::string_view units = "KMGT";
  const std::size_t unit = value.empty() ? std::string_view::npos : units.find(value.back());
  const bool has_unit = unit != std::string_view::npos;
  const auto amount = parse_number<double>(std::string_view(value).substr(0, value.size() - (has_unit ? 1 : 0)));
  const double bytes = std::ldexp(amount.value_or(-1), has_unit ? 10 * (static_cast<int>(unit) + 1) : 0);
  if (!std::isfinite(bytes) || bytes < 0) {
    refuse("memory-limit", value, memory_values);
  }
  return bytes;
}

constexpr std::array<SettingInfo, 11> table = {{
    {"solver", SettingType::text, solver_values, "algorithm (bm is Burer-Monteiro with certificate)",
     [](Settings& settings, const std::string& value) { settings.solver = parse_kind(solvers, "solver", value, solver_values); },
     [](const Settings& settings) { return name(settings.solver); }},
    {"operator", SettingType::text, operator_values, "form of the data operator",
     [](Settings& settings, const std::string& value) { settings.data_operator = parse_kind(operators, "operator", value, operator_values); },
     [](const Settings& settings) { return name(settings.data_operator); }},
    {"device", SettingType::text, device_values, "where the work runs; ranks of a machine take a GPU each",
     [](Settings& settings, const std::string& value) { settings.device = parse_kind(devices, "device", value, device_values); },
     [](const Settings& settings) { return name(settings.device); }},
    {"precision", SettingType::text, precision_values,
     "precision of the solve; tf32: single, a GPU's products in TF32 (certificates are always in double)",
     [](Settings& settings, const std::string& value) { settings.precision = parse_kind(precisions, "precision", value, precision_values); },
     [](const Settings& settings) { return name(settings.precision); }},
    {"projection", SettingType::text, projection_values, "how ADMM projects its blocks: eigendecompositions, or matrix products with a proven error",
     [](Settings& settings, const std::string& value) { settings.projection = parse_kind(projections, "projection", value, projection_values); },
     [](const Settings& settings) { return name(settings.projection); }},
    {"tol", SettingType::number, tolerance_values, "relative duality gap to reach",
     [](Settings& settings, const std::string& value) { settings.tolerance = parse_tolerance(value); },
     [](const Settings& settings) { return format_number(settings.tolerance); }},
    {"max-iterations", SettingType::integer, iterations_values, "ADMM steps, or gradients and Hessian products of Burer-Monteiro, before giving up",
     [](Settings& settings, const std::string& value) {
       settings.max_iterations = parse_between<Index>(1, 1000000000, "max-iterations", value, iterations_values);
     },
     [](const Settings& settings) { return format_number(settings.max_iterations); }},
    {"time-limit", SettingType::number, time_values, "time before giving up",
     [](Settings& settings, const std::string& value) { settings.time_limit = parse_time_limit(value); },
     [](const Settings& settings) { return format_number(settings.time_limit); }},
    {"threads", SettingType::integer, threads_values, "CPU threads to use",
     [](Settings& settings, const std::string& value) { settings.threads = parse_between(0, 4096, "threads", value, threads_values); },
     [](const Settings& settings) { return format_number(settings.threads); }},
    {"memory-limit", SettingType::number, memory_values, "memory the solve may use, on a CPU with the samples that the program holds",
     [](Settings& settings, const std::string& value) { settings.memory_limit = parse_memory_limit(value); },
     [](const Settings& settings) { return format_number(settings.memory_limit); }},
    {"seed", SettingType::integer, seed_values, "seed of the random starts of Burer-Monteiro",
     [](Settings& settings, const std::string& value) { settings.seed = parse_between(0U, 4294967295U, "seed", value, seed_values); },
     [](const Settings& settings) { return format_number(settings.seed); }},
}};

}  // namespace

std::span<const SettingInfo> settings_table() { return table; }

void validate(const Settings& settings) {
  Settings checked;
  for (const SettingInfo& setting : table) {
    setting.set(checked, setting.get(settings));
  }
}

std::string name(Status status) {
  switch (status) {
    case Status::optimal:
      return "optimal";
    case Status::iteration_limit:
      return "iteration_limit";
    case Status::time_limit:
      return "time_limit";
    case Status::interrupted:
      return "interrupted";
    case Status::stalled:
      return "stalled";
  }
  refuse_value("status");
}

std::string name(SolverKind kind) {
  switch (kind) {
    case SolverKind::automatic:
      return "auto";
    case SolverKind::admm:
      return "admm";
    case SolverKind::burer_monteiro:
      return "bm";
  }
  refuse_value("solver");
}

std::string name(OperatorKind kind) {
  switch (kind) {
    case OperatorKind::automatic:
      return "auto";
    case OperatorKind::moments:
      return "moments";
    case OperatorKind::gram:
      return "gram";
    case OperatorKind::matrix_free:
      return "matrix-free";
    case OperatorKind::streamed:
      return "streamed";
  }
  refuse_value("operator");
}

std::string name(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::automatic:
      return "auto";
    case DeviceKind::cpu:
      return "cpu";
    case DeviceKind::cuda:
      return "cuda";
  }
  refuse_value("device");
}

std::string name(Precision precision) {
  switch (precision) {
    case Precision::double_precision:
      return "double";
    case Precision::single_precision:
      return "single";
    case Precision::tf32:
      return "tf32";
  }
  refuse_value("precision");
}

std::string name(ProjectionKind kind) {
  switch (kind) {
    case ProjectionKind::automatic:
      return "auto";
    case ProjectionKind::eigen:
      return "eigen";
    case ProjectionKind::products:
      return "products";
  }
  refuse_value("projection");
}

}  // namespace neuspec
