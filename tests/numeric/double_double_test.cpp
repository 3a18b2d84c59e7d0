// Double-double arithmetic against 60 digits: to 2⁻¹⁰² of the sizes of the operands.
#include "numeric/double_double.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/exact_sphere.hpp"
#include "support/random.hpp"

namespace neuspec::test {
namespace {

exact::Real real(DoubleDouble a) { return exact::Real(a.high) + a.low; }

DoubleDouble random_pair(Random& random) {
  const double high = std::ldexp(random.normal(), static_cast<int>(random.index(-60, 60)));
  return double_double::sum(high, std::ldexp(random.uniform(-1, 1) * high, -53));
}

TEST(DoubleDouble, IsExactToTwiceTheDigits) {
  Random random(41);
  const exact::Real unit = ldexp(exact::Real(1), -102);
  for (int trial = 0; trial < 20000; ++trial) {
    const DoubleDouble a = random_pair(random), b = trial % 4 == 0 ? double_double::sum(-a.high, a.low * random.normal()) : random_pair(random);
    const exact::Real x = real(a), y = real(b);
    EXPECT_LE(abs(real(a + b) - (x + y)), unit * (abs(x) + abs(y))) << trial;
    EXPECT_LE(abs(real(a - b) - (x - y)), unit * (abs(x) + abs(y))) << trial;
    EXPECT_LE(abs(real(a * b) - x * y), unit * abs(x * y)) << trial;
    EXPECT_LE(abs(real(a / b) - x / y), 4 * unit * abs(x / y)) << trial;
    EXPECT_EQ(real(double_double::sum(a.high, b.high)), exact::Real(a.high) + b.high);
    EXPECT_EQ(real(double_double::product(a.high, b.high)), exact::Real(a.high) * b.high);
  }
}

}  // namespace
}  // namespace neuspec::test
