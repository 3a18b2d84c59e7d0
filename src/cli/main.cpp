#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <exception>
#include <iostream>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/processor.hpp"
#include "cli/ranks.hpp"
#include "neuspec/error.hpp"
#include "neuspec/version.hpp"
#include "threads/parallel.hpp"

namespace neuspec::cli {
namespace {

constexpr const char* description =
    "neuspec trains two-layer networks with polynomial activation to their global optimum and proves it.\n"
    "'neuspec SUBCOMMAND --help' explains each step with an example.";
constexpr const char* exit_codes =
    "Exit codes: 0 proven optimal to the tolerance; 2 usage; 3 bad data; 4 stopped before the tolerance\n"
    "(what there is was saved); 5 something is missing in the environment.\n"
    "Ctrl-C, SIGTERM and SIGHUP stop a solve and save its network; once more ends at once. --time-limit counts from the start of\n"
    "the program; a tenth of it and 10 s later the program ends with what is saved.";

/// Of ranks all do what training takes, other commands are the first one's; they end together, with the first one's exit code.
int on_ranks(const CLI::App& program, const Action& action) {
  if (ranks() == nullptr) return action();
  const std::string command = program.get_subcommands().front()->get_name();
  const bool shared = command == "fit" || command == "path";
  const ThreadScope threads(threads_of_rank());
  if (!is_first_rank()) listen();  // to a wish to stop the first one does, and the others stop with it
  return ranks()->together(
      [&] { return static_cast<int>(ranks()->broadcast(shared || is_first_rank() ? action() : static_cast<int>(exit_optimal))); });
}

/// The command that is asked for; all of them where the program is asked what there is.
void add_commands(CLI::App& program, Action& action, std::string_view asked) {
  constexpr std::pair<std::string_view, void (*)(CLI::App&, Action&)> commands[] = {
      {"fit", add_fit},         {"path", add_path},       {"accumulate", add_accumulate}, {"merge", add_merge},
      {"predict", add_predict}, {"certify", add_certify}, {"explain", add_explain},       {"info", add_info}};
  const bool known = std::ranges::any_of(commands, [&](const auto& command) { return command.first == asked; });
  for (const auto& [name, add] : commands) {
    if (!known || name == asked) add(program, action);
  }
}

int run(int count, char** arguments) {
  CLI::App program(description, "neuspec");
  program.set_version_flag("--version", NEUSPEC_VERSION);
  program.require_subcommand(1);
  program.footer(exit_codes);
  Action action;
  add_commands(program, action, count > 1 ? arguments[1] : "");
  int code = exit_optimal;
  try {
    program.parse(count, arguments);
    code = on_ranks(program, action);
  } catch (const CLI::ParseError& error) {
    std::ostringstream nowhere;  // of ranks that are not the first
    const bool first = is_first_rank();
    code = program.exit(error, first ? std::cout : nowhere, first ? std::cerr : nowhere) == 0 ? exit_optimal : exit_usage;
  }
  errno = 0;
  if (!std::cout.flush()) {
    throw EnvironmentError("standard output cannot be written: " + (errno != 0 ? std::generic_category().message(errno) : "it is full or closed"));
  }
  return code;
}

int complain(const char* what, int code) {
  if (is_first_rank()) std::cerr << "neuspec: " << what << '\n';
  return code;
}

struct Leaving {
  Leaving() = default;
  Leaving(const Leaving&) = delete;
  Leaving& operator=(const Leaving&) = delete;
  ~Leaving() { leave_ranks(); }
};

/// Every exception becomes a message and an exit code.
template <class Body>
int guarded(const Body& body) {
  try {
    return body();
  } catch (const UsageError& error) {
    return complain(error.what(), exit_usage);
  } catch (const DataError& error) {
    return complain(error.what(), exit_data);
  } catch (const std::bad_alloc&) {
    return complain("not enough memory", exit_environment);
  } catch (const std::exception& error) {
    return complain(error.what(), exit_environment);
  }
}

/// The message is out before the ranks are left: once one of them has ended with an error, the launcher ends the others.
int guarded_run(int count, char** arguments) {
  return guarded([&] {
    join_ranks(&count, &arguments);
    const Leaving leaving;
    const int code = guarded([&] { return run(count, arguments); });
    if (ranks() != nullptr) forget_interrupts();
    return code;
  });
}

}  // namespace
}  // namespace neuspec::cli

int main(int count, char** arguments) {
  neuspec::cli::prepare_process(arguments);
  neuspec::cli::catch_interrupts();
  return neuspec::cli::guarded_run(count, arguments);
}
