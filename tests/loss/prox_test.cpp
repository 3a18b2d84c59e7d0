#include <algorithm>

#include "judge.hpp"

namespace neuspec {
namespace {

using namespace test;

template <class L>
Vector prox(const L& l, const Vector& z, const Vector& y, double t) {
  Vector s(z.size());
  l.prox(row(z), row(y), t, row(s));
  return s;
}

long double objective(const Loss& loss, const Wide& s, const Vector& z, const Vector& y, long double t) {
  long double square = 0;
  for (std::size_t k = 0; k < z.size(); ++k) square += (s[k] - z[k]) * (s[k] - z[k]);
  return judged_value(loss, s, y) + square / (2 * t);
}

/// z of all sizes, also beside t, where the prox changes branch.
double any_size(Random& random, int trial, double t) {
  const double scale = std::exp(random.uniform(-8, 12));
  return random.normal() * (trial % 3 == 0 ? t : trial % 3 == 1 ? 1 : scale);
}

class ScalarProx : public testing::TestWithParam<Loss> {};
INSTANTIATE_TEST_SUITE_P(, ScalarProx, testing::ValuesIn(separable_losses()), test_name);

// s − z + t ℓ'(s) increases, so it has to be negative a few roundings below s and positive a few above.
TEST_P(ScalarProx, SatisfiesTheOptimalityConditionToRounding) {
  Random random(11);
  const Loss loss = GetParam();
  with_loss(loss, [&](const auto& l) {
    for (int trial = 0; trial < 20000; ++trial) {
      const double t = std::pow(10.0, random.uniform(-8, 8)), z = any_size(random, trial, t), y = targets(random, loss, 1)[0];
      const double s = prox(l, {z}, {y}, t)[0];
      // The logistic prox does not owe its digits to z: where z is large and s is not, s is exact all the same.
      const double scale = std::fabs(s) + std::fabs(y) + (loss.kind == Loss::logistic ? 0 : std::fabs(z));
      const long double width = 6 * static_cast<long double>(unit) * scale;
      const auto residual = [&](long double at) { return at - z + static_cast<long double>(t) * judged_slope(loss, at, y); };
      EXPECT_LE(residual(s - width), 0) << "z " << z << " y " << y << " t " << t << " s " << s;
      EXPECT_GE(residual(s + width), 0) << "z " << z << " y " << y << " t " << t << " s " << s;
    }
  });
}

TEST_P(ScalarProx, IsTheMinimumThatASearchFinds) {
  Random random(12);
  with_loss(GetParam(), [&](const auto& l) {
    for (int trial = 0; trial < 300; ++trial) {
      const double t = std::pow(10.0, random.uniform(-2, 2)), z = 5 * random.normal();
      const Vector y = targets(random, GetParam(), 1);
      long double low = -1e4L, high = 1e4L;
      for (int step = 0; step < 200; ++step) {
        const long double left = low + (high - low) / 3, right = high - (high - low) / 3;
        (objective(GetParam(), {left}, {z}, y, t) < objective(GetParam(), {right}, {z}, y, t) ? high : low) =
            objective(GetParam(), {left}, {z}, y, t) < objective(GetParam(), {right}, {z}, y, t) ? right : left;
      }
      EXPECT_NEAR(prox(l, {z}, y, t)[0], static_cast<double>(low), 1e-6) << "z " << z << " y " << y[0] << " t " << t;
    }
  });
}

TEST(Prox, TreatsOutputsOfASeparableLossAlone) {
  Random random(13);
  for (const Loss& loss : separable_losses()) {
    with_loss(loss, [&](const auto& l) {
      const Vector z = random.normals(5), y = targets(random, loss, 5), s = prox(l, z, y, 0.3);
      for (std::size_t k = 0; k < z.size(); ++k) EXPECT_EQ(s[k], prox(l, {z[k]}, {y[k]}, 0.3)[0]);
    });
  }
}

/// Distance from s to softmax's prox, by Newton's method on s − z + t(p − y) = 0 in long double, started at s.
long double softmax_error(const Vector& s, const Vector& z, const Vector& y, long double t) {
  const std::size_t C = s.size(), label = label_of(y);
  Wide point(s.begin(), s.end()), p(C), r(C);
  for (int step = 0; step < 6; ++step) {
    const long double top = *std::max_element(point.begin(), point.end());
    long double sum = 0, others = 0, numerator = 0, denominator = 0;
    for (std::size_t k = 0; k < C; ++k) sum += p[k] = std::exp(point[k] - top);
    for (std::size_t k = 0; k < C; ++k) others += k == label ? 0 : p[k] /= sum;
    p[label] /= sum;
    for (std::size_t k = 0; k < C; ++k) {
      r[k] = point[k] - z[k] + t * (k == label ? -others : p[k]);
      numerator += p[k] * r[k] / (1 + t * p[k]);
      denominator += p[k] / (1 + t * p[k]);
    }
    for (std::size_t k = 0; k < C; ++k) point[k] -= (r[k] + t * p[k] * numerator / denominator) / (1 + t * p[k]);
  }
  long double error = 0;
  for (std::size_t k = 0; k < C; ++k) error = std::max(error, std::fabs(point[k] - s[k]));
  return error;
}

TEST(SoftmaxProx, SatisfiesTheOptimalityConditionToRounding) {
  Random random(14);
  for (int trial = 0; trial < 10000; ++trial) {
    const Index C = random.index(1, trial % 8 == 0 ? 50 : 6);
    const double t = std::pow(10.0, random.uniform(-8, 8)), spread = std::fabs(any_size(random, trial, std::min(t, 1e4)));
    const Vector y = targets(random, Loss::softmax, C), z = scaled_normals(random, spread, C), s = prox(loss::Softmax{}, z, y, t);
    double scale = 0;
    for (std::size_t k = 0; k < z.size(); ++k) scale = std::max({scale, std::fabs(z[k]), std::fabs(s[k])});
    EXPECT_LE(softmax_error(s, z, y, t), 12 * unit * scale) << "C " << C << " t " << t << " spread " << spread;
  }
}

TEST(SoftmaxProx, IsNoWorseThanItsNeighbours) {
  Random random(15);
  for (int trial = 0; trial < 300; ++trial) {
    const Index C = random.index(2, 50);
    const double t = std::pow(10.0, random.uniform(-3, 3));
    const Vector y = targets(random, Loss::softmax, C), z = scaled_normals(random, 4, C), s = prox(loss::Softmax{}, z, y, t);
    const long double best = objective(Loss::softmax, Wide(s.begin(), s.end()), z, y, t);
    for (int neighbour = 0; neighbour < 20; ++neighbour) {
      const double distance = std::pow(10.0, random.uniform(-6, 1));
      Wide other(s.begin(), s.end());
      for (long double& entry : other) entry += distance * random.normal();
      EXPECT_GE(objective(Loss::softmax, other, z, y, t), best * (1 - 1e-15L));
    }
  }
}

TEST(SoftmaxProx, ManyTiesAndHugeStepsEndAtTheRoot) {
  for (const Index C : {2, 50, 3000}) {
    for (const double t : {1e-300, 1e-8, 1.0, 1e8, 1e300}) {
      Vector y(static_cast<std::size_t>(C)), z(y.size(), 0.25);
      y[1] = 1;
      const Vector s = prox(loss::Softmax{}, z, y, t);
      // By symmetry s_k = 1/4 − x, s_label = 1/4 + (C − 1) x, with x = t/(C − 1 + e^{Cx}), that is log x + log(C − 1 + e^{Cx}) = log t.
      const long double others = static_cast<long double>(C) - 1, total = others + 1;
      long double low = 0, high = 1e4L;
      for (int step = 0; step < 20000 && high - low > 1e-19L * high; ++step) {
        const long double x = (low + high) / 2;
        (x * (others + std::exp(total * x)) < t ? low : high) = x;
      }
      for (std::size_t k = 0; k < z.size(); ++k) {
        const auto expected = static_cast<double>(0.25L + low * (k == 1 ? others : -1));
        EXPECT_NEAR(s[k], expected, (12 + 0.1 * static_cast<double>(C)) * unit * (0.25 + static_cast<double>(low * others)))
            << "C " << C << " t " << t;
      }
    }
  }
}

// Two large outputs, the label far behind both: they share t as if alone, and the label moves by t.
TEST(SoftmaxProx, LabelFarBehindTheOthers) {
  for (const double far : {1e3, 1e8, 1e15, 1e300}) {
    const Vector s = prox(loss::Softmax{}, {-far, 0.75, 0.75, -far}, {1, 0, 0, 0}, 1);
    EXPECT_EQ(s[0], -far + 1);
    EXPECT_EQ(s[3], -far);
    EXPECT_NEAR(s[1], 0.25, 4 * unit);
    EXPECT_EQ(s[1], s[2]);
  }
}

class AnyProx : public testing::TestWithParam<Loss> {};
INSTANTIATE_TEST_SUITE_P(, AnyProx, testing::ValuesIn(every_loss()), test_name);

// ‖prox(z) − prox(z')‖ ≤ ‖z − z'‖, over all step sizes.
TEST_P(AnyProx, IsNonexpansive) {
  Random random(16);
  with_loss(GetParam(), [&](const auto& l) {
    for (int trial = 0; trial < 1000; ++trial) {
      const Index C = random.index(1, 6);
      const double t = std::pow(10.0, random.uniform(-8, 8));
      const Vector y = targets(random, GetParam(), C), z = scaled_normals(random, 3, C);
      Vector moved = z;
      for (double& value : moved) value += 0.1 * random.normal();
      const Vector s = prox(l, z, y, t), s_moved = prox(l, moved, y, t);
      double before = 0, after = 0;
      for (std::size_t k = 0; k < z.size(); ++k) {
        before += (z[k] - moved[k]) * (z[k] - moved[k]);
        after += (s[k] - s_moved[k]) * (s[k] - s_moved[k]);
      }
      EXPECT_LE(std::sqrt(after), std::sqrt(before) + 1e-13);
    }
  });
}

}  // namespace
}  // namespace neuspec
