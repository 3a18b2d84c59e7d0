#include "threads/processors.hpp"

#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace neuspec {

namespace {

namespace fs = std::filesystem;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Where a hierarchy of control groups is mounted, and which of its groups is seen there.
struct Mount {
  fs::path at, group;
  bool second_version = false;
};

bool has_option(const std::string& options, const std::string& wanted) {
  std::istringstream list(options);
  for (std::string option; std::getline(list, option, ',');) {
    if (option == wanted) return true;
  }
  return false;
}

/// Lines of /proc/self/mountinfo: number, parent, device, root, mount point, options, optional fields, "-", type, source, options of the type.
std::vector<Mount> mounts(const fs::path& root) {
  std::vector<Mount> found;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string skipped, group, at, type, source, options;
    fields >> skipped >> skipped >> skipped >> group >> at;
    while (fields >> skipped && skipped != "-") continue;
    fields >> type >> source >> options;
    const bool second = type == "cgroup2";
    if (second || (type == "cgroup" && has_option(options, "cpu"))) found.push_back({at, group, second});
  }
  return found;
}

/// Lines of /proc/self/cgroup: number, controllers (none in version 2), group.
fs::path own_group(const fs::path& root, bool second_version) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (second_version ? controllers.empty() : has_option(controllers, "cpu")) return line.substr(second + 1);
  }
  return "/";
}

double granted_in(const fs::path& folder, bool second_version) {
  double quota = 0, period = 0;
  if (second_version) {
    std::ifstream file(folder / "cpu.max");  // "max 100000" where there is no limit
    if (!(file >> quota >> period)) return infinity;
  } else {
    std::ifstream quota_file(folder / "cpu.cfs_quota_us"), period_file(folder / "cpu.cfs_period_us");
    if (!(quota_file >> quota) || !(period_file >> period)) return infinity;  // −1 where there is no limit
  }
  return quota > 0 && period > 0 ? quota / period : infinity;
}

}  // namespace

double granted_processors(const fs::path& root) {
  double granted = infinity;
  for (const Mount& mount : mounts(root)) {
    const fs::path group = own_group(root, mount.second_version).lexically_relative(mount.group);
    fs::path folder = root / mount.at.relative_path();
    granted = std::min(granted, granted_in(folder, mount.second_version));
    for (const fs::path& part : group) {
      if (part.empty() || part == "." || part == "..") break;  // a group outside of what is mounted here
      folder /= part;
      granted = std::min(granted, granted_in(folder, mount.second_version));
    }
  }
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
