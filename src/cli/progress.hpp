/// \file progress.hpp
/// What a person sees while a solve runs, on standard error.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "neuspec/fit.hpp"

namespace neuspec::cli {

/// On a terminal one line that is redrawn; elsewhere a plain line at most every second; nothing when quiet.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { finish(); }

  /// What every state is headed by from now on, for example the point of a path.
  void set_title(std::string title);

  /// Shows the state of a solve, now or never: states that come too fast are passed over.
  void show(const Progress& state);

  /// A message on a line of its own.
  void say(const std::string& message);

  /// Takes the live line off the screen, so that something else can be printed.
  void clear();

  /// Leaves the last state that was given on screen and goes to a fresh line.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  void draw(const Progress& state);

  bool quiet_, terminal_;
  bool drawn_ = false;  // a live line is on screen, without its line feed
  std::string title_;
  std::optional<Progress> pending_;
  std::optional<Clock::time_point> last_;
};

}  // namespace neuspec::cli
