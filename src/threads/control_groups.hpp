// The control groups of this process, which limit what it gets of the machine's processors and memory.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace neuspec {

struct ControlGroup {
  std::filesystem::path folder;
  bool second_version = false;  ///< of the interface, whose files have other names
};

/// The group of this process and those above it that `controller` ("cpu", "memory") may limit, as far as they are mounted. Files are looked for below
/// `root`.
std::vector<ControlGroup> control_groups(const std::string& controller, const std::filesystem::path& root = "/");

}  // namespace neuspec
