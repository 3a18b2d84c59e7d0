/// \file training.hpp
/// What fit and path share.
#pragma once

#include <chrono>
#include <string>

#include "cli/data.hpp"
#include "cli/progress.hpp"
#include "neuspec/moments.hpp"
#include "neuspec/network.hpp"

namespace neuspec::cli {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// β_max of data that have one. \throws DataError when every target is zero, so that every β gives the zero network
double positive_beta_max(const Problem& problem, const Source& data);
double positive_beta_max(const Problem& problem, const Moments& data);

/// The network of a result with everything a model file holds. `path` is the file it was trained on.
Model model_of(const Result& result, const Problem& problem, const Preprocessing& preprocessing, const std::string& path);

/// "60000 samples, 49 features, 10 outputs".
std::string shape_text(Index samples, Index features, Index outputs);
template <class Data>
std::string shape_text(const Data& data) {
  return shape_text(data.samples(), data.features(), data.targets());
}

/// \throws DataError when what is to be printed or saved is not finite
void require_finite(const Report& report);

/// The settings of a solve that begins now, of a program that has all of their limit of time since the start of `clock`.
Settings with_time_left(Settings settings, const Stopwatch& clock);

/// Shows the progress, and stops the solve once Ctrl-C was pressed. `line` must outlive the observer.
Observer observer_of(ProgressLine& line);

/// Shows the progress of a solve that leaves nothing to save. `line` must outlive the observer.
Observer display_of(ProgressLine& line);

}  // namespace neuspec::cli
