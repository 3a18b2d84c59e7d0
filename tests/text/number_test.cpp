#include "text/number.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>

#include "support/random.hpp"

namespace neuspec {
namespace {

using Exact = boost::multiprecision::cpp_rational;

Exact power(int base, int exponent) {
  const Exact magnitude = boost::multiprecision::pow(boost::multiprecision::cpp_int(base), static_cast<unsigned>(std::abs(exponent)));
  return exponent < 0 ? Exact(1 / magnitude) : magnitude;
}

Exact exact(double value) {
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  return Exact(static_cast<std::int64_t>(std::ldexp(mantissa, 53))) * power(2, exponent - 53);
}

/// What the text says, digit by digit.
Exact exact(const std::string& text) {
  Exact value = 0;
  int exponent = 0;
  const std::size_t letter = text.find('e');
  bool behind_point = false;
  for (const char c : text.substr(0, letter)) {
    if (c == '.') behind_point = true;
    if (c < '0' || c > '9') continue;
    value = value * 10 + (c - '0');
    exponent -= behind_point ? 1 : 0;
  }
  if (letter != std::string::npos) exponent += std::stoi(text.substr(letter + 1));
  return (text.front() == '-' ? -1 : 1) * value * power(10, exponent);
}

std::string printed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  return text;
}

void expect_rounded(double value, int digits) {
  const std::string down = format_rounded(value, digits, Rounding::down), up = format_rounded(value, digits, Rounding::up);
  const std::string nearest = format_rounded(value, digits, Rounding::nearest);
  EXPECT_EQ(nearest, printed(value, digits));
  EXPECT_LE(exact(down), exact(value)) << down;
  EXPECT_GE(exact(up), exact(value)) << up;
  EXPECT_TRUE(nearest == down || nearest == up) << down << ' ' << nearest << ' ' << up << ": neither is further off than it must be";
  EXPECT_EQ(down == up, exact(nearest) == exact(value)) << down << ' ' << up;
}

TEST(FormatRounded, BoundsEveryDouble) {
  test::Random random(1);
  for (int trial = 0; trial < 3000; ++trial) {
    const double any = std::bit_cast<double>(static_cast<std::uint64_t>(random.index(0, std::numeric_limits<Index>::max())) * 2 + 1);
    if (std::isfinite(any)) expect_rounded(any, static_cast<int>(random.index(1, 17)));
    expect_rounded(random.normal() * std::pow(10.0, random.uniform(-8, 14)), static_cast<int>(random.index(1, 17)));
    expect_rounded(static_cast<double>(random.index(-100000, 100000)) / 64, static_cast<int>(random.index(1, 9)));
  }
}

TEST(FormatRounded, EdgesOfTheRange) {
  using Limits = std::numeric_limits<double>;
  for (const double edge :
       {Limits::denorm_min(), Limits::min(), Limits::max(), 0x0.fffffffffffffp-1022, 1.0, 9.9999995, 999999.5, 0.00009999999, 1e22, 123456789.0})
    for (const double value : {edge, -edge, std::nextafter(edge, 0.0)})
      for (const int digits : {1, 2, 7, 12, 17}) expect_rounded(value, digits);
}

TEST(FormatRounded, Texts) {
  EXPECT_EQ(format_rounded(2.0 / 3, 3, Rounding::down), "0.666");
  EXPECT_EQ(format_rounded(2.0 / 3, 3, Rounding::up), "0.667");
  EXPECT_EQ(format_rounded(-2.0 / 3, 3, Rounding::down), "-0.667");
  EXPECT_EQ(format_rounded(-2.0 / 3, 3, Rounding::up), "-0.666");
  EXPECT_EQ(format_rounded(99.99, 2, Rounding::up), "1e+02");
  EXPECT_EQ(format_rounded(99.99, 3, Rounding::up), "100");
  EXPECT_EQ(format_rounded(5e-324, 2, Rounding::down), "4.9e-324");
  EXPECT_EQ(format_rounded(5e-324, 2, Rounding::up), "5e-324");
  EXPECT_EQ(format_rounded(std::numeric_limits<double>::max(), 3, Rounding::up), "1.8e+308");
  EXPECT_EQ(format_rounded(1, 4, Rounding::up), "1");
  for (const Rounding rounding : {Rounding::nearest, Rounding::down, Rounding::up}) {
    EXPECT_EQ(format_rounded(0, 3, rounding), "0");
    EXPECT_EQ(format_rounded(std::numeric_limits<double>::infinity(), 3, rounding), "inf");
    EXPECT_EQ(format_rounded(-std::numeric_limits<double>::infinity(), 3, rounding), "-inf");
  }
}

}  // namespace
}  // namespace neuspec
