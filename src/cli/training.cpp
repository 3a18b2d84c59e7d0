#include "cli/training.hpp"

#include <algorithm>

#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "device/gpus.hpp"
#include "threads/available_memory.hpp"

namespace neuspec::cli {

std::string shape_text(Index samples, Index features, Index outputs) {
  const auto count = [](Index number, const char* thing) { return std::to_string(number) + " " + thing + (number == 1 ? "" : "s"); };
  return count(samples, "sample") + ", " + count(features, "feature") + ", " + count(outputs, "output");
}

double memory_of_samples(const Settings& settings) { return is_gpu(settings.device) ? 0 : settings.memory_limit; }

Settings with_what_is_left(Settings settings, const Stopwatch& clock) {
  constexpr double least = 1e-3;  // of the limit: a solve that begins late still gives a network with a proven gap
  settings.time_limit = std::max(settings.time_limit - clock.seconds(), least * settings.time_limit);
  if (memory_of_samples(settings) > 0) settings.memory_limit = std::max(1.0, settings.memory_limit - held_memory());
  return settings;
}

Observer observer_of(ProgressLine& line) {
  return [&line, told = false](const Progress& state) mutable {
    listen();
    line.show(state);
    if (interrupted() && !told) {
      line.finish();
      line.say("stopping: the best network so far is certified and saved (once more Ctrl-C ends at once)");
      told = true;
    }
    return !interrupted();
  };
}

Observer display_of(ProgressLine& line) {
  return [&line](const Progress& state) {
    line.show(state);
    return true;
  };
}

}  // namespace neuspec::cli
