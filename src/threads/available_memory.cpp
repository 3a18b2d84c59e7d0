#include "threads/available_memory.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <new>
#include <optional>
#include <string>

#include "threads/control_groups.hpp"

namespace neuspec {

namespace {

namespace fs = std::filesystem;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double kibibyte = 1024;

/// The number that a file begins with.
std::optional<double> number_in(const fs::path& path) {
  std::ifstream file(path);
  double value = 0;
  return file >> value ? std::optional(value) : std::nullopt;  // "max" where there is no limit
}

/// Lines of a name and a number.
std::optional<double> number_of(const std::string& wanted, const fs::path& path) {
  std::ifstream file(path);
  std::string name, rest;
  for (double value = 0; file >> name >> value; std::getline(file, rest)) {
    if (name == wanted) return value;
  }
  return std::nullopt;
}

/// What is used counts the cache of files, which is given back before the limit strikes.
double left_in(const ControlGroup& group) {
  const char* const prefix = group.second_version ? "" : "total_";
  double limit = infinity;
  for (const char* name : {"memory.max", "memory.high", "memory.limit_in_bytes"})
    limit = std::min(limit, number_in(group.folder / name).value_or(infinity));
  const auto used = number_in(group.folder / (group.second_version ? "memory.current" : "memory.usage_in_bytes"));
  if (!used || limit == infinity) return limit;
  double cache = 0;
  for (const char* name : {"inactive_file", "active_file"}) cache += number_of(std::string(prefix) + name, group.folder / "memory.stat").value_or(0);
  return std::max(0.0, limit - std::max(0.0, *used - cache));
}

}  // namespace

double available_memory(const fs::path& root) {
  const auto available = number_of("MemAvailable:", root / "proc/meminfo");
  double left = available ? kibibyte * *available : static_cast<double>(sysconf(_SC_AVPHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  for (const ControlGroup& group : control_groups("memory", root)) left = std::min(left, left_in(group));
  return left;
}

void expect_memory(double bytes) {
  constexpr double worth_asking = 1 << 26;  // what is there is read from half a dozen files
  if (bytes >= worth_asking && bytes > available_memory()) throw std::bad_alloc();
}

double address_space_left() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return infinity;
  double pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return std::max(0.0, static_cast<double>(limit.rlim_cur) - pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
}

double held_memory() {
  double pages = 0, resident = 0, shared = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident >> shared;
  return (resident - shared) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace neuspec
