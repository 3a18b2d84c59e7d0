/// \file command.hpp
/// The subcommands of the program. Each adds its options and, once chosen, sets what is to be done.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace neuspec::cli {

enum ExitCode { exit_optimal = 0, exit_usage = 2, exit_data = 3, exit_stopped = 4, exit_environment = 5 };

/// What the chosen subcommand does after all options were read; returns the exit code.
using Action = std::function<int()>;

void add_fit(CLI::App& program, Action& action);
void add_path(CLI::App& program, Action& action);
void add_accumulate(CLI::App& program, Action& action);
void add_merge(CLI::App& program, Action& action);
void add_predict(CLI::App& program, Action& action);
void add_certify(CLI::App& program, Action& action);
void add_explain(CLI::App& program, Action& action);
void add_info(CLI::App& program, Action& action);

}  // namespace neuspec::cli
