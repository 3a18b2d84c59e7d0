// Finite input of any magnitude: never NaN, and the limits that are known.
#include <cmath>
#include <limits>

#include "judge.hpp"
#include "loss/intercept.hpp"

namespace neuspec {
namespace {

using namespace test;

constexpr double most = std::numeric_limits<double>::max();
const Vector numbers{0, 5e-324, 1e-300, 1e-8, 1, 30, 750, 1e10, 1e300, most};

std::vector<Loss> extreme_losses() {
  auto losses = every_loss();
  for (const double delta : {5e-324, 1e-300, 1e300, most}) losses.push_back({Loss::huber, delta});
  return losses;
}

template <class L>
void expect_numbers(const L& l, const Vector& f, const Vector& y) {
  const auto check = [&](double value, const char* what) { EXPECT_FALSE(std::isnan(value)) << what << " at f " << f[0] << ' ' << f[1]; };
  Vector out(f.size());
  check(l.value(row(f), row(y)), "value");
  l.gradient(row(f), row(y), row(out));
  for (const double value : out) check(value, "gradient");
  check(l.conjugate(row(std::as_const(out)), row(y)), "conjugate of the gradient");
  check(l.conjugate(row(f), row(y)), "conjugate");
  l.project(row(f), row(y), row(out));
  for (const double value : out) check(value, "projection");
  const bool moderate = std::fabs(out[0]) < 1e150 && std::fabs(out[1]) < 1e150 && std::fabs(y[1]) < 1e150;  // v y and v² are numbers
  EXPECT_TRUE(!moderate || std::isfinite(l.conjugate(row(std::as_const(out)), row(y)))) << f[0] << ' ' << f[1];
  for (const double d : {1.0, -1e300}) {
    const Vector direction{d, 1e-300};
    l.curvature(row(f), row(y), row(direction), row(out));
    for (const double value : out) check(value, "curvature");
  }
  for (const double t : {5e-324, 1e-300, 1e-8, 1.0, 1e8, 1e300, most}) {
    l.prox(row(f), row(y), t, row(out));
    for (const double value : out) check(value, "prox");
  }
}

TEST(Extremes, NeverNaN) {
  for (const Loss& loss : extreme_losses()) {
    SCOPED_TRACE(loss.name());
    with_loss(loss, [&](const auto& l) {
      for (const double one : numbers)
        for (const double two : numbers)
          for (const double sign : {-1.0, 1.0})
            for (const double other : {-1.0, 1.0}) {
              const Vector y = loss.coupled() ? Vector{1, 0} : loss.classification() ? Vector{1, -1} : Vector{-other, 1e300 * sign};
              expect_numbers(l, {sign * one, other * two}, y);
            }
    });
  }
}

TEST(Extremes, LogisticLimits) {
  const loss::Logistic l;
  EXPECT_EQ(l.value(1e300, -1), 1e300);
  EXPECT_EQ(l.value(1e300, 1), 0);
  EXPECT_EQ(l.value(-800, 1), 800);
  EXPECT_EQ(l.gradient(-1e300, 1), -1);
  EXPECT_NEAR(l.gradient(700, 1), -std::exp(-700.0), 1e-15 * std::exp(-700.0));
  EXPECT_EQ(l.prox(1e300, 1, 1e8), 1e300);
  EXPECT_EQ(l.prox(-1e300, 1, 1e8), -1e300);
  EXPECT_EQ(l.prox(-1e300, 1, 2e300), 0);  // halfway: ℓ' is −½ at 0
  EXPECT_NEAR(l.prox(-1e300, 1, 4e300), std::log(3.0), 4 * unit);
  EXPECT_NEAR(l.prox(1e300, -1, 1e300 * (1 + 1e-9)), std::log(1e9), 1e-6);
}

TEST(Extremes, SoftmaxLimits) {
  const loss::Softmax l;
  const Vector f{1e300, -1e300, 0}, y{0, 1, 0};
  Vector out(3);
  EXPECT_EQ(l.value(row(f), row(y)), 2e300);
  l.gradient(row(f), row(y), row(out));
  EXPECT_EQ(out, (Vector{1, -1, 0}));
  l.prox(row(f), row(y), 1e299, row(out));
  EXPECT_EQ(out, (Vector{1e300 - 1e299, -1e300 + 1e299, 0}));
}

TEST(Extremes, HuberBecomesSquaredAndAbsolute) {
  Random random(31);
  const loss::Huber wide{1e300}, narrow{1e-300};
  for (int trial = 0; trial < 100; ++trial) {
    const double f = random.normal(), y = random.normal(), t = std::exp(random.normal());
    EXPECT_EQ(wide.value(f, y), loss::Squared{}.value(f, y));
    EXPECT_EQ(wide.gradient(f, y), f - y);
    EXPECT_EQ(wide.prox(f, y, t), loss::Squared{}.prox(f, y, t));
    EXPECT_EQ(wide.conjugate(f, y), loss::Squared{}.conjugate(f, y));
    EXPECT_NEAR(narrow.value(f, y) / 1e-300, std::fabs(f - y), 4 * unit * std::fabs(f - y));
    EXPECT_NEAR(narrow.prox(f, y, 1e300 * t), loss::Absolute{}.prox(f, y, t), 4 * unit * (std::fabs(f) + std::fabs(y)));
  }
}

/// Powers of two change no digit, and so no step of the search.
TEST(Extremes, InterceptsOfTinyNumbersAreThoseOfOrdinaryOnes) {
  const Vector f = {0.25, -0.125, 0.3, 0, 0.41}, y = {-0.2, 0.45, 0.1, 0.37, -0.31};
  for (const Loss loss : {Loss(Loss::huber, 0.125), Loss(Loss::huber, 0x1p20), Loss(Loss::absolute)}) {
    const Intercept ordinary = best_intercept(loss, f, y, {});
    for (const int exponent : {-500, -604, -900}) {
      Vector small_f, small_y;
      for (const double value : f) small_f.push_back(std::ldexp(value, exponent));
      for (const double value : y) small_y.push_back(std::ldexp(value, exponent));
      const Intercept small = best_intercept(Loss(loss.kind, std::ldexp(loss.delta, exponent)), small_f, small_y, {});
      EXPECT_EQ(std::ldexp(small.b, -exponent), ordinary.b) << loss.name() << ' ' << exponent;
    }
  }
}

}  // namespace
}  // namespace neuspec
