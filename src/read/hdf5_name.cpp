#include "read/hdf5_name.hpp"

#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace neuspec::read {

Hdf5Name hdf5_name(const std::string& path) {
  constexpr std::array<std::string_view, 4> kEndings = {".h5", ".hdf5", ".h5.gz", ".hdf5.gz"};
  std::error_code error;
  for (std::size_t colon = path.find(':'); colon != std::string::npos; colon = path.find(':', colon + 1)) {
    const std::string_view file = std::string_view(path).substr(0, colon);
    for (const std::string_view ending : kEndings) {
      if (file.ends_with(ending) && !std::filesystem::exists(path, error)) {
        return {std::string(file), path.substr(colon + 1)};
      }
    }
  }
  return {path, {}};
}

bool is_hdf5_name(const std::string& path) {
  const std::string file = hdf5_name(path).file;
  return file.ends_with(".h5") || file.ends_with(".hdf5");
}

}  // namespace neuspec::read
