#include <algorithm>

#include "judge.hpp"

namespace neuspec {
namespace {

using namespace test;

/// A point of the domain of ℓ*, on its boundary now and then.
template <class L>
Vector dual_point(Random& random, const L& l, const Vector& y, int trial) {
  Vector v = scaled_normals(random, trial % 3 == 0 ? 5 : 0.5, static_cast<Index>(y.size()));
  l.project(row(std::as_const(v)), row(y), row(v));
  return v;
}

class Conjugate : public testing::TestWithParam<Loss> {};
INSTANTIATE_TEST_SUITE_P(, Conjugate, testing::ValuesIn(every_loss()), test_name);

TEST_P(Conjugate, FenchelYoungInequality) {
  Random random(21);
  with_loss(GetParam(), [&](const auto& l) {
    for (int trial = 0; trial < 5000; ++trial) {
      const Index C = random.index(1, 8);
      const Vector y = targets(random, GetParam(), C), f = scaled_normals(random, std::exp(random.uniform(-2, 4)), C);
      const Vector v = dual_point(random, l, y, trial);
      const double conjugate = l.conjugate(row(v), row(y));
      ASSERT_TRUE(std::isfinite(conjugate)) << v[0] << ' ' << y[0];
      const long double value = judged_value(GetParam(), f, y), inner = product(f, v);
      EXPECT_GE(value + conjugate - inner, -1e-14L * (value + std::fabs(conjugate) + std::fabs(inner)));
    }
  });
}

// Equality at v = ∇ℓ(f): with the inequality this is the supremum.
TEST_P(Conjugate, IsAttainedAtTheGradient) {
  Random random(22);
  with_loss(GetParam(), [&](const auto& l) {
    for (int trial = 0; trial < 5000; ++trial) {
      const Index C = random.index(1, trial % 10 == 0 ? 50 : 5);
      const Vector y = targets(random, GetParam(), C), f = scaled_normals(random, std::exp(random.uniform(-3, 6)), C);
      Vector v(f.size());
      l.gradient(row(f), row(y), row(v));
      const long double conjugate = l.conjugate(row(std::as_const(v)), row(y)), value = judged_value(GetParam(), f, y), inner = product(f, v);
      long double size = 1e-290L + std::fabs(conjugate) + value;  // a gradient of e^{−700} has lost digits
      for (std::size_t k = 0; k < f.size(); ++k) size += std::fabs(f[k] * v[k]);
      EXPECT_LE(std::fabs(value + conjugate - inner), 16 * static_cast<long double>(unit) * size) << f[0] << ' ' << y[0];
    }
  });
}

TEST_P(Conjugate, IsTheMaximumThatASearchFinds) {
  if (GetParam().coupled()) GTEST_SKIP() << "one output only; softmax is pinned down by the two tests above";
  Random random(23);
  with_loss(GetParam(), [&](const auto& l) {
    for (int trial = 0; trial < 300; ++trial) {
      const Vector y = targets(random, GetParam(), 1), v = dual_point(random, l, y, trial);
      const auto height = [&](long double f) { return f * v[0] - judged_value(GetParam(), f, y[0]); };
      long double low = -1e4L, high = 1e4L;
      for (int step = 0; step < 200; ++step) {
        const long double left = low + (high - low) / 3, right = high - (high - low) / 3;
        (height(left) > height(right) ? high : low) = height(left) > height(right) ? right : left;
      }
      EXPECT_NEAR(l.conjugate(row(v), row(y)), static_cast<double>(height(low)), 1e-12 * (1 + std::fabs(v[0] * y[0]))) << v[0] << ' ' << y[0];
    }
  });
}

// v = (z − s)/t at s = prox(z): a subgradient of ℓ at s, and the prox of ℓ*/t at z/t (Moreau).
TEST_P(Conjugate, MoreausIdentity) {
  Random random(24);
  with_loss(GetParam(), [&](const auto& l) {
    for (int trial = 0; trial < 2000; ++trial) {
      const Index C = random.index(1, 6);
      const double t = std::pow(10.0, random.uniform(-2, 4));
      const Vector y = targets(random, GetParam(), C), z = scaled_normals(random, 3, C);
      Vector s(z.size()), v(z.size());
      l.prox(row(z), row(y), t, row(s));
      for (std::size_t k = 0; k < z.size(); ++k) v[k] = (z[k] - s[k]) / t;
      l.project(row(std::as_const(v)), row(y), row(v));  // z − s has rounded
      const double conjugate = l.conjugate(row(std::as_const(v)), row(y));
      const long double gap = judged_value(GetParam(), s, y) + conjugate - product(s, v);
      double size = 1;
      for (std::size_t k = 0; k < z.size(); ++k) size += std::fabs(z[k]) + std::fabs(s[k]);
      EXPECT_LE(std::fabs(gap), 8 * unit * size * (size + size / t)) << "t " << t;
      const auto dual_objective = [&](const Vector& w, double value) {
        long double square = 0;
        for (std::size_t k = 0; k < w.size(); ++k) square += (w[k] - z[k] / t) * (w[k] - z[k] / t);
        return value + t * square / 2;
      };
      const Vector other = dual_point(random, l, y, trial);
      const long double best = dual_objective(v, conjugate);
      EXPECT_GE(dual_objective(other, l.conjugate(row(other), row(y))), best - 1e-12L * (1 + std::fabs(best)));
    }
  });
}

TEST_P(Conjugate, ProjectionKeepsWhatIsInside) {
  Random random(25);
  with_loss(GetParam(), [&](const auto& l) {
    for (int trial = 0; trial < 1000; ++trial) {
      const Index C = random.index(1, 20);
      const Vector y = targets(random, GetParam(), C), f = scaled_normals(random, 4, C);
      Vector v(f.size()), again(f.size());
      l.gradient(row(f), row(y), row(v));
      l.project(row(std::as_const(v)), row(y), row(again));
      for (std::size_t k = 0; k < v.size(); ++k) EXPECT_NEAR(again[k], v[k], (2 + static_cast<double>(C)) * unit * std::fabs(v[k]));
      for (double& value : v) value *= std::exp(random.uniform(-3, 3));
      l.project(row(std::as_const(v)), row(y), row(again));
      EXPECT_TRUE(std::isfinite(l.conjugate(row(std::as_const(again)), row(y))));
    }
  });
}

double conjugate(const Loss& loss, const Vector& v, const Vector& y) {
  return with_loss(loss, [&](const auto& l) { return l.conjugate(row(v), row(y)); });
}

TEST(Domain, EndsAreInsideAndValuesThereAreLimits) {
  for (const double y : {-1.0, 1.0}) {
    EXPECT_EQ(conjugate(Loss::logistic, {0}, {y}), 0);
    EXPECT_EQ(conjugate(Loss::logistic, {-y}, {y}), 0);
    EXPECT_NEAR(conjugate(Loss::logistic, {-y / 2}, {y}), -std::log(2.0), unit);
    EXPECT_EQ(conjugate(Loss::hinge, {0}, {y}), 0);
    EXPECT_EQ(conjugate(Loss::hinge, {-y}, {y}), -1);
    EXPECT_EQ(conjugate(Loss::squared_hinge, {0}, {y}), 0);
  }
  EXPECT_EQ(conjugate(Loss::absolute, {-1}, {3}), -3);
  EXPECT_EQ(conjugate({Loss::huber, 0.1}, {0.1}, {0}), 0.5 * 0.1 * 0.1);
  EXPECT_EQ(conjugate(Loss::softmax, {0, 0, 0}, {0, 1, 0}), 0);
  EXPECT_EQ(conjugate(Loss::softmax, {1, -1, 0}, {0, 1, 0}), 0);
  EXPECT_EQ(conjugate(Loss::softmax, {0}, {1}), 0);
}

TEST(Domain, ForgivesRoundingAndNothingElse) {
  constexpr double above = 1 + 0x1p-51, outside = 1 + 1e-12;
  for (const Loss loss : {Loss(Loss::logistic), Loss(Loss::hinge), Loss(Loss::absolute), Loss(Loss::huber)}) {
    for (const double y : {-1.0, 1.0}) {
      EXPECT_EQ(conjugate(loss, {-y * above}, {y}), conjugate(loss, {-y}, {y})) << loss.name();
      EXPECT_EQ(conjugate(loss, {-y * outside}, {y}), INFINITY) << loss.name();
    }
  }
  for (const Loss loss : {Loss(Loss::logistic), Loss(Loss::hinge), Loss(Loss::squared_hinge)}) EXPECT_EQ(conjugate(loss, {1e-300}, {1}), INFINITY);
  EXPECT_EQ(conjugate({Loss::huber, 1e-3}, {-1e-3 * outside}, {0}), INFINITY);
  EXPECT_EQ(conjugate(Loss::softmax, {0.5, -0.5 + 1e-12, 0}, {0, 1, 0}), INFINITY);
  EXPECT_EQ(conjugate(Loss::softmax, {0.5, -0.5, -1e-300}, {0, 1, 0}), INFINITY);
  EXPECT_EQ(conjugate(Loss::softmax, {outside, -outside, 0}, {0, 1, 0}), INFINITY);
  EXPECT_NEAR(conjugate(Loss::softmax, {0.5 * above, -above, 0.5 * above}, {0, 1, 0}), -std::log(2.0), 4 * unit);
  EXPECT_EQ(conjugate(Loss::softmax, {NAN, -0.5, 0.5}, {0, 1, 0}), INFINITY);
  EXPECT_EQ(conjugate(Loss::logistic, {NAN}, {1}), INFINITY);
}

// Whoever forms softmax(f) − y in double without care is inside too, and at the entropy of softmax(f).
TEST(Domain, ProbabilitiesLessTheLabelAreInside) {
  Random random(26);
  for (int trial = 0; trial < 5000; ++trial) {
    const Index C = random.index(2, 50);
    const Vector y = targets(random, Loss::softmax, C), f = scaled_normals(random, std::exp(random.uniform(-3, 6)), C);
    const double top = *std::max_element(f.begin(), f.end());
    double sum = 0, entropy = 0;
    for (const double value : f) sum += std::exp(value - top);
    Vector v(f.size());
    for (std::size_t k = 0; k < f.size(); ++k) {
      const double p = std::exp(f[k] - top) / sum;
      v[k] = p - y[k];
      entropy += p > 0 ? p * std::log(p) : 0;
    }
    EXPECT_NEAR(conjugate(Loss::softmax, v, y), entropy, 1e-13) << "C " << C;
  }
}

}  // namespace
}  // namespace neuspec
