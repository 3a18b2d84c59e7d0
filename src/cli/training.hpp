/// \file training.hpp
/// What fit and path share.
#pragma once

#include <chrono>
#include <string>

#include "cli/data.hpp"
#include "cli/progress.hpp"
#include "solve/trained.hpp"

namespace neuspec::cli {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// "60000 samples, 49 features, 10 outputs".
std::string shape_text(Index samples, Index features, Index outputs);
template <class Data>
std::string shape_text(const Data& data) {
  return shape_text(data.samples(), data.features(), data.targets());
}

/// What --memory-limit leaves for samples: a GPU's is its own memory, and nothing is said of the host's.
double memory_of_samples(const Settings& settings);

/// The settings of a solve that begins now, of a program that has all of their limit of time since the start of `clock`, and on a CPU all of their
/// limit of memory, of which it holds samples already.
Settings with_what_is_left(Settings settings, const Stopwatch& clock);

/// Shows the progress, and stops the solve once Ctrl-C was pressed. `line` must outlive the observer.
Observer observer_of(ProgressLine& line);

/// Shows the progress of a solve that leaves nothing to save. `line` must outlive the observer.
Observer display_of(ProgressLine& line);

}  // namespace neuspec::cli
