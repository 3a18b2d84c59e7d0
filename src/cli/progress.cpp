#include "cli/progress.hpp"

#include <unistd.h>

#include <iomanip>
#include <iostream>
#include <sstream>
#include <utility>

#include "cli/output.hpp"

namespace neuspec::cli {
namespace {

constexpr const char* start_of_line = "\r\033[K";

/// One state in less than 80 columns.
std::string state_text(const Progress& state) {
  std::ostringstream text;
  text << "iter " << std::setw(5) << state.iterations << "  primal " << std::setw(10) << upper_bound_text(state.primal, 7) << "  dual "
       << std::setw(10) << lower_bound_text(state.dual, 7) << "  gap " << std::setw(7) << upper_bound_text(state.relative_gap, 2) << "  neurons "
       << state.neurons << "  " << std::fixed << std::setprecision(1) << state.seconds << " s";
  return std::move(text).str();
}

}  // namespace

ProgressLine::ProgressLine(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::set_title(std::string title) { title_ = std::move(title); }

void ProgressLine::show(const Progress& state) {
  if (quiet_) {
    return;
  }
  const auto pause = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(1000);
  const Clock::time_point now = Clock::now();
  if (last_ && now - *last_ < pause) {
    pending_ = state;
    return;
  }
  last_ = now;
  draw(state);
}

void ProgressLine::draw(const Progress& state) {
  pending_.reset();
  std::cerr << (terminal_ ? start_of_line : "") << title_ << state_text(state);
  if (terminal_) {
    std::cerr << std::flush;
    drawn_ = true;
  } else {
    std::cerr << std::endl;
  }
}

void ProgressLine::clear() {
  pending_.reset();
  last_.reset();
  if (drawn_) {
    std::cerr << start_of_line << std::flush;
    drawn_ = false;
  }
}

void ProgressLine::say(const std::string& message) {
  if (quiet_) {
    return;
  }
  clear();
  std::cerr << message << std::endl;
}

void ProgressLine::finish() {
  if (pending_) {
    draw(*pending_);
  }
  if (drawn_) {
    std::cerr << std::endl;
    drawn_ = false;
  }
}

}  // namespace neuspec::cli
