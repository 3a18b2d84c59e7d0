#include "network/checked_stream.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "neuspec/error.hpp"

namespace neuspec {
namespace {

constexpr std::size_t block = 1 << 13;  // numbers that travel at a time

std::uint64_t swapped(std::uint64_t word) {
  std::uint64_t result = 0;
  for (unsigned byte = 0; byte < 8; ++byte) result |= (word >> (8 * byte) & 0xFFU) << (56 - 8 * byte);
  return result;
}
std::uint64_t little_endian(std::uint64_t word) { return std::endian::native == std::endian::little ? word : swapped(word); }

}  // namespace

void CheckedWriter::bytes(const char* data, std::size_t count) {
  checksum_.add(data, count);
  file_.write(data, static_cast<std::streamsize>(count));
}

void CheckedWriter::word(std::uint64_t value) {
  const std::uint64_t stored = little_endian(value);
  bytes(reinterpret_cast<const char*>(&stored), sizeof stored);
}

void CheckedWriter::number(double value) { word(std::bit_cast<std::uint64_t>(value)); }

void CheckedWriter::numbers(const std::vector<double>& values) {
  std::vector<std::uint64_t> words(std::min(block, values.size()));
  for (std::size_t first = 0; first < values.size(); first += block) {
    const std::size_t count = std::min(block, values.size() - first);
    for (std::size_t i = 0; i < count; ++i) words[i] = little_endian(std::bit_cast<std::uint64_t>(values[first + i]));
    bytes(reinterpret_cast<const char*>(words.data()), count * sizeof(std::uint64_t));
  }
}

CheckedReader::CheckedReader(std::istream& file, std::string name, std::string thing)
    : name_(std::move(name)), thing_(std::move(thing)), file_(file) {
  if (!file_) throw DataError(name_ + ": cannot be read");
}

void CheckedReader::damaged(const std::string& how) const { throw DataError(name_ + ": damaged " + thing_ + ": " + how); }

void CheckedReader::bytes(char* data, std::size_t count) {
  if (!file_.read(data, static_cast<std::streamsize>(count))) damaged("the file ends too early");
  checksum_.add(data, count);
}

std::uint64_t CheckedReader::word() {
  std::uint64_t stored = 0;
  bytes(reinterpret_cast<char*>(&stored), sizeof stored);
  return little_endian(stored);
}

std::vector<double> CheckedReader::numbers(Index count) {
  std::vector<double> values;
  const auto all = static_cast<std::size_t>(count);
  std::vector<std::uint64_t> words(std::min(block, all));
  while (values.size() < all) {
    const std::size_t first = values.size(), part = std::min(block, all - first);
    bytes(reinterpret_cast<char*>(words.data()), part * sizeof(std::uint64_t));
    if (first == 0) values.reserve(all);
    for (std::size_t i = 0; i < part; ++i) {
      values.push_back(std::bit_cast<double>(little_endian(words[i])));
      if (!std::isfinite(values.back())) damaged("a number is not finite");
    }
  }
  return values;
}

void CheckedReader::expect(std::uint64_t left) const {
  const std::istream::pos_type here = file_.tellg();
  if (here == std::istream::pos_type(-1) || !file_.seekg(0, std::ios::end)) {
    file_.clear();  // a pipe
    return;
  }
  const auto size = static_cast<std::uint64_t>(file_.tellg() - here);
  file_.seekg(here);
  if (size != left) damaged("its length is not what it says");
}

void CheckedReader::finish() {
  const std::uint64_t sum = checksum_.value();
  if (word() != sum) damaged("the checksum is not that of its bytes");
  if (file_.peek() != std::char_traits<char>::eof()) damaged("something follows its end");
}

}  // namespace neuspec
