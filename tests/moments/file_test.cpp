// Files of moments: the same numbers back, and nothing from a file that is not what was written.
#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "moments/parts.hpp"
#include "neuspec/error.hpp"
#include "numeric/crc64.hpp"

namespace neuspec::test {
namespace {

class MomentFile : public testing::Test {
 protected:
  MomentFile() {
    Random random(31);
    Preprocessing columns;
    columns.feature_names = {"a", "größe"};
    columns.target_names = {"label"};
    columns.encoding = Encoding::binary;
    columns.classes = {0, 1};
    columns.class_names = {"no", "yes"};
    moments_ = Moments(columns, "of a test");
    moments_.add(moved(random, random_dataset(random, 40, 2, 1), 3, true));
    moments_.save(path_);
    std::ifstream stream(path_, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    bytes_ = std::move(text).str();
  }
  ~MomentFile() override { std::filesystem::remove(path_); }

  /// \throws what load throws of these bytes
  Moments loaded(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return Moments::load(path_);
  }
  /// The bytes with a checksum that is right again: what a damaged writer would write.
  static std::string sealed(std::string bytes) {
    bytes.resize(bytes.size() - 8);
    Crc64 sum;
    sum.add(bytes.data(), bytes.size());
    for (unsigned byte = 0; byte < 8; ++byte) bytes += static_cast<char>(sum.value() >> (8 * byte) & 0xFFU);
    return bytes;
  }
  std::uint64_t word(std::size_t at) const {
    std::uint64_t value = 0;
    for (unsigned byte = 0; byte < 8; ++byte) value |= std::uint64_t{static_cast<unsigned char>(bytes_[at + byte])} << (8 * byte);
    return value;
  }

  std::string path_ = testing::TempDir() + "/neuspec_" + std::to_string(::getpid()) + ".nsm";
  Moments moments_;
  std::string bytes_;
};

TEST_F(MomentFile, HoldsEveryNumber) {
  const Moments again = Moments::load(path_);
  EXPECT_EQ(again.samples(), 40);
  EXPECT_EQ(again.sums().shift, moments_.sums().shift);
  EXPECT_EQ(again.sums().target_shift, moments_.sums().target_shift);
  EXPECT_EQ(again.sums().rounding, moments_.sums().rounding);
  EXPECT_EQ(again.sums().envelope, moments_.sums().envelope);
  EXPECT_EQ(again.sums().target_envelope, moments_.sums().target_envelope);
  EXPECT_EQ(again.sums().plain, moments_.sums().plain);
  EXPECT_EQ(again.sums().fourth, moments_.sums().fourth);
  EXPECT_EQ(again.sums().linear, moments_.sums().linear);
  EXPECT_EQ(again.sums().squares, moments_.sums().squares);
  EXPECT_EQ(again.provenance(), "of a test");
  EXPECT_EQ(again.preprocessing().feature_names, moments_.preprocessing().feature_names);
  EXPECT_EQ(again.preprocessing().class_names, moments_.preprocessing().class_names);
  EXPECT_EQ(again.preprocessing().encoding, Encoding::binary);
  EXPECT_TRUE(Moments::is_file(path_));
  EXPECT_FALSE(Moments::is_file(path_ + ".not"));
}

// docs/moments.md, byte by byte.
TEST_F(MomentFile, IsLaidOutAsDocumented) {
  EXPECT_EQ(bytes_.substr(0, 8), "\x89NSM\r\n\x1A\n");
  EXPECT_EQ(word(8), 1U);
  const std::size_t length = word(16), numbers = 24 + length;
  EXPECT_EQ(length % 8, 0U);
  EXPECT_EQ(bytes_[24], '{');
  EXPECT_EQ(word(numbers), 40U);
  EXPECT_EQ(word(numbers + 8), 2U);
  EXPECT_EQ(word(numbers + 16), 1U);
  // rounding, shifts, envelopes, plain sums; 15 quadruples, 6 pairs and 1 square as pairs of doubles; the checksum
  const std::size_t d = 2, C = 1, N = 3;
  const std::size_t fourth = numbers + 24 + 8 * (1 + d + C + N + C + 4 * d);
  EXPECT_EQ(bytes_.size(), fourth + 8 * (2 * 15 + 2 * 6 + 2) + 8);
  EXPECT_EQ(std::bit_cast<double>(word(fourth)), moments_.sums().fourth[0]);
  Crc64 check;
  check.add("123456789", 9);
  EXPECT_EQ(check.value(), 0x995DC9BBDF1939FAU);  // the catalogue's check value of CRC-64/XZ
}

TEST_F(MomentFile, WithAnyFlippedBitIsRefused) {
  std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
  const auto put = [&](std::size_t at, unsigned flipped) {
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(static_cast<unsigned char>(bytes_[at]) ^ flipped)).flush();
  };
  for (std::size_t at = 0; at < bytes_.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      put(at, 1U << bit);
      EXPECT_THROW(Moments::load(path_), DataError) << at << ' ' << bit;
    }
    put(at, 0);
  }
  EXPECT_NO_THROW(Moments::load(path_));
}

TEST_F(MomentFile, CutOffOrContinuedIsRefused) {
  for (std::size_t length = 0; length < bytes_.size(); length += 7) EXPECT_THROW(loaded(bytes_.substr(0, length)), DataError) << length;
  EXPECT_THROW(loaded(bytes_ + '\0'), DataError);
  EXPECT_NO_THROW(loaded(bytes_));
}

// What a checksum does not see: numbers that no correct writer writes.
TEST_F(MomentFile, ThatCannotBeIsRefusedWhateverItsChecksum) {
  const std::size_t numbers = 24 + word(16);
  EXPECT_NO_THROW(loaded(sealed(bytes_)));
  const auto with = [&](std::size_t at, std::uint64_t value) {
    std::string changed = bytes_;
    for (unsigned byte = 0; byte < 8; ++byte) changed[at + byte] = static_cast<char>(value >> (8 * byte) & 0xFFU);
    return sealed(changed);
  };
  EXPECT_THROW(loaded(with(8, 2)), DataError);                                  // a later version
  EXPECT_THROW(loaded(with(16, ~std::uint64_t{0})), DataError);                 // a length beyond the file
  EXPECT_THROW(loaded(with(numbers, 0)), DataError);                            // no samples
  EXPECT_THROW(loaded(with(numbers + 8, 3)), DataError);                        // more features than sums
  EXPECT_THROW(loaded(with(numbers + 8, std::uint64_t{1} << 40U)), DataError);  // room for which nobody has
  EXPECT_THROW(loaded(with(numbers + 24, std::bit_cast<std::uint64_t>(-1.0))), DataError);
  EXPECT_THROW(loaded(with(numbers + 32, 0x7FF8000000000000U)), DataError);  // NaN
  std::string text = bytes_;
  text[24] = '[';
  EXPECT_THROW(loaded(sealed(text)), DataError);
}

TEST_F(MomentFile, IsNotWrittenOfWhatIsNone) {
  EXPECT_THROW(Moments().save(path_), UsageError);
  moments_.standardize();
  EXPECT_THROW(moments_.save(path_), UsageError);
  EXPECT_EQ(Moments::load(path_).samples(), 40);  // the old one is there
}

}  // namespace
}  // namespace neuspec::test
