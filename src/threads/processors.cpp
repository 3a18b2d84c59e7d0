#include "threads/processors.hpp"

#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <thread>

#include "threads/control_groups.hpp"

namespace neuspec {

namespace {

namespace fs = std::filesystem;
constexpr double infinity = std::numeric_limits<double>::infinity();

double granted_in(const ControlGroup& group) {
  double quota = 0, period = 0;
  if (group.second_version) {
    std::ifstream file(group.folder / "cpu.max");  // "max 100000" where there is no limit
    if (!(file >> quota >> period)) return infinity;
  } else {
    std::ifstream quota_file(group.folder / "cpu.cfs_quota_us"), period_file(group.folder / "cpu.cfs_period_us");
    if (!(quota_file >> quota) || !(period_file >> period)) return infinity;  // −1 where there is no limit
  }
  return quota > 0 && period > 0 ? quota / period : infinity;
}

}  // namespace

double granted_processors(const fs::path& root) {
  double granted = infinity;
  for (const ControlGroup& group : control_groups("cpu", root)) granted = std::min(granted, granted_in(group));
  return granted;
}

int usable_processors() {
  if (omp_in_parallel() != 0 || omp_get_max_active_levels() < 1) return 1;
  static const double granted = std::ceil(granted_processors());
  cpu_set_t set;
  const int allowed = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : static_cast<int>(std::thread::hardware_concurrency());
  const int most = std::max(1, std::min({allowed, omp_get_max_threads(), omp_get_thread_limit()}));
  return granted < most ? std::max(1, static_cast<int>(granted)) : most;
}

}  // namespace neuspec
