#include "read/blocks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <stdexcept>
#include <string>

namespace neuspec::read {
namespace {

TEST(Blocks, line_feeds_are_counted_whatever_the_length) {
  std::mt19937 random(5);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string text(size, ' ');
    for (char& c : text) c = "\n\n,1"[random() % 4];
    EXPECT_EQ(count_lines(text), std::count(text.begin(), text.end(), '\n')) << size;
  }
  EXPECT_EQ(count_lines(std::string(100000, '\n')), 100000) << "more than a byte counts to";
  EXPECT_EQ(count_lines(std::string(64 * 256, '\n') + "x"), 64 * 256);
}

TEST(Blocks, are_cut_behind_line_feeds_and_make_up_the_text) {
  std::mt19937 random(6);
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 60, ' ');
    for (char& c : text) c = "\n12"[random() % 3];
    const std::size_t bytes = random() % 10;
    std::string joined;
    const std::vector<std::string_view> blocks = cut_at_lines(text, bytes);
    for (std::size_t k = 0; k < blocks.size(); ++k) {
      joined += blocks[k];
      ASSERT_FALSE(blocks[k].empty());
      if (k + 1 < blocks.size()) {
        ASSERT_EQ(blocks[k].back(), '\n');
        ASSERT_GE(blocks[k].size(), bytes);
        ASSERT_EQ(blocks[k].find('\n', std::max<std::size_t>(bytes, 1) - 1), blocks[k].size() - 1) << "and not later than need be";
      }
    }
    ASSERT_EQ(joined, text);
  }
}

TEST(Blocks, the_error_of_the_first_block_is_thrown_and_those_before_it_are_read) {
  for (const int count : {1, 2, 4}) {
    const ThreadScope scope(count);
    for (const std::size_t first : {std::size_t{0}, std::size_t{1}, std::size_t{30}, std::size_t{99}}) {
      std::vector<std::atomic<int>> read(100);
      std::string thrown = "nothing";
      try {
        read_blocks(read.size(), [&](std::size_t k) {
          ++read[k];
          if (k >= first && (k - first) % 7 == 0) throw std::runtime_error(std::to_string(k));
        });
      } catch (const std::runtime_error& error) {
        thrown = error.what();
      }
      EXPECT_EQ(thrown, std::to_string(first));
      for (std::size_t k = 0; k < read.size(); ++k) EXPECT_LE(read[k], 1);
      for (std::size_t k = 0; k <= first; ++k) EXPECT_EQ(read[k], 1) << k;
    }
  }
}

}  // namespace
}  // namespace neuspec::read
