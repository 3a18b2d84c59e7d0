#include "read/gzip.hpp"

#include <random>

#include "files.hpp"

namespace neuspec::test {
namespace {

using read::Inflating;

struct Inflated {
  std::string bytes, complaint;
  bool operator==(const Inflated&) const = default;
};

Inflated inflated(const std::string& packed, Inflating inflating) {
  try {
    const read::GrowingBytes bytes = read::inflate_gzip(packed, "a.gz", inflating);
    return {std::string(bytes.data(), bytes.size), ""};
  } catch (const DataError& error) {
    return {"", error.what()};
  }
}

std::string random_numbers(std::mt19937& random, std::size_t size) {
  std::string text(size, ' ');
  for (char& c : text) c = "0123456789.,\n-"[random() % 14];
  return text;
}

TEST(Gzip, both_ways_give_the_bytes) {
  std::mt19937 random(8);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100}, std::size_t{70000}, std::size_t{3000000}}) {
    const std::string text = random_numbers(random, size), more = random_numbers(random, 1000);
    for (const Inflating inflating : {Inflating::fastest, Inflating::by_zlib}) {
      EXPECT_EQ(inflated(gzip(text), inflating), (Inflated{text, ""}));
      EXPECT_EQ(inflated(gzip(text) + gzip(more) + gzip("") + gzip("x"), inflating), (Inflated{text + more + "x", ""}));
      EXPECT_EQ(inflated(gzip(std::string(size, '\0')), inflating), (Inflated{std::string(size, '\0'), ""}));
    }
  }
}

TEST(Gzip, both_ways_say_the_same_of_what_is_cut_short_or_goes_on) {
  std::mt19937 random(9);
  const std::string packed = gzip(random_numbers(random, 3000)) + gzip(random_numbers(random, 300));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    const std::string part = packed.substr(0, size);
    EXPECT_EQ(inflated(part, Inflating::fastest), inflated(part, Inflating::by_zlib)) << size;
  }
  for (const char* more : {"x", "\x1f", "\x1f\x8b", "\x1f\x8b\x08\x01", "\x1f\x8b\x07"}) {
    const Inflated fast = inflated(packed + more, Inflating::fastest);
    EXPECT_NE(fast.complaint, "");
    EXPECT_EQ(fast, inflated(packed + more, Inflating::by_zlib));
  }
}

TEST(Gzip, both_ways_say_the_same_of_what_is_damaged) {
  std::mt19937 random(10);
  const std::string packed = gzip(random_numbers(random, 2000)) + gzip("1,2\n");
  int complaints = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string spoilt = packed;
    const std::size_t at = random() % spoilt.size();
    spoilt[at] = static_cast<char>(static_cast<unsigned char>(spoilt[at]) ^ (1U << random() % 8));
    const Inflated fast = inflated(spoilt, Inflating::fastest);
    complaints += fast.complaint.empty() ? 0 : 1;
    EXPECT_EQ(fast, inflated(spoilt, Inflating::by_zlib)) << at;
  }
  EXPECT_GT(complaints, 4800) << "all but those of a header's bits that say nothing";
}

}  // namespace
}  // namespace neuspec::test
