// Files of moments, docs/moments.md: little-endian, a checksum at the end.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>

#include "moments/index.hpp"
#include "network/check_model.hpp"
#include "network/preprocessing_json.hpp"
#include "network/replace_file.hpp"
#include "neuspec/error.hpp"
#include "numeric/crc64.hpp"
#include "text/utf8.hpp"

namespace neuspec {
namespace {

using moment::at;

// The first byte is no text and the line ends are what transfers as text change.
constexpr char magic[8] = {'\x89', 'N', 'S', 'M', '\r', '\n', '\x1A', '\n'};
constexpr std::uint64_t format_version = 1;
constexpr std::uint64_t most_features = 4096, most_targets = 1 << 20, most_description = 1 << 28;
constexpr std::size_t block = 1 << 13;  // numbers that travel at a time

std::uint64_t swapped(std::uint64_t word) {
  std::uint64_t result = 0;
  for (unsigned byte = 0; byte < 8; ++byte) result |= (word >> (8 * byte) & 0xFFU) << (56 - 8 * byte);
  return result;
}
std::uint64_t little_endian(std::uint64_t word) { return std::endian::native == std::endian::little ? word : swapped(word); }

class Writer {
 public:
  explicit Writer(std::ostream& file) : file_(file) {}

  void bytes(const char* data, std::size_t count) {
    checksum_.add(data, count);
    file_.write(data, static_cast<std::streamsize>(count));
  }
  void word(std::uint64_t value) {
    const std::uint64_t stored = little_endian(value);
    bytes(reinterpret_cast<const char*>(&stored), sizeof stored);
  }
  void number(double value) { word(std::bit_cast<std::uint64_t>(value)); }
  void numbers(const std::vector<double>& values) {
    std::vector<std::uint64_t> words(std::min(block, values.size()));
    for (std::size_t first = 0; first < values.size(); first += block) {
      const std::size_t count = std::min(block, values.size() - first);
      for (std::size_t i = 0; i < count; ++i) words[i] = little_endian(std::bit_cast<std::uint64_t>(values[first + i]));
      bytes(reinterpret_cast<const char*>(words.data()), count * sizeof(std::uint64_t));
    }
  }
  void finish() { word(checksum_.value()); }

 private:
  std::ostream& file_;
  Crc64 checksum_;
};

class Reader {
 public:
  Reader(std::istream& file, const std::string& name) : name_(name), file_(file) {
    if (!file_) throw DataError(name + ": cannot be read");
  }

  [[noreturn]] void damaged(const std::string& how) const { throw DataError(name_ + ": damaged moments: " + how); }

  void bytes(char* data, std::size_t count) {
    if (!file_.read(data, static_cast<std::streamsize>(count))) damaged("the file ends too early");
    checksum_.add(data, count);
  }
  std::uint64_t word() {
    std::uint64_t stored = 0;
    bytes(reinterpret_cast<char*>(&stored), sizeof stored);
    return little_endian(stored);
  }
  std::vector<double> numbers(Index count) {
    std::vector<double> values(at(count));
    std::vector<std::uint64_t> words(std::min(block, values.size()));
    for (std::size_t first = 0; first < values.size(); first += block) {
      const std::size_t part = std::min(block, values.size() - first);
      bytes(reinterpret_cast<char*>(words.data()), part * sizeof(std::uint64_t));
      for (std::size_t i = 0; i < part; ++i) {
        values[first + i] = std::bit_cast<double>(little_endian(words[i]));
        if (!std::isfinite(values[first + i])) damaged("a number is not finite");
      }
    }
    return values;
  }
  /// So many bytes are left, which is asked before room is made for them.
  void expect(std::uint64_t left) const {
    const std::istream::pos_type here = file_.tellg();
    if (here == std::istream::pos_type(-1) || !file_.seekg(0, std::ios::end)) {
      file_.clear();  // a pipe
      return;
    }
    const auto size = static_cast<std::uint64_t>(file_.tellg() - here);
    file_.seekg(here);
    if (size != left) damaged("its length is not what it says");
  }
  void finish() {
    const std::uint64_t sum = checksum_.value();
    if (word() != sum) damaged("the checksum is not that of its bytes");
    if (file_.peek() != std::char_traits<char>::eof()) damaged("something follows its end");
  }

 private:
  std::string name_;
  std::istream& file_;
  Crc64 checksum_;
};

std::string description_of(const Moments& moments) {
  const Json json = {{"provenance", utf8_of(moments.provenance())}, {"preprocessing", preprocessing_json(moments.preprocessing())}};
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

void write_sums(std::ostream& stream, const Moments& moments) {
  Writer file(stream);
  const MomentSums& sums = moments.sums();
  const std::string description = description_of(moments);
  file.bytes(magic, sizeof magic);
  file.word(format_version);
  file.word(description.size());
  file.bytes(description.data(), description.size());
  for (const Index count : {sums.samples, sums.features, sums.targets}) file.word(static_cast<std::uint64_t>(count));
  file.number(sums.rounding);
  for (const auto* values :
       {&sums.shift, &sums.target_shift, &sums.envelope, &sums.target_envelope, &sums.plain, &sums.fourth, &sums.linear, &sums.squares})
    file.numbers(*values);
  file.finish();
}

MomentSums sums_from(Reader& file) {
  MomentSums sums;
  const std::uint64_t samples = file.word(), features = file.word(), targets = file.word();
  if (samples < 1 || samples > std::uint64_t{1} << 62U || features < 1 || features > most_features || targets < 1 || targets > most_targets)
    file.damaged("impossible numbers of samples, features or targets");
  sums.samples = static_cast<Index>(samples);
  const auto d = sums.features = static_cast<Index>(features), C = sums.targets = static_cast<Index>(targets);
  const Index N = d + 1, p = moment::pairs(N), fourth = 2 * moment::quadruples(N);
  file.expect(8 * static_cast<std::uint64_t>(1 + d + C + N + C + 4 * d + fourth + 2 * C * p + 2 * C + 1));
  sums.rounding = file.numbers(1)[0];
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
void check(const Reader& file, const MomentSums& sums, const Preprocessing& columns) {
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
  Reader file(stream, name);
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
