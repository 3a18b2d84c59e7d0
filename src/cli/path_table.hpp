/// \file path_table.hpp
/// The points of a path of β, for people and for programs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/cross_validation.hpp"
#include "cli/report.hpp"

namespace neuspec::cli {

struct PathPoint {
  Result result;
  Scores train;
  std::optional<Scores> validation;
  Index folds = 0;                          ///< of a cross-validation; 0: none
  std::vector<UnprovenFold> unproven = {};  ///< of these folds at this β
};

/// The better of two points on the validation data: by accuracy where the targets are classes, then by loss.
bool is_better(const Scores& one, const Scores& other);

/// Index of the best point; the earlier of equals, which has the larger β. Nothing without points or validation data.
std::optional<std::size_t> best_point(const std::vector<PathPoint>& points);

/// How many of the fits that the points rest on, folds included, are not proven optimal.
std::size_t unproven_fits(const std::vector<PathPoint>& points);

/// A line for a choice that rests on fits that are not proven; empty where all are.
std::string choice_text(const std::vector<PathPoint>& points);

std::string table_header(bool with_validation);
std::string table_row(const PathPoint& point);

/// beta,status,primal,dual,relative_gap,neurons,train_loss,train_accuracy,validation_loss,validation_accuracy,unproven_folds; absent values are
/// empty.
std::string path_csv(const std::vector<PathPoint>& points);

/// {version, points: [report with train, validation and unproven_folds], best: index or null, unproven_fits: count}.
Json path_json(const std::vector<PathPoint>& points);

}  // namespace neuspec::cli
