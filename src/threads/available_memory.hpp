// How much memory the process holds, and may still take.
#pragma once

#include <filesystem>

namespace neuspec {

/// Bytes that can be had without swapping: what is free and what the page cache gives back, on the machine and in each control group of this process
/// whose memory is limited (memory.max and memory.high of version 2, memory.limit_in_bytes of version 1). Files are looked for below `root`.
double available_memory(const std::filesystem::path& root = "/");

/// Bytes that a limit on the address space (ulimit -v) leaves; infinity without one.
double address_space_left();

/// Before so many more bytes are taken. \throws std::bad_alloc where they are not there: Linux promises them, and ends the process that uses them.
void expect_memory(double bytes);

/// Bytes of memory that the process holds, without files that it has mapped.
double held_memory();

}  // namespace neuspec
