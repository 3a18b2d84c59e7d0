#include "read/blocks.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace neuspec::read {

std::vector<std::string_view> cut_at_lines(std::string_view text, std::size_t bytes) {
  std::vector<std::string_view> blocks;
  while (!text.empty()) {
    const std::size_t feed = bytes < text.size() ? text.find('\n', std::max<std::size_t>(bytes, 1) - 1) : std::string_view::npos;
    blocks.push_back(text.substr(0, feed == std::string_view::npos ? feed : feed + 1));
    text.remove_prefix(blocks.back().size());
  }
  return blocks;
}

// Counts in bytes, as many as a vector register holds and more, so that the compiler compares that many at a time.
Index count_lines(std::string_view text) {
  constexpr std::size_t kLanes = 64, kMost = 255;
  const char* p = text.data();
  const char* const last = p + text.size();
  Index count = 0;
  while (last - p >= static_cast<Index>(kLanes)) {
    std::array<std::uint8_t, kLanes> lanes{};
    for (std::size_t i = 0; i < kMost && last - p >= static_cast<Index>(kLanes); ++i, p += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        lanes[lane] = static_cast<std::uint8_t>(lanes[lane] + (p[lane] == '\n' ? 1 : 0));
      }
    }
    for (const std::uint8_t lane : lanes) {
      count += lane;
    }
  }
  return count + std::count(p, last, '\n');
}

}  // namespace neuspec::read
