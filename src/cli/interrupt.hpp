/// \file interrupt.hpp
/// Ctrl-C as a wish to stop with what there is.
#pragma once

namespace neuspec::cli {

/// From now on the first SIGINT or SIGTERM only sets a flag; the second one ends the process as usual.
void catch_interrupts();

/// Whether one came.
bool interrupted();

}  // namespace neuspec::cli
