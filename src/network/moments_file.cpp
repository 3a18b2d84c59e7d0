// Files of moments, docs/moments.md: little-endian, a checksum at the end.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>

#include "moments/index.hpp"
#include "network/check_model.hpp"
#include "network/checked_stream.hpp"
#include "network/preprocessing_json.hpp"
#include "network/replace_file.hpp"
#include "neuspec/error.hpp"
#include "text/utf8.hpp"

namespace neuspec {
namespace {

// The first byte is no text and the line ends are what transfers as text change.
constexpr char magic[8] = {'\x89', 'N', 'S', 'M', '\r', '\n', '\x1A', '\n'};
constexpr std::uint64_t format_version = 1;
constexpr std::uint64_t most_features = 4096, most_targets = 1 << 20, most_description = 1 << 28;

std::string description_of(const Moments& moments) {
  const Json json = {{"provenance", utf8_of(moments.provenance())}, {"preprocessing", preprocessing_json(moments.preprocessing())}};
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

void write_sums(std::ostream& stream, const Moments& moments) {
  CheckedWriter file(stream);
  const MomentSums& sums = moments.sums();
  const std::string description = description_of(moments);
  file.bytes(magic, sizeof magic);
  file.word(format_version);
  file.word(description.size());
  file.bytes(description.data(), description.size());
  for (const Index count : {sums.samples, sums.features, sums.targets}) file.count(count);
  file.number(sums.rounding);
  for (const auto* values :
       {&sums.shift, &sums.target_shift, &sums.envelope, &sums.target_envelope, &sums.plain, &sums.fourth, &sums.linear, &sums.squares})
    file.numbers(*values);
  file.finish();
}

MomentSums sums_from(CheckedReader& file) {
  MomentSums sums;
  const std::uint64_t samples = file.word(), features = file.word(), targets = file.word();
  if (samples < 1 || samples > std::uint64_t{1} << 62U || features < 1 || features > most_features || targets < 1 || targets > most_targets)
    file.damaged("impossible numbers of samples, features or targets");
  sums.samples = static_cast<Index>(samples);
  const auto d = sums.features = static_cast<Index>(features), C = sums.targets = static_cast<Index>(targets);
  const Index N = d + 1, p = moment::pairs(N), fourth = 2 * moment::quadruples(N);
  file.expect(8 * static_cast<std::uint64_t>(1 + d + C + N + C + 4 * d + fourth + 2 * C * p + 2 * C + 1));
  sums.rounding = file.number();
  sums.shift = file.numbers(d);
  sums.target_shift = file.numbers(C);
  sums.envelope = file.numbers(N);
  sums.target_envelope = file.numbers(C);
  sums.plain = file.numbers(4 * d);
  sums.fourth = file.numbers(fourth);
  sums.linear = file.numbers(2 * C * p);
  sums.squares = file.numbers(2 * C);
  return sums;
}

/// What a correct writer never writes, whatever the checksum says.
void check(const CheckedReader& file, const MomentSums& sums, const Preprocessing& columns) {
  const auto negative = [](double value) { return value < 0; };
  if (sums.rounding < 1 || std::any_of(sums.envelope.begin(), sums.envelope.end(), negative) ||
      std::any_of(sums.target_envelope.begin(), sums.target_envelope.end(), negative))
    file.damaged("its bounds are none");
  try {
    check_preprocessing(columns, sums.features, sums.targets);
    require(columns.mean.empty(), "moments in a file are not standardised");
  } catch (const DataError& error) {
    file.damaged(error.what());
  }
}

void check_writing(const Moments& moments, const std::string& name) {
  if (moments.samples() < 1) throw UsageError(name + ": not written: the moments are of no samples");
  if (!moments.preprocessing().mean.empty()) throw UsageError(name + ": not written: moments are saved before they are standardised");
}

}  // namespace

void Moments::save(const std::string& path) const {
  check_writing(*this, path);
  replace_file(path, [this](std::ostream& stream) { write_sums(stream, *this); });
}

void Moments::write(std::ostream& stream, const std::string& name) const {
  check_writing(*this, name);
  write_sums(stream, *this);
}

Moments Moments::load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return read(file, path);
}

Moments Moments::read(std::istream& stream, const std::string& name) {
  CheckedReader file(stream, name, "moments");
  char begin[sizeof magic];
  file.bytes(begin, sizeof begin);
  if (std::memcmp(begin, magic, sizeof magic) != 0) throw DataError(name + ": not a file of moments");
  const std::uint64_t version = file.word();
  if (version != format_version)
    throw DataError(name + ": moments of format " + std::to_string(version) + ", this program reads format " + std::to_string(format_version));
  try {
    const std::uint64_t length = file.word();
    if (length > most_description) file.damaged("an impossible length");
    std::string description(length, ' ');
    file.bytes(description.data(), description.size());
    Moments result;
    result.sums_ = sums_from(file);
    file.finish();
    const Json json = Json::parse(description);
    result.preprocessing_ = preprocessing_from(json.at("preprocessing"), preprocessing_version);
    json.at("provenance").get_to(result.provenance_);
    check(file, result.sums_, result.preprocessing_);
    return result;
  } catch (const nlohmann::json::exception&) {
    file.damaged("its description is none");
  } catch (const std::bad_alloc&) {
    throw EnvironmentError(name + ": not enough memory for these moments");
  }
}

bool Moments::is_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  std::ifstream file(path, std::ios::binary);
  char begin[sizeof magic];
  return file.read(begin, sizeof begin) && std::memcmp(begin, magic, sizeof magic) == 0;
}

}  // namespace neuspec
