#include "network/replace_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "neuspec/error.hpp"

namespace neuspec {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path, const std::string& reason) { throw EnvironmentError(path + ": cannot be written: " + reason); }

std::string reason_of(int error) { return std::generic_category().message(error); }

/// Pipes, terminals and what else has no content to replace; also the shell's redirections, which /dev names.
bool is_special(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  return path.starts_with("/dev/") || (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status));
}

/// Where the bytes go in the end: a link's target, so that the link itself survives the renaming.
fs::path final_place(const std::string& path) {
  std::error_code error;
  const fs::path place = fs::weakly_canonical(path, error);
  return error ? fs::path(path) : place;
}

void write_directly(const std::string& path, const fs::path& place, const std::function<void(std::ostream&)>& write) {
  errno = 0;
  std::ofstream file(place, std::ios::binary | std::ios::trunc);
  if (!file) {
    fail(path, reason_of(errno));
  }
  write(file);
  errno = 0;
  file.close();
  if (!file) {
    fail(path, errno != 0 ? reason_of(errno) : "the device is full or gone");
  }
}

/// Removes the temporary unless it was renamed.
class Temporary {
 public:
  explicit Temporary(fs::path place) : path_(std::move(place)) { path_ += ".part" + std::to_string(::getpid()); }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

void check_writable(const std::string& path) {
  if (path.empty()) {
    throw EnvironmentError("the name of a file to write is empty");
  }
  const fs::path place = is_special(path) ? fs::path(path) : final_place(path);
  std::error_code error;
  if (fs::is_directory(place, error)) {
    fail(path, "it is a folder");
  }
  if (fs::exists(place, error) && ::access(place.c_str(), W_OK) != 0) {
    fail(path, reason_of(errno));
  }
  if (is_special(path)) {
    return;
  }
  const fs::path folder = place.has_parent_path() ? place.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error)) {
    fail(path, "there is no folder " + folder.string());
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    fail(path, "its folder: " + reason_of(errno));
  }
}

void replace_file(const std::string& path, const std::function<void(std::ostream&)>& write) {
  check_writable(path);
  if (is_special(path)) {
    write_directly(path, path, write);
    return;
  }
  const fs::path place = final_place(path);
  const Temporary temporary(place);
  write_directly(path, temporary.path(), write);
  struct stat before{};
  if (::stat(place.c_str(), &before) == 0) {
    ::chmod(temporary.path().c_str(), before.st_mode & 07777U);
  }
  std::error_code error;
  fs::rename(temporary.path(), place, error);
  if (error) {
    fail(path, error.message());
  }
}

}  // namespace neuspec
