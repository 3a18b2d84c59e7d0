#include "read/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "neuspec/error.hpp"

namespace neuspec::read {
namespace {

int open_without_name(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  std::string name = folder + "/neuspec-XXXXXX";  // of file systems that have no files without names
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

Spool::Spool(std::string path) : path_(std::move(path)) {
  std::error_code error;
  folder_ = std::filesystem::temp_directory_path(error).string();
  if (error) fail("there is no folder for temporary files", error.message());
  file_ = Descriptor(open_without_name(folder_));
  if (file_.value() < 0) fail("no temporary file can be made in " + folder_, std::generic_category().message(errno));
}

void Spool::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.value(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) fail("a temporary file in " + folder_ + " cannot be written", std::generic_category().message(errno));
    bytes.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
}

void Spool::fail(const std::string& what, const std::string& reason) const {
  throw EnvironmentError(path_ + ": memory does not hold what it has, and " + what + ": " + reason + " (TMPDIR says where)");
}

}  // namespace neuspec::read
