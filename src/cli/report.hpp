/// \file report.hpp
/// A solve as JSON and as text.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/evaluate.hpp"
#include "neuspec/fit.hpp"

namespace neuspec::cli {

using Json = nlohmann::ordered_json;

/// samples, loss, accuracy, f1, auc, rmse, r2; null where they are not defined.
Json scores_json(const Scores& scores);

/// All keys of a report. What was not computed is null.
Json report_json(const Report& report, const std::optional<Scores>& test);

/// What a person wants to know of a solve, some lines.
std::string summary(const Report& report, const std::optional<Scores>& test, double tolerance);

/// A line that says what a bound above an objective means, which only faulty arithmetic can cause; nothing where it is not.
std::string contradiction(double primal, double dual);

/// "loss 12.3, accuracy 82.31 %, rmse 0.4, r2 0.7", without what is absent.
std::string scores_text(const Scores& scores);

/// JSON for people and programs: indented, invalid UTF-8 replaced, a line feed at the end.
std::string json_text(const Json& json);

}  // namespace neuspec::cli
