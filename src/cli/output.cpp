#include "cli/output.hpp"

#include <filesystem>
#include <ostream>
#include <system_error>

#include "network/replace_file.hpp"
#include "neuspec/error.hpp"
#include "text/number.hpp"

namespace neuspec::cli {
namespace {

/// The same for two names of one file; pipes and devices are never the same.
std::string place_of(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return {};
  }
  const auto place = std::filesystem::weakly_canonical(path, error);
  return error ? path : place.string();
}

}  // namespace

void check_outputs(const std::vector<std::string>& outputs, const std::vector<std::string>& inputs) {
  std::vector<std::string> taken;
  taken.reserve(inputs.size() + outputs.size());
  for (const std::string& input : inputs) {
    taken.push_back(place_of(input));
  }
  for (const std::string& output : outputs) {
    if (output.empty()) {
      continue;
    }
    check_writable(output);
    const std::string place = place_of(output);
    for (const std::string& other : taken) {
      if (!place.empty() && place == other) {
        throw UsageError(output + ": would overwrite an input or another output");
      }
    }
    taken.push_back(place);
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
  std::string text = "seconds,iterations,primal,dual,relative_gap,neurons\n";
  for (const Progress& state : history) {
    text += format_number(state.seconds) + ',' + format_number(state.iterations) + ',' + format_number(state.primal) + ',' +
            format_number(state.dual) + ',' + format_number(state.relative_gap) + ',' + format_number(state.neurons) + '\n';
  }
  return text;
}

}  // namespace neuspec::cli
