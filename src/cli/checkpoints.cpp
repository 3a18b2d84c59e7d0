#include "cli/checkpoints.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "network/replace_file.hpp"
#include "neuspec/error.hpp"
#include "solve/checkpoint.hpp"
#include "text/number.hpp"

namespace neuspec::cli {
namespace {

/// On the disk, not on its way there: a machine may fail too.
void write_through(const std::string& path, const std::string& bytes) {
  replace_regular_file(path, [&bytes, &path](const std::string& place) {
    const int file = ::open(place.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    std::size_t written = 0;
    while (file >= 0 && written < bytes.size()) {
      const ssize_t count = ::write(file, bytes.data() + written, bytes.size() - written);
      if (count < 0 && errno != EINTR) break;
      written += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    const bool whole = file >= 0 && written == bytes.size() && ::fsync(file) == 0;
    const int reason = errno;
    if (file >= 0) ::close(file);
    if (!whole) throw EnvironmentError(path + ": cannot be written: " + std::generic_category().message(reason));
  });
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file) throw DataError(path + ": cannot be read, or is empty");
  return std::move(content).str();
}

}  // namespace

void add_checkpoint_options(CLI::App& command, CheckpointOptions& options) {
  constexpr const char* group = "Checkpoints";
  command.add_option("--checkpoint", options.path, "keep the state of the solve in this file, which is always whole")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--every", options.every, "how often at most, for example 60s, 5m or 2h; and whenever the solve ends [60s]")
      ->type_name("TIME")
      ->group(group);
  command.add_flag("--resume", options.resume, "go on from what is in the file of --checkpoint; from the beginning where there is none yet")
      ->group(group);
}

double duration(const std::string& option, const std::string& text) {
  const char unit = text.empty() ? ' ' : text.back();
  const double seconds = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : 0;
  const auto number = parse_number<double>(std::string_view(text).substr(0, text.size() - (seconds > 0 ? 1 : 0)));
  const double result = number.value_or(0) * (seconds > 0 ? seconds : 1);
  if (!std::isfinite(result) || !(result > 0)) {
    throw UsageError(option + " '" + text + "': give a time above 0, for example 90, 60s, 5m or 2h");
  }
  return result;
}

void keep_checkpoints(const CheckpointOptions& options, Settings& settings) {
  settings.checkpoint_interval = duration("--every", options.every);
  if (options.path.empty()) {
    if (options.resume) throw UsageError("--resume goes on from a checkpoint: name its file with --checkpoint");
    return;
  }
  std::error_code error;
  const bool there = std::filesystem::exists(options.path, error);
  if (there && !options.resume) {
    throw UsageError(options.path + ": is there already: go on from it with --resume, or remove it");
  }
  check_writable(options.path);
  if (there) {
    settings.resume = std::make_shared<const std::string>(content_of(options.path));
    read_checkpoint(*settings.resume, options.path);  // before anything takes long
  } else if (options.resume) {
    std::cerr << options.path << ": no checkpoint yet; from the beginning\n";
  }
  settings.checkpoint = [path = options.path](const std::string& bytes) {
    try {
      write_through(path, bytes);
    } catch (const EnvironmentError& failure) {
      std::cerr << "neuspec: " << failure.what() << "; the solve goes on, the checkpoint is what it was\n";
    }
  };
}

}  // namespace neuspec::cli
