/// \file checkpoints.hpp
/// A solve on its way in a file, to go on from after whatever ended the program.
#pragma once

#include <memory>
#include <string>

#include "cli/options.hpp"

namespace neuspec::cli {

struct CheckpointOptions {
  std::string path, every = "60s";
  bool resume = false;
};
void add_checkpoint_options(CLI::App& command, CheckpointOptions& options);

/// Seconds of "90", "60s", "5m" or "2h". \throws UsageError naming the option unless they are a finite number above 0
double duration(const std::string& option, const std::string& text);

/// Makes the settings write checkpoints and, on wish, go on from the one in the file; nothing where no file was named.
///
/// `--resume` is a flag: it goes on from the file that `--checkpoint` names, and begins anew where there is none yet, so that one job script serves
/// for the first run and for all after it. Without it a file that is there already is refused: it may be hours of work.
/// \throws UsageError, EnvironmentError where the file cannot be written later, DataError where it is no whole checkpoint
void keep_checkpoints(const CheckpointOptions& options, Settings& settings);

}  // namespace neuspec::cli
