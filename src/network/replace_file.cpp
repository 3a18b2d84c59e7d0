#include "network/replace_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iostream>
#include <string_view>
#include <system_error>
#include <utility>

#include "neuspec/error.hpp"
#include "text/number.hpp"

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

/// The stream that a name stands for, or null. Opened by name, a redirected stream would be cut to nothing under what it holds already.
std::ostream* standard_stream(const std::string& path) {
  if (path == "/dev/stdout") return &std::cout;
  return path == "/dev/stderr" ? &std::cerr : nullptr;
}

void write_stream(const std::string& path, std::ostream& stream, const std::function<void(std::ostream&)>& write) {
  errno = 0;
  write(stream);
  if (!stream.flush()) {
    fail(path, errno != 0 ? reason_of(errno) : "the device is full or gone");
  }
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

constexpr const char* part_mark = ".part";  // of temporaries, before the process and a count

// A signal handler can reach nothing but what is static.
std::atomic<const char*> unfinished = nullptr;
static_assert(std::atomic<const char*>::is_always_lock_free);

/// Removes the temporary unless it was renamed.
class Temporary {
 public:
  explicit Temporary(fs::path place) : path_(std::move(place)) {
    static std::atomic<unsigned> count = 0;  // several threads may write one name at a time, each its own whole file
    path_ += part_mark + std::to_string(::getpid()) + "-" + std::to_string(++count);
    unfinished = path_.c_str();
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    std::error_code ignored;
    fs::remove(path_, ignored);
    const char* mine = path_.c_str();
    unfinished.compare_exchange_strong(mine, nullptr);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

void remove_leftovers(const std::string& path) {
  if (is_special(path)) return;
  const fs::path place = final_place(path);
  const std::string begin = place.filename().string() + part_mark;
  std::error_code error;
  for (auto entry = fs::directory_iterator(place.parent_path(), error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const std::size_t dash = name.find('-', begin.size());
    if (!name.starts_with(begin) || dash == std::string::npos) continue;
    const auto process = parse_number<int>(std::string_view(name).substr(begin.size(), dash - begin.size()));
    const auto count = parse_number<int>(std::string_view(name).substr(dash + 1));
    if (!process || !count || *process < 1 || ::kill(*process, 0) == 0 || errno != ESRCH) continue;
    std::error_code ignored;
    fs::remove(entry->path(), ignored);
  }
}

const char* unfinished_file() { return unfinished; }

fs::path final_place(const std::string& path) {
  constexpr int most_links = 40;
  std::error_code error;
  fs::path place = path;
  // A link to what does not exist yet is none to weakly_canonical.
  for (int link = 0; link < most_links && fs::is_symlink(place, error); ++link) {
    const fs::path target = fs::read_symlink(place, error);
    if (error) break;
    place = target.is_absolute() ? target : place.parent_path() / target;
  }
  const fs::path whole = fs::weakly_canonical(fs::absolute(place, error), error);
  return error ? fs::path(path) : whole;
}

void check_writable(const std::string& path) {
  if (path.empty()) {
    throw EnvironmentError("the name of a file to write is empty");
  }
  if (standard_stream(path) != nullptr) {
    return;
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
  if (std::ostream* stream = standard_stream(path)) {
    write_stream(path, *stream, write);
    return;
  }
  if (is_special(path)) {
    check_writable(path);
    write_directly(path, path, write);
    return;
  }
  replace_regular_file(path, [&](const std::string& place) { write_directly(path, place, write); });
}

void replace_regular_file(const std::string& path, const std::function<void(const std::string& place)>& write) {
  check_writable(path);
  if (is_special(path)) {
    fail(path, "it is no regular file, as this format needs");
  }
  const fs::path place = final_place(path);
  const Temporary temporary(place);
  write(temporary.path().string());
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
