// How many threads the process may keep busy at once.
#pragma once

#include <filesystem>

namespace neuspec {

/// The least of: processors that the thread may run on, processors' worth of time that the control group grants (rounded up), and what OpenMP allows
/// (OMP_NUM_THREADS, OMP_THREAD_LIMIT, no active level); 1 inside of a parallel region of the host program, whose threads are the others.
int usable_processors();

/// Processors' worth of time that the control groups of this process grant, by cpu.max (version 2) or cpu.cfs_quota_us (version 1) of its own group
/// or one above; infinity where nothing limits it. Files are looked for below `root`.
double granted_processors(const std::filesystem::path& root = "/");

}  // namespace neuspec
