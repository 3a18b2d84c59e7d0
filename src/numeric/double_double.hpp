// Sums of two doubles: 106 bits where one has 53.
//
// Each operation is exact to 2⁻¹⁰² of the sum of its operands' sizes (of the product's or quotient's size), as long as nothing leaves the normal
// numbers. What includes this is compiled without contraction of products and sums into one operation (src/CMakeLists.txt): error-free
// transformations count on every rounding as written.
#pragma once

#include <cmath>

namespace neuspec {

struct DoubleDouble {
  double high = 0, low = 0;

  DoubleDouble() = default;
  DoubleDouble(double value) : high(value) {}  // NOLINT(google-explicit-constructor): a double is one
  DoubleDouble(double leading, double rest) : high(leading), low(rest) {}
  double value() const { return high + low; }
};

namespace double_double {

/// a + b without rounding (Knuth).
inline DoubleDouble sum(double a, double b) {
  const double s = a + b, of_b = s - a;
  return {s, (a - (s - of_b)) + (b - of_b)};
}

/// The same for |a| ≥ |b| (Dekker).
inline DoubleDouble ordered_sum(double a, double b) {
  const double s = a + b;
  return {s, b - (s - a)};
}

/// a b without rounding (Veltkamp and Dekker, or one fused operation where the machine has it).
inline DoubleDouble product(double a, double b) {
  const double p = a * b;
#ifdef __FMA__
  return {p, __builtin_fma(a, b, -p)};
#else
  const auto leading = [](double value) {
    const double scaled = 134217729.0 * value;  // 2²⁷ + 1
    return scaled - (scaled - value);
  };
  const double a1 = leading(a), a2 = a - a1, b1 = leading(b), b2 = b - b1;
  return {p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2};
#endif
}

}  // namespace double_double

inline DoubleDouble operator-(DoubleDouble a) { return {-a.high, -a.low}; }

inline DoubleDouble operator+(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble s = double_double::sum(a.high, b.high), t = double_double::sum(a.low, b.low);
  const DoubleDouble u = double_double::ordered_sum(s.high, s.low + t.high);
  return double_double::ordered_sum(u.high, u.low + t.low);
}
inline DoubleDouble operator-(DoubleDouble a, DoubleDouble b) { return a + -b; }
inline DoubleDouble& operator+=(DoubleDouble& a, DoubleDouble b) { return a = a + b; }

inline DoubleDouble operator*(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble p = double_double::product(a.high, b.high);
  return double_double::ordered_sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

/// By two steps of long division.
inline DoubleDouble operator/(DoubleDouble a, DoubleDouble b) {
  const double q = a.high / b.high;
  const DoubleDouble rest = a - DoubleDouble(q) * b;
  return double_double::ordered_sum(q, rest.high / b.high);
}

inline bool finite(DoubleDouble a) { return std::isfinite(a.high + a.low); }

}  // namespace neuspec
