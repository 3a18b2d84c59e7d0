// What comes out of pipes and gzip files and is more than memory holds: the same tables and complaints, by way of a file without a name.
#include "read/spool.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <random>
#include <thread>

#include "files.hpp"
#include "read/file_buffer.hpp"
#include "read/gzip.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;

class Spooled : public Files {
 protected:
  static constexpr double little = 20000;  // bytes of memory: a half of it is for the data

  Spooled() { ::setenv("TMPDIR", folder_.c_str(), 1); }
  ~Spooled() override { ::unsetenv("TMPDIR"); }

  static std::string csv(Index rows) {
    std::mt19937 random(5);
    std::string text = "a,b,y\n";
    for (Index i = 0; i < rows; ++i) {
      for (const char end : {',', ',', '\n'}) text += std::to_string(random() % 100000) + "." + std::to_string(random() % 1000) + end;
    }
    return text;
  }
  static void expect_same(const Table& actual, const Table& expected) {
    EXPECT_TRUE(std::holds_alternative<std::shared_ptr<const StoredFeatures>>(actual.x));
    EXPECT_EQ(features_of(actual), features_of(expected));
    EXPECT_EQ(actual.y, expected.y);
    EXPECT_EQ(actual.feature_names, expected.feature_names);
  }
  void expect_spooled(const Table& table) const {
    ASSERT_EQ(table.notices.size(), 1U);
    EXPECT_THAT(table.notices.front(), HasSubstr("in a temporary file in " + folder_.string()));
  }
  /// Nothing is left but what the test wrote.
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.is_regular_file()) ++count;
    }
    return count;
  }
  Table through_pipe(const std::string& bytes, double memory) const {
    const std::string pipe = path("pipe");
    EXPECT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << bytes; });
    Table table = read_table(pipe, {.memory = memory});
    writer.join();
    std::filesystem::remove(pipe);
    return table;
  }
  /// Through the descriptor, by pieces.
  std::string inflated(const std::string& packed) const {
    const std::string file = write("x.gz", packed);
    const read::FileBuffer source(file, [](std::string_view) { return true; }, 0);
    read::Spool to(file);
    read::inflate_gzip(source.descriptor(), "x.gz", to);
    const read::Descriptor there = to.take();
    ::lseek(there.value(), 0, SEEK_SET);
    const read::GrowingBytes bytes = read::read_bytes(there.value(), 0, "x");
    return std::string(bytes.view());
  }
};

TEST_F(Spooled, GzipGivesTheTableOfTheTextInIt) {
  const std::string text = csv(3000);
  const Table expected = read_table(write("x.csv", text));
  const std::string packed = write("x.csv.gz", gzip(text.substr(0, 1000)) + gzip(text.substr(1000)));
  const Table table = read_table(packed, {.memory = little});
  expect_same(table, expected);
  expect_spooled(table);
  EXPECT_TRUE(std::holds_alternative<std::vector<double>>(read_table(packed).x)) << "which memory does hold";
  EXPECT_EQ(files(), 2U);
}

TEST_F(Spooled, SoDoPipes) {
  const std::string text = csv(3000);
  const Table expected = read_table(write("x.csv", text));
  for (const std::string& bytes : {text, gzip(text)}) {
    const Table table = through_pipe(bytes, little);
    expect_same(table, expected);
    expect_spooled(table);
  }
  EXPECT_TRUE(through_pipe(text, 0).notices.empty());
  EXPECT_EQ(files(), 1U);
}

TEST_F(Spooled, WhatCannotBeCutIsHeldInTheEnd) {
  std::string text = csv(3000);
  text += "\"1\",\"2\n\",3\n";
  const std::string message = complaint("x.csv", text);
  EXPECT_THAT(complaint("x.csv.gz", gzip(text), {.memory = little}), HasSubstr(message.substr(message.find(':'))));
  std::replace(text.begin(), text.end(), '\n', '\r');
  const std::string old = csv(3000), plain = write("y.csv", old);
  std::string returns = old;
  std::replace(returns.begin(), returns.end(), '\n', '\r');
  EXPECT_EQ(features_of(read_table(write("y.csv.gz", gzip(returns)), {.memory = little})), features_of(read_table(plain)));
}

TEST_F(Spooled, DamagedGzipIsNamedAsInMemory) {
  const std::string packed = gzip(csv(3000));
  std::string damaged = packed;
  damaged[packed.size() / 2] = static_cast<char>(damaged[packed.size() / 2] ^ 0x55);
  for (const std::string& bytes : {packed.substr(0, packed.size() - 3), packed.substr(0, packed.size() / 2), packed + "x", damaged}) {
    const std::string expected = complaint("x.csv.gz", bytes);
    EXPECT_THAT(expected, HasSubstr("gzip, at compressed byte"));
    EXPECT_EQ(complaint("x.csv.gz", bytes, {.memory = little}), expected);
  }
}

// A member's first two bytes say that it is one, and have to be seen together.
TEST_F(Spooled, MembersMayMeetWhereAPieceEnds) {
  constexpr std::size_t piece = std::size_t{1} << 20;
  std::mt19937 random(6);
  std::string noise(piece, ' ');
  for (char& c : noise) c = static_cast<char>(random() % 256);
  for (const std::size_t end : {piece - 1, piece, piece + 1}) {
    std::size_t size = piece - 2000;
    for (int step = 0; step < 4; ++step) size += end - gzip(noise.substr(0, size)).size();  // which cannot be compressed
    const std::string first = gzip(noise.substr(0, size));
    ASSERT_EQ(first.size(), end);
    EXPECT_EQ(inflated(first + gzip("more")), noise.substr(0, size) + "more");
  }
}

TEST_F(Spooled, WithoutAPlaceForItIsAnError) {
  const std::string packed = write("x.csv.gz", gzip(csv(3000)));
  ::setenv("TMPDIR", path("nowhere").c_str(), 1);
  try {
    read_table(packed, {.memory = little});
    ADD_FAILURE();
  } catch (const EnvironmentError& error) {
    EXPECT_THAT(error.what(), HasSubstr("x.csv.gz: memory does not hold what it has, and there is no folder for temporary files"));
  }
}

}  // namespace
}  // namespace neuspec::test
