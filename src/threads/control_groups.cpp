#include "threads/control_groups.hpp"

#include <fstream>
#include <sstream>

namespace neuspec {

namespace {

namespace fs = std::filesystem;

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
std::vector<Mount> mounts(const std::string& controller, const fs::path& root) {
  std::vector<Mount> found;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string skipped, group, at, type, source, options;
    fields >> skipped >> skipped >> skipped >> group >> at;
    while (fields >> skipped && skipped != "-") continue;
    fields >> type >> source >> options;
    const bool second = type == "cgroup2";
    if (second || (type == "cgroup" && has_option(options, controller))) found.push_back({at, group, second});
  }
  return found;
}

/// Lines of /proc/self/cgroup: number, controllers (none in version 2), group.
fs::path own_group(const std::string& controller, const fs::path& root, bool second_version) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (second_version ? controllers.empty() : has_option(controllers, controller)) return line.substr(second + 1);
  }
  return "/";
}

}  // namespace

std::vector<ControlGroup> control_groups(const std::string& controller, const fs::path& root) {
  std::vector<ControlGroup> groups;
  for (const Mount& mount : mounts(controller, root)) {
    const fs::path group = own_group(controller, root, mount.second_version).lexically_relative(mount.group);
    fs::path folder = root / mount.at.relative_path();
    groups.push_back({folder, mount.second_version});
    for (const fs::path& part : group) {
      if (part.empty() || part == "." || part == "..") break;  // a group outside of what is mounted here
      folder /= part;
      groups.push_back({folder, mount.second_version});
    }
  }
  return groups;
}

}  // namespace neuspec
