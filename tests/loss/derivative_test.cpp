#include <algorithm>

#include "judge.hpp"

namespace neuspec {
namespace {

using namespace test;

class Derivatives : public testing::TestWithParam<Loss> {};
INSTANTIATE_TEST_SUITE_P(, Derivatives, testing::ValuesIn(every_loss()), test_name);

TEST_P(Derivatives, ValueIsTheFormulasToRounding) {
  Random random(1);
  with_loss(GetParam(), [&](const auto& l) {
    for (int trial = 0; trial < 2000; ++trial) {
      const Index C = random.index(1, trial % 10 == 0 ? 50 : 4);
      const Vector y = targets(random, GetParam(), C), f = scaled_normals(random, std::exp(random.uniform(-8, 6)), C);
      const auto expected = static_cast<double>(judged_value(GetParam(), f, y));
      // Differences of f round before their exponentials.
      const double spread = GetParam().coupled() ? *std::max_element(f.begin(), f.end()) - *std::min_element(f.begin(), f.end()) : 0;
      EXPECT_NEAR(l.value(row(f), row(y)), expected, (8 + static_cast<double>(C) + spread) * unit * expected) << f[0] << ' ' << y[0];
    }
  });
}

TEST_P(Derivatives, GradientIsTheSlopeOfTheValue) {
  Random random(2);
  with_loss(GetParam(), [&](const auto& l) {
    for (int trial = 0; trial < 1000; ++trial) {
      const Index C = random.index(1, 7);
      const Vector y = targets(random, GetParam(), C), f = scaled_normals(random, std::exp(random.uniform(-3, 2)), C);
      Vector gradient(f.size());
      l.gradient(row(f), row(y), row(gradient));
      for (std::size_t k = 0; k < f.size(); ++k) {
        if (!GetParam().smooth() && std::fabs(f[k] - y[k]) < 1e-5) continue;  // the kink, which for y = ±1 is at f = y
        const long double h = 1e-6L;
        Wide plus(f.begin(), f.end()), minus = plus;
        plus[k] += h;
        minus[k] -= h;
        const auto slope = static_cast<double>((judged_value(GetParam(), plus, y) - judged_value(GetParam(), minus, y)) / (2 * h));
        EXPECT_NEAR(gradient[k], slope, 1e-6 * std::fabs(slope) * (GetParam().kind == Loss::huber) + 1e-10 * (1 + std::fabs(slope)))
            << "f " << f[k] << " y " << y[k];
      }
    }
  });
}

// At kinks and across them: ℓ(g) ≥ ℓ(f) + ∇ℓ(f)ᵀ(g − f), which also says that ℓ is convex.
TEST_P(Derivatives, GradientSupportsTheLossEverywhere) {
  Random random(3);
  with_loss(GetParam(), [&](const auto& l) {
    for (int trial = 0; trial < 2000; ++trial) {
      const Index C = random.index(1, 4);
      const Vector y = targets(random, GetParam(), C), g = scaled_normals(random, 3, C);
      Vector f = scaled_normals(random, 3, C), gradient(f.size());
      if (trial % 2 == 0) f = y;  // the kink of absolute and of the hinges
      l.gradient(row(f), row(y), row(gradient));
      const long double rise = product(gradient, g) - product(gradient, f), scale = 1 + std::fabs(rise) + judged_value(GetParam(), g, y);
      EXPECT_GE(judged_value(GetParam(), g, y) - judged_value(GetParam(), f, y) - rise, -1e-14L * scale);
    }
  });
}

TEST_P(Derivatives, CurvatureIsTheSlopeOfTheGradient) {
  Random random(4);
  with_loss(GetParam(), [&](const auto& l) {
    int compared = 0;
    for (int trial = 0; trial < 1000; ++trial) {
      const Index C = random.index(1, 7);
      const Vector y = targets(random, GetParam(), C), f = scaled_normals(random, std::exp(random.uniform(-3, 2)), C), d = random.normals(C);
      const auto at = [&](double h, auto&& derivative) {
        Vector point = f, out(f.size());
        for (std::size_t k = 0; k < f.size(); ++k) point[k] += h * d[k];
        derivative(row(std::as_const(point)), row(out));
        return out;
      };
      const auto gradient = [&](auto point, auto out) { l.gradient(point, row(y), out); };
      const auto curvature = [&](auto point, auto out) { l.curvature(point, row(y), row(d), out); };
      const double h = 1e-5;
      const Vector plus = at(h, gradient), minus = at(-h, gradient), product = at(0, curvature);
      const Vector above = at(h, curvature), below = at(-h, curvature);
      for (std::size_t k = 0; k < f.size(); ++k) {
        if (std::fabs(above[k] - below[k]) > 1e-4 * (std::fabs(d[k]) + 1)) continue;  // a kink of the gradient lies between
        ++compared;
        EXPECT_NEAR(product[k], (plus[k] - minus[k]) / (2 * h), 1e-8 * (1 + std::fabs(d[k]))) << "f " << f[k] << " y " << y[k];
      }
    }
    EXPECT_GT(compared, 1000);
  });
}

TEST(SoftmaxDerivatives, KeepTheirDigitsWhereOneClassIsCertain) {
  const loss::Softmax softmax;
  const Vector f{60, 0, -5}, y{1, 0, 0}, d{1, 3, -2};
  Vector gradient(3), product(3);
  softmax.gradient(row(f), row(y), row(gradient));
  softmax.curvature(row(f), row(y), row(d), row(product));
  const long double p1 = std::exp(-60.0L), p2 = std::exp(-65.0L), mean = p1 * 2 + p2 * -3;  // of d less its first entry
  const long double gradients[]{-(p1 + p2), p1, p2}, products[]{-mean, p1 * 2, p2 * -3};    // to p², which is e^{−60} of them
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(gradient[k], static_cast<double>(gradients[k]), 4 * unit * std::fabs(gradient[k]));
    EXPECT_NEAR(product[k], static_cast<double>(products[k]), 8 * unit * std::fabs(product[k]));
  }
}

// Every result once in place, once into padded rows of floats: the same numbers, and nothing between them touched.
TEST_P(Derivatives, RowsMayBeStridedFloatAndTheirOwnResult) {
  Random random(5);
  with_loss(GetParam(), [&](const auto& l) {
    for (const Index C : {1, 2, 9}) {
      const auto size = static_cast<std::size_t>(C);
      const std::vector<float> pad(3 * size, 7.5F);
      std::vector<float> f = pad, d = pad, label = pad;
      Vector wide_f(size), wide_d(size), y = targets(random, GetParam(), C);
      for (std::size_t k = 0; k < size; ++k) {
        wide_f[k] = f[3 * k] = static_cast<float>(random.normal());
        wide_d[k] = d[3 * k] = static_cast<float>(random.normal());
        y[k] = label[3 * k] = static_cast<float>(y[k]);
      }
      using Floats = loss::Row<float>;
      const Floats targets_row{label.data(), 3, C};
      const auto expect = [&](const char* what, std::vector<float>& start, const Vector& expected, auto&& in_place) {
        std::vector<float> work = start;
        in_place(Floats{work.data(), 3, C});
        for (std::size_t k = 0; k < work.size(); ++k) {
          EXPECT_EQ(work[k], k % 3 == 0 ? static_cast<float>(expected[k / 3]) : 7.5F) << what << ' ' << k;
        }
      };
      Vector gradient(size), curvature(size), prox(size);
      l.gradient(row(std::as_const(wide_f)), row(std::as_const(y)), row(gradient));
      l.curvature(row(std::as_const(wide_f)), row(std::as_const(y)), row(std::as_const(wide_d)), row(curvature));
      l.prox(row(std::as_const(wide_f)), row(std::as_const(y)), 0.7, row(prox));
      expect("gradient", f, gradient, [&](Floats in) { l.gradient(in, targets_row, in); });
      expect("curvature", d, curvature, [&](Floats in) { l.curvature(Floats{f.data(), 3, C}, targets_row, in, in); });
      expect("prox", f, prox, [&](Floats in) { l.prox(in, targets_row, 0.7, in); });
      EXPECT_EQ(l.value(Floats{f.data(), 3, C}, targets_row), l.value(row(std::as_const(wide_f)), row(std::as_const(y))));
    }
  });
}

TEST(Table, RefusesWhatIsNoLoss) {
  EXPECT_THROW(with_loss(Loss(static_cast<LossKind>(99)), [](const auto&) { return 0; }), UsageError);
}

}  // namespace
}  // namespace neuspec
