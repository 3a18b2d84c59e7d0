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
  const std::string rmse = scores.rmse ? rounded(*scores.rmse, 5) : "-";
  row << std::setw(width) << (scores.accuracy ? rounded(100 * *scores.accuracy, 4) + " %" : rmse);
}

/// "2 of 21 folds unproven: 3 iteration_limit, 8 stalled", the folds counted from 1.
std::string folds_text(const PathPoint& point) {
  constexpr std::size_t most = 3;
  std::string text = std::to_string(point.unproven.size()) + " of " + std::to_string(point.folds) + " folds unproven: ";
  for (std::size_t i = 0; i < point.unproven.size() && i < most; ++i) {
    text.append(i == 0 ? "" : ", ").append(std::to_string(point.unproven[i].fold + 1)).append(" ").append(name(point.unproven[i].status));
  }
  return text + (point.unproven.size() > most ? ", ..." : "");
}

Json folds_json(const PathPoint& point) {
  Json list = Json::array();
  for (const UnprovenFold& fold : point.unproven) {
    list.push_back({{"fold", fold.fold + 1}, {"status", name(fold.status)}, {"relative_gap", fold.relative_gap}});
  }
  return list;
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

std::size_t unproven_fits(const std::vector<PathPoint>& points) {
  std::size_t count = 0;
  for (const PathPoint& point : points) {
    count += point.unproven.size() + (point.result.report.status == Status::optimal ? 0 : 1);
  }
  return count;
}

std::string choice_text(const std::vector<PathPoint>& points) {
  std::size_t fits = 0;
  for (const PathPoint& point : points) {
    fits += static_cast<std::size_t>(point.folds) + 1;
  }
  const std::size_t unproven = unproven_fits(points);
  if (unproven == 0) {
    return {};
  }
  return "the choice rests on " + std::to_string(fits) + (fits == 1 ? " fit, " : " fits, ") + std::to_string(unproven) +
         " of them not proven optimal\n";
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
  if (!point.unproven.empty()) {
    row << "  " << folds_text(point);
  }
  return std::move(row).str() + '\n';
}

std::string path_csv(const std::vector<PathPoint>& points) {
  std::string text = "beta,status,primal,dual,relative_gap,neurons,train_loss,train_accuracy,validation_loss,validation_accuracy,unproven_folds\n";
  for (const PathPoint& point : points) {
    const Report& report = point.result.report;
    text += format_number(report.beta) + ',' + name(report.status) + ',' + format_number(report.primal) + ',' + format_number(report.dual) + ',' +
            format_number(report.relative_gap) + ',' + format_number(report.neurons) + csv_scores(point.train) + csv_scores(point.validation) + ',' +
            (point.folds > 0 ? std::to_string(point.unproven.size()) : "") + '\n';
  }
  return text;
}

Json path_json(const std::vector<PathPoint>& points) {
  Json list = Json::array();
  for (const PathPoint& point : points) {
    Json entry = report_json(point.result.report, std::nullopt);
    entry["train"] = scores_json(point.train);
    entry["validation"] = point.validation ? scores_json(*point.validation) : Json(nullptr);
    entry["unproven_folds"] = folds_json(point);
    list.push_back(std::move(entry));
  }
  const auto best = best_point(points);
  return {{"version", NEUSPEC_VERSION},
          {"best", best ? Json(*best) : Json(nullptr)},
          {"unproven_fits", unproven_fits(points)},
          {"points", std::move(list)}};
}

}  // namespace neuspec::cli
