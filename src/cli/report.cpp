#include "cli/report.hpp"

#include <sstream>

#include "cli/output.hpp"
#include "neuspec/version.hpp"

namespace neuspec::cli {
namespace {

Json optional_json(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json history_json(const std::vector<Progress>& history) {
  Json list = Json::array();
  for (const Progress& state : history) {
    list.push_back({{"seconds", state.seconds},
                    {"iterations", state.iterations},
                    {"primal", state.primal},
                    {"dual", state.dual},
                    {"relative_gap", state.relative_gap},
                    {"neurons", state.neurons}});
  }
  return list;
}

std::string verdict(const Report& report, double tolerance) {
  const std::string gap = upper_bound_text(report.relative_gap, 2);
  if (report.status == Status::optimal) {
    return "optimal: no network is better by more than " + gap + " (tolerance " + rounded(tolerance, 2) + ")";
  }
  return name(report.status) + ": stopped at a proven gap of " + gap + ", before the tolerance of " + rounded(tolerance, 2);
}

}  // namespace

Json scores_json(const Scores& scores) {
  return {{"samples", scores.samples},
          {"loss", scores.loss},
          {"accuracy", optional_json(scores.accuracy)},
          {"f1", optional_json(scores.f1)},
          {"auc", optional_json(scores.auc)},
          {"rmse", optional_json(scores.rmse)},
          {"r2", optional_json(scores.r2)}};
}

Json report_json(const Report& report, const std::optional<Scores>& test) {
  Json json = {{"version", NEUSPEC_VERSION},
               {"status", name(report.status)},
               {"primal", report.primal},
               {"dual", report.dual},
               {"relative_gap", report.relative_gap},
               {"rounding", report.rounding},
               {"beta", report.beta},
               {"beta_max", report.beta_max},
               {"neurons", report.neurons},
               {"iterations", report.iterations},
               {"resumed_iterations", report.resumed_iterations},
               {"resumed_seconds", report.resumed_seconds},
               {"samples", report.samples},
               {"features", report.features},
               {"outputs", report.outputs},
               {"blocks", report.blocks},
               {"solver", report.solver},
               {"operator", report.data_operator},
               {"device", report.device},
               {"precision", report.precision},
               {"choice", report.choice}};
  const auto& seconds = report.seconds;
  json["seconds"] = {{"read", seconds.read},       {"lift", seconds.lift},           {"solve", seconds.solve},
                     {"certify", seconds.certify}, {"decompose", seconds.decompose}, {"total", seconds.total}};
  if (test) {
    json["test"] = scores_json(*test);
  }
  json["history"] = history_json(report.history);
  return json;
}

std::string scores_text(const Scores& scores) {
  std::string text = "loss " + rounded(scores.loss, 6);
  if (scores.accuracy) {
    text += ", accuracy " + rounded(100 * *scores.accuracy, 4) + " %";
  }
  if (scores.f1) {
    text += ", F1 " + rounded(*scores.f1, 4);
  }
  if (scores.auc) {
    text += ", AUC " + rounded(*scores.auc, 4);
  }
  if (scores.rmse) {
    text += ", rmse " + rounded(*scores.rmse, 5);
  }
  if (scores.r2) {
    text += ", r2 " + rounded(*scores.r2, 5);
  }
  return text;
}

std::string contradiction(double primal, double dual) {
  return primal < dual ? "primal is below dual: the arithmetic that made them is at fault, and nothing is proven\n" : "";
}

std::string summary(const Report& report, const std::optional<Scores>& test, double tolerance) {
  const auto& seconds = report.seconds;
  std::ostringstream text;
  text << verdict(report, tolerance) << '\n'
       << contradiction(report.primal, report.dual) << "  primal   " << upper_bound_text(report.primal, 12) << "   objective of this network, from "
       << (report.rounding > 0 ? "moments of the data; their rounding has " + upper_bound_text(report.rounding, 2) + " of the gap" : "the raw data")
       << '\n'
       << "  dual     " << lower_bound_text(report.dual, 12) << "   no network is below\n"
       << "  gap      " << upper_bound_text(report.relative_gap, 3) << '\n'
       << "  beta     " << rounded(report.beta, 6) << " (the network has no neurons from " << upper_bound_text(report.beta_max, 6) << ")\n"
       << "  neurons  " << report.neurons << ", for " << report.outputs << (report.outputs == 1 ? " output" : " outputs") << '\n'
       << "  seconds  " << rounded(seconds.total, 4) << ": read " << rounded(seconds.read, 3) << ", lift " << rounded(seconds.lift, 3) << ", solve "
       << rounded(seconds.solve, 3) << ", decompose " << rounded(seconds.decompose, 3) << ", certify " << rounded(seconds.certify, 3) << '\n'
       << "  choice   " << report.choice << '\n';
  if (test) {
    text << "  test     " << scores_text(*test) << '\n';
  }
  return std::move(text).str();
}

std::string json_text(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n'; }

}  // namespace neuspec::cli
