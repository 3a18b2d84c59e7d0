// What a host program hears of a solve, and may say to it.
#include <cmath>

#include "c/options.hpp"
#include "solve/checkpoint.hpp"

namespace neuspec::c {

Observer Options::observer() const {
  if (on_progress.first == nullptr) return {};
  return [callback = on_progress](const Progress& state) {
    const neuspec_progress seen = progress_of(state);
    const HostFloats floats;
    return callback.first(&seen, callback.second) == 0;
  };
}

Settings Options::solve() const {
  Settings result = settings;
  if (on_stop.first != nullptr) {
    result.stop_requested = [callback = on_stop] {
      const HostFloats floats;
      return callback.first(callback.second) != 0;
    };
  }
  if (on_checkpoint.first != nullptr) {
    result.checkpoint = [callback = on_checkpoint](const std::string& bytes) {
      const HostFloats floats;
      callback.first(bytes.data(), bytes.size(), callback.second);
    };
  }
  return result;
}

}  // namespace neuspec::c

using namespace neuspec::c;
using neuspec::UsageError;

extern "C" {

int neuspec_options_on_progress(neuspec_options* options, neuspec_progress_callback callback, void* user) {
  return guarded(options, [&] { get<Options>(options)->on_progress = {callback, user}; });
}

int neuspec_options_on_stop(neuspec_options* options, neuspec_stop_callback callback, void* user) {
  return guarded(options, [&] { get<Options>(options)->on_stop = {callback, user}; });
}

int neuspec_options_on_checkpoint(neuspec_options* options, double interval, neuspec_checkpoint_callback callback, void* user) {
  return guarded(options, [&] {
    const auto object = get<Options>(options);
    if (!(interval >= 0) || !std::isfinite(interval)) throw UsageError("interval: give seconds from 0");
    object->settings.checkpoint_interval = interval;
    object->on_checkpoint = {callback, user};
  });
}

int neuspec_options_resume(neuspec_options* options, const void* checkpoint, size_t size) {
  return guarded(options, [&] {
    const auto object = get<Options>(options);
    if (checkpoint == nullptr && size == 0) {
      object->settings.resume.reset();
      return;
    }
    const char* bytes = &required(static_cast<const char*>(checkpoint), "checkpoint");
    auto copy = std::make_shared<const std::string>(bytes, size);
    neuspec::read_checkpoint(*copy, "the checkpoint");
    object->settings.resume = std::move(copy);
  });
}

}  // extern "C"
