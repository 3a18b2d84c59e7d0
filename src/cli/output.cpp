#include "cli/output.hpp"

#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <ostream>
#include <system_error>

#include "network/replace_file.hpp"
#include "neuspec/error.hpp"
#include "read/hdf5_name.hpp"
#include "read/parts.hpp"
#include "text/number.hpp"

namespace neuspec::cli {
namespace {

/// The same for two names of one file, whether it exists (links, hard links, file systems that take a for A) or not; nothing for pipes and devices,
/// which take any number of outputs.
std::string identity_of(const std::filesystem::path& place) {
  struct stat status{};
  if (::stat(place.c_str(), &status) == 0) {
    return S_ISREG(status.st_mode) ? std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino) : std::string();
  }
  struct stat folder{};
  const bool in_folder = ::stat(place.parent_path().c_str(), &folder) == 0;
  return (in_folder ? std::to_string(folder.st_dev) + ':' + std::to_string(folder.st_ino) : place.parent_path().string()) + '/' +
         place.filename().string();
}

/// Standard streams are taken by what they are redirected to.
std::string place_of(const std::string& path) {
  if (path.empty() || path == "/dev/stdout" || path == "/dev/stderr") {
    return {};
  }
  return identity_of(final_place(path));
}

}  // namespace

void check_outputs(const std::vector<std::string>& outputs, const std::vector<std::string>& inputs) {
  std::vector<std::string> taken = {identity_of("/dev/stdout"), identity_of("/dev/stderr")};
  taken.reserve(taken.size() + inputs.size() + outputs.size());
  for (const std::string& input : inputs) {
    for (const std::string& part : input.empty() ? std::vector<std::string>() : read::parts_of(input)) {
      taken.push_back(place_of(read::hdf5_name(part).file));
    }
  }
  for (const std::string& output : outputs) {
    if (output.empty()) {
      continue;
    }
    check_writable(output);
    const std::string place = place_of(output);
    for (const std::string& other : taken) {
      if (!place.empty() && place == other) {
        throw UsageError(output + ": would overwrite an input or another output (two names of one file are one file)");
      }
    }
    taken.push_back(place);
  }
  for (const std::string& output : outputs) {
    if (!output.empty()) remove_leftovers(output);  // nothing is removed for a command that is refused
  }
}

void write_text(const std::string& path, const std::string& text) {
  replace_file(path, [&text](std::ostream& file) { file << text; });
}

std::string rounded(double value, int digits) { return format_rounded(value, digits, Rounding::nearest); }
std::string lower_bound_text(double value, int digits) { return format_rounded(value, digits, Rounding::down); }
std::string upper_bound_text(double value, int digits) { return format_rounded(value, digits, Rounding::up); }

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char character : text) {
    quoted += character;
    if (character == '"') {
      quoted += '"';
    }
  }
  return quoted + '"';
}

std::string convergence_csv(const std::vector<Progress>& history) {
  const auto finite = [](double value) { return std::isfinite(value) ? format_number(value) : std::string(); };
  std::string text = "seconds,iterations,primal,dual,relative_gap,neurons\n";
  for (const Progress& state : history) {
    text += format_number(state.seconds) + ',' + format_number(state.iterations) + ',' + finite(state.primal) + ',' + finite(state.dual) + ',' +
            finite(state.relative_gap) + ',' + format_number(state.neurons) + '\n';
  }
  return text;
}

}  // namespace neuspec::cli
