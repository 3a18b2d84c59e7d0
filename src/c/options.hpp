// Problem, preparation of the data and settings of a solve, by name.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "c/handle.hpp"
#include "neuspec/fit.hpp"
#include "neuspec/preprocessing.hpp"

namespace neuspec::c {

struct Options final : Object {
  static constexpr const char* kind = "options";

  Problem problem;
  std::optional<double> beta, beta_ratio;  ///< at most one
  std::string targets, labels, header = "auto", class_weights, window;
  bool one_vs_rest = false, standardize = false;
  Settings settings{.kept_device = std::make_shared<KeptDevice>()};  // of all fits with these options
  std::pair<neuspec_progress_callback, void*> on_progress{};
  std::pair<neuspec_stop_callback, void*> on_stop{};
  std::pair<neuspec_checkpoint_callback, void*> on_checkpoint{};
  Texts texts;

  ReadOptions reading() const;
  PreprocessingOptions preparation(Index targets_of_data) const;
  /// The callbacks as C++ has them.
  Observer observer() const;
  Settings solve() const;
};

neuspec_progress progress_of(const Progress& state);

}  // namespace neuspec::c
