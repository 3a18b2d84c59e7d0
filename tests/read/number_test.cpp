#include "read/number.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace neuspec::read {
namespace {

// strtod in the C locale is the judge, to the last bit and the sign of zero.
void expect_as_strtod(const std::string& text) {
  double value = 0;
  const char* const end = parse_number(text.data(), text.data() + text.size(), value);
  ASSERT_EQ(end, text.data() + text.size()) << text;
  EXPECT_EQ(std::bit_cast<std::uint64_t>(value), std::bit_cast<std::uint64_t>(std::strtod(text.c_str(), nullptr))) << text;
}

TEST(Number, agrees_with_strtod_where_rounding_is_hard) {
  for (const char* text : {"0",
                           "-0",
                           "+0",
                           "1",
                           "+1",
                           "-1",
                           ".5",
                           "5.",
                           "-.5",
                           "00012.50",
                           "9007199254740991",
                           "9007199254740992",
                           "9007199254740993",
                           "9007199254740995",
                           "0.1",
                           "0.30000000000000004",
                           "123456789012345678",
                           "1234567890123456789",
                           "12345678901234567890",
                           "99999999999999999999999999",
                           "0.0000000000000000000001",
                           "0.00000000000000000000001",
                           "1e22",
                           "1e23",
                           "-1E+5",
                           "1e-5",
                           "8.5e0",
                           "2.2250738585072011e-308",
                           "2.2250738585072014e-308",
                           "4.9406564584124654e-324",
                           "2.4703282292062327e-324",
                           "2.4703282292062328e-324",
                           "1.7976931348623157e308",
                           "1.7976931348623158e308",
                           "1.7976931348623159e308",
                           "6929495644600919.5",
                           "3.5e-1000000000000000000000",
                           "0e99999999999999999999",
                           "1e-400",
                           "-1e-400",
                           "0.5e-400",
                           "1e400",
                           "-1e400",
                           "123456e304",
                           "0.00001e310",
                           "inf",
                           "-infinity"}) {
    expect_as_strtod(text);
  }
  expect_as_strtod("0." + std::string(400, '0') + "1");
  expect_as_strtod("0." + std::string(400, '0') + "1e395");
  expect_as_strtod("1" + std::string(400, '0'));
  expect_as_strtod("1" + std::string(400, '0') + "e-395");
  expect_as_strtod("1" + std::string(400, '0') + ".25e-1000");
}

TEST(Number, agrees_with_strtod_on_random_text) {
  std::mt19937_64 random(7);
  const char* const formats[] = {"%.17g", "%.16g", "%.15g", "%.9g", "%.6g", "%.3f", "%.20f", "%e", "%.0f", "%.18e", "%.17E", "%.16f", "%+.5f"};
  char text[512];
  for (int i = 0; i < 200000; ++i) {
    double value = std::bit_cast<double>(random());
    if (i % 2 == 0) {
      value = std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())), static_cast<int>(random() % 140) - 100);
    }
    if (!std::isfinite(value)) continue;
    const char* const format = formats[random() % std::size(formats)];
    std::snprintf(text, sizeof text, format, value);
    expect_as_strtod(text);
  }
}

// Numbers half way between two doubles, and their neighbours in the last of 19 digits: m / 2^k for odd m of 54 bits, which is m 5^k / 10^k.
TEST(Number, agrees_with_strtod_half_way_between_two_doubles) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 100000; ++i) {
    std::uint64_t digits = (std::uint64_t{1} << 53) + random() % (std::uint64_t{1} << 53);
    digits |= 1;
    int exponent = 0;
    for (std::uint64_t k = random() % 4; k > 0 && digits < 1000000000000000000; --k, --exponent) digits *= 5;
    for (const std::uint64_t near : {digits - 1, digits, digits + 1}) {
      const std::string text = std::to_string(near);
      expect_as_strtod(text + "e" + std::to_string(exponent));
      if (exponent < 0)
        expect_as_strtod(text.substr(0, text.size() - static_cast<std::size_t>(-exponent)) + "." +
                         text.substr(text.size() - static_cast<std::size_t>(-exponent)));
    }
  }
}

TEST(Number, agrees_with_strtod_for_every_power_of_ten) {
  std::mt19937_64 random(9);
  for (int exponent = -70; exponent <= 70; ++exponent) {
    for (int i = 0; i < 500; ++i) {
      const std::uint64_t digits = random() >> random() % 64;
      expect_as_strtod(std::to_string(digits) + "e" + std::to_string(exponent));
      expect_as_strtod("-0." + std::to_string(digits) + "E" + (exponent < 0 ? "" : "+") + std::to_string(exponent));
    }
    for (const char* digits : {"0", "1", "9007199254740993", "9999999999999999999", "18446744073709551615", "18446744073709551616"}) {
      expect_as_strtod(std::string(digits).append("e").append(std::to_string(exponent)));
    }
  }
}

// Whatever stands behind a number and however far away memory ends.
TEST(Number, what_follows_does_not_matter) {
  std::mt19937 random(10);
  for (int i = 0; i < 100000; ++i) {
    std::string text(1 + random() % 40, ' ');
    for (char& c : text) c = "0123456789012345678901234567890123456789.-+eE,\n\" x"[random() % 50];
    double alone = -1, among = -1;
    const char* const end = parse_any_number(text.data(), text.data() + text.size(), alone);
    const char* const fast = parse_number(text.data(), text.data() + text.size(), among);
    ASSERT_EQ(end, fast) << text;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(alone), std::bit_cast<std::uint64_t>(among)) << text;
    const std::string longer = text + "," + std::string(50, '7');
    const char* const last = parse_number(longer.data(), longer.data() + longer.size(), among);
    ASSERT_EQ(end == nullptr ? -1 : end - text.data(), last == nullptr ? -1 : last - longer.data()) << text;
    ASSERT_TRUE(end == nullptr || std::bit_cast<std::uint64_t>(alone) == std::bit_cast<std::uint64_t>(among)) << text;
  }
}

TEST(Number, reads_the_longest_number_and_stops) {
  for (const auto& [text, length] : {std::pair{"1,2", 1}, {"1e", 1}, {"1e+", 1}, {"1.5.2", 3}, {"1-", 1}, {"0x10", 1}, {"1 ", 1}, {"1.e2x", 4}}) {
    double value = 0;
    const std::string all = text;
    EXPECT_EQ(parse_number(all.data(), all.data() + all.size(), value) - all.data(), length) << text;
  }
}

TEST(Number, refuses_what_is_none) {
  for (const std::string text : {"", "+", "-", ".", "-.", "+-1", "++1", "--1", "e5", "x", "+", " 1", ","}) {
    double value = 0;
    EXPECT_EQ(parse_number(text.data(), text.data() + text.size(), value), nullptr) << text;
    EXPECT_FALSE(is_number(text)) << text;
  }
  EXPECT_FALSE(is_number("1x"));
  EXPECT_TRUE(is_number("+1"));
}

TEST(Number, stays_inside_its_bounds) {
  const std::string digits = "123456";
  double value = 0;
  EXPECT_EQ(parse_number(digits.data(), digits.data() + 3, value), digits.data() + 3);
  EXPECT_EQ(value, 123);
}

}  // namespace
}  // namespace neuspec::read
