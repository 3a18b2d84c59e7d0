/// \file interrupt.hpp
/// Wishes to stop: Ctrl-C, the SIGTERM of a queue, the SIGHUP of a lost terminal, a limit of time. They hold everywhere in the program.
#pragma once

#include <string>

namespace neuspec::cli {

/// Seconds that the work has to end by itself after a wish to stop.
constexpr unsigned patience = 10;

/// From now on SIGINT, SIGTERM and SIGHUP (this one unless it was ignored, as nohup does) end the program at once with exit code 4, for there is
/// nothing to save; after `listen` the first of them makes `interrupted` true, and the work has `patience` seconds to save what it has. A second
/// one ends the program as it would any other. No file is left half-written.
void catch_interrupts();

/// From now on there is nothing to save or to say: a wish to stop ends the program as it would any other.
void forget_interrupts();

/// From now on whoever reads the program's output may go: what is to be saved still will be. Without it the first write to nobody ends the program.
void outlive_readers();

/// From now on the work asks for `interrupted` between its steps.
void listen();

/// Whether a wish to stop came.
bool interrupted();

/// What is in the files in case the program has to end before the work does: the end of a sentence, such as "the network is in net.json".
void note_saved(const std::string& what);

/// Ends the program when so many seconds and what the work may need to save have passed (a tenth of them and `patience`); never if they are infinite.
void hold_time_limit(double seconds);

}  // namespace neuspec::cli
