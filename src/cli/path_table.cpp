#include "cli/path_table.hpp"

#include <iomanip>
#include <sstream>

#include "cli/output.hpp"
#include "neuspec/version.hpp"
#include "text/number.hpp"

namespace neuspec::cli {
namespace {

constexpr int width = 12;

void add_cells(std::ostream& row, const Scores& scores) {
  row << std::setw(width) << rounded(scores.loss, 6);
  row << std::setw(width) << (scores.accuracy ? rounded(100 * *scores.accuracy, 4) + " %" : rounded(scores.rmse.value_or(0), 5));
}

std::string csv_scores(const std::optional<Scores>& scores) {
  if (!scores) {
    return ",,";
  }
  return ',' + format_number(scores->loss) + ',' + (scores->accuracy ? format_number(*scores->accuracy) : "");
}

}  // namespace

bool is_better(const Scores& one, const Scores& other) {
  if (one.accuracy && other.accuracy && *one.accuracy != *other.accuracy) {
    return *one.accuracy > *other.accuracy;
  }
  return one.loss < other.loss;
}

std::optional<std::size_t> best_point(const std::vector<PathPoint>& points) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].validation && (!best || is_better(*points[i].validation, *points[*best].validation))) {
      best = i;
    }
  }
  return best;
}

std::string table_header(bool with_validation) {
  std::ostringstream row;
  row << std::setw(width) << "beta" << std::setw(width + 2) << "primal" << std::setw(width + 2) << "dual" << std::setw(10) << "gap" << std::setw(9)
      << "neurons" << std::setw(width) << "train loss" << std::setw(width) << "acc | rmse";
  if (with_validation) {
    row << std::setw(width) << "valid loss" << std::setw(width) << "acc | rmse";
  }
  return std::move(row).str() + '\n';
}

std::string table_row(const PathPoint& point) {
  const Report& report = point.result.report;
  std::ostringstream row;
  row << std::setw(width) << rounded(report.beta, 6) << std::setw(width + 2) << upper_bound_text(report.primal, 8) << std::setw(width + 2)
      << lower_bound_text(report.dual, 8) << std::setw(10) << upper_bound_text(report.relative_gap, 2) << std::setw(9) << report.neurons;
  add_cells(row, point.train);
  if (point.validation) {
    add_cells(row, *point.validation);
  }
  if (report.status != Status::optimal) {
    row << "  " << name(report.status);
  }
  return std::move(row).str() + '\n';
}

std::string path_csv(const std::vector<PathPoint>& points) {
  std::string text = "beta,status,primal,dual,relative_gap,neurons,train_loss,train_accuracy,validation_loss,validation_accuracy\n";
  for (const PathPoint& point : points) {
    const Report& report = point.result.report;
    text += format_number(report.beta) + ',' + name(report.status) + ',' + format_number(report.primal) + ',' + format_number(report.dual) + ',' +
            format_number(report.relative_gap) + ',' + format_number(report.neurons) + csv_scores(point.train) + csv_scores(point.validation) + '\n';
  }
  return text;
}

Json path_json(const std::vector<PathPoint>& points) {
  Json list = Json::array();
  for (const PathPoint& point : points) {
    Json entry = report_json(point.result.report, std::nullopt);
    entry["train"] = scores_json(point.train);
    entry["validation"] = point.validation ? scores_json(*point.validation) : Json(nullptr);
    list.push_back(std::move(entry));
  }
  const auto best = best_point(points);
  return {{"version", NEUSPEC_VERSION}, {"best", best ? Json(*best) : Json(nullptr)}, {"points", std::move(list)}};
}

}  // namespace neuspec::cli
