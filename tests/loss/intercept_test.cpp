// Intercepts of softmax, whose outputs share one minimum, and what makes a dual vector of it sum to zero.
#include "loss/intercept.hpp"

#include <numeric>

#include "judge.hpp"
#include "loss/softmax.hpp"

namespace neuspec::test {
namespace {

/// Predictions by samples, labels, weights, and the judge's Σ w ℓ(f + b).
struct Samples {
  Index n, C;
  Vector f, y, w;

  Samples(Random& random, Index samples, Index outputs, double scale, bool weighted)
      : n(samples), C(outputs), f(scaled_normals(random, scale, n * C)) {
    for (Index i = 0; i < n; ++i) {
      const Vector row = targets(random, Loss::softmax, C);
      y.insert(y.end(), row.begin(), row.end());
      if (weighted) w.push_back(i % 4 == 1 ? 0 : random.uniform(0.1, 3));
    }
  }
  Intercepts best(std::span<const double> start = {}) const {
    Intercepts best = best_intercepts(Loss::softmax, by_samples<const double>(f.data(), n, C), by_samples<const double>(y.data(), n, C), w, start);
    balance(Loss::softmax, by_samples(best.v.data(), n, C));
    return best;
  }
  double weight(Index i) const { return w.empty() ? 1 : w[static_cast<std::size_t>(i)]; }
  long double loss(const Vector& b) const {
    long double sum = 0;
    for (Index i = 0; i < n; ++i) {
      Wide row;
      for (Index k = 0; k < C; ++k) row.push_back(static_cast<long double>(f[static_cast<std::size_t>(i * C + k)]) + b[static_cast<std::size_t>(k)]);
      sum += weight(i) * judged_value(Loss::softmax, row, Vector(y.begin() + i * C, y.begin() + (i + 1) * C));
    }
    return sum;
  }
};

/// What `balance` promises: every row in w times the domain, no entry grown, the sums zero to rounding.
void expect_balanced(const Samples& samples, const Vector& v, const Vector& before) {
  const Index n = samples.n, C = samples.C;
  const double units = static_cast<double>(2 * C + 8) * unit;
  for (Index k = 0; k < C; ++k) {
    long double sum = 0, size = 0;
    for (Index i = 0; i < n; ++i) {
      sum += v[static_cast<std::size_t>(i * C + k)];
      size += std::fabs(v[static_cast<std::size_t>(i * C + k)]);
    }
    EXPECT_LE(std::fabs(sum), units * size);
  }
  for (Index i = 0; i < n; ++i) {
    const std::size_t first = static_cast<std::size_t>(i * C);
    const Vector y(samples.y.begin() + i * C, samples.y.begin() + (i + 1) * C);
    Vector row(v.begin() + i * C, v.begin() + (i + 1) * C);
    for (std::size_t k = 0; k < row.size(); ++k) {
      EXPECT_LE(std::fabs(row[k]), std::fabs(before[first + k]) * (1 + 4 * units));
      row[k] = samples.weight(i) > 0 ? row[k] / samples.weight(i) : 0;
    }
    EXPECT_LE(loss::Softmax{}.conjugate(loss::Row<const double>{row.data(), 1, C}, test::row(y)), 0) << "outside of the domain";
  }
}

/// A v in the domain: rows at random, some of them 0.
Vector random_dual(Random& random, const Samples& samples, double spread) {
  Vector v(samples.f.size());
  for (Index i = 0; i < samples.n; ++i) {
    if (i % 5 == 3) continue;
    Vector row(static_cast<std::size_t>(samples.C));
    for (double& value : row) value = std::pow(10, random.uniform(-spread, 0));
    const Vector y(samples.y.begin() + i * samples.C, samples.y.begin() + (i + 1) * samples.C);
    loss::Softmax{}.project(test::row(std::as_const(row)), test::row(y), test::row(row));
    for (std::size_t k = 0; k < row.size(); ++k) v[static_cast<std::size_t>(i * samples.C) + k] = samples.weight(i) * row[k];
  }
  return v;
}

TEST(SoftmaxBalance, BringsAnyDualVectorToZeroSum) {
  Random random(4);
  for (const Index C : {2, 3, 8}) {
    for (const double spread : {1.0, 15.0}) {
      for (int trial = 0; trial < 30; ++trial) {
        const Samples samples(random, 5 + 20 * (trial % 2), C, 1, trial % 3 == 0);
        const Vector before = random_dual(random, samples, spread);
        Vector v = before, by_output(v.size());
        balance(Loss::softmax, by_samples(v.data(), samples.n, C));
        expect_balanced(samples, v, before);
        for (std::size_t at = 0; at < v.size(); ++at)
          by_output[at % static_cast<std::size_t>(C) * static_cast<std::size_t>(samples.n) + at / static_cast<std::size_t>(C)] = before[at];
        balance(Loss::softmax, by_outputs(by_output.data(), samples.n, C));
        for (std::size_t at = 0; at < v.size(); ++at)
          EXPECT_EQ(by_output[at % static_cast<std::size_t>(C) * static_cast<std::size_t>(samples.n) + at / static_cast<std::size_t>(C)], v[at]);
      }
    }
  }
}

// Flows 0 → 1 → 2 → 0 of 3, 2 and 1: what 0 and 1 send too much goes, on the shortest ways.
TEST(SoftmaxBalance, LeavesTheLargestCircleOfThree) {
  Vector v = {-3, 3, 0, 0, -2, 2, 1, 0, -1};
  balance(Loss::softmax, by_samples(v.data(), 3, 3));
  EXPECT_EQ(v, (Vector{-1, 1, 0, 0, -1, 1, 1, 0, -1}));
  Vector pair = {-3, 3, -1, 1, 2, -2};
  balance(Loss::softmax, by_samples(pair.data(), 3, 2));
  EXPECT_EQ(pair, (Vector{-1.5, 1.5, -0.5, 0.5, 2, -2}));
}

TEST(SoftmaxBalance, WhatFlowsToAClassWithoutSamplesGoes) {
  Vector v = {-3, 1, 2, 0.5, -1, 0.5};
  balance(Loss::softmax, by_samples(v.data(), 2, 3));
  EXPECT_EQ(v, (Vector{-0.5, 0.5, 0, 0.5, -0.5, 0}));
  Vector zero(6, 0.0);
  balance(Loss::softmax, by_samples(zero.data(), 2, 3));
  EXPECT_EQ(zero, Vector(6, 0.0));
  Vector endless = {-1e308, 1e308, -1e308, 1e308, 1e308, -1e308};
  balance(Loss::softmax, by_samples(endless.data(), 3, 2));
  for (const double value : endless) EXPECT_EQ(value, 0) << "no number to scale by, so that nothing is claimed";
}

// What is off by a part in 10¹³ stays to a part in 10¹².
TEST(SoftmaxBalance, TakesOffNoMoreThanWhatIsOff) {
  Random random(8);
  for (int trial = 0; trial < 20; ++trial) {
    const Samples samples(random, 30, 5, 1, true);
    Vector v = random_dual(random, samples, 2);
    balance(Loss::softmax, by_samples(v.data(), 30, 5));
    Vector moved = v;
    for (double& value : moved) value *= 1 + 1e-13 * random.uniform(-1, 1);
    balance(Loss::softmax, by_samples(moved.data(), 30, 5));
    double change = 0, size = 0;
    for (std::size_t at = 0; at < v.size(); ++at) {
      change += std::fabs(moved[at] - v[at]);
      size += std::fabs(v[at]);
    }
    EXPECT_LE(change, 1e-12 * size);
  }
}

TEST(SoftmaxIntercept, IsTheMinimumAtAnyScale) {
  Random random(9);
  for (const double scale : {0.0, 1.0, 10.0, 300.0}) {
    for (int trial = 0; trial < 12; ++trial) {
      const Samples samples(random, 40, 2 + trial % 4, scale, trial % 2 == 0);
      const Intercepts best = samples.best();
      const long double least = samples.loss(best.b);
      EXPECT_NEAR(std::accumulate(best.b.begin(), best.b.end(), 0.0), 0, 1e-11 * (1 + scale));
      for (std::size_t k = 0; k < best.b.size(); ++k) {
        for (const double step : {-1.0, -1e-4, 1e-4, 1.0}) {
          Vector other = best.b;
          other[k] += step;
          EXPECT_GE(samples.loss(other), least - 1e-13L * least) << scale;
        }
      }
      Vector p(samples.f.size());  // w times the gradient at f + b
      for (Index i = 0; i < samples.n; ++i) {
        Vector moved(samples.f.begin() + i * samples.C, samples.f.begin() + (i + 1) * samples.C);
        for (std::size_t k = 0; k < moved.size(); ++k) moved[k] += best.b[k];
        const Vector y(samples.y.begin() + i * samples.C, samples.y.begin() + (i + 1) * samples.C);
        loss::Softmax{}.gradient(test::row(std::as_const(moved)), test::row(y), loss::Row<double>{p.data() + i * samples.C, 1, samples.C});
        for (Index k = 0; k < samples.C; ++k) p[static_cast<std::size_t>(i * samples.C + k)] *= samples.weight(i);
      }
      expect_balanced(samples, best.v, p);
      for (std::size_t at = 0; at < p.size(); ++at) EXPECT_NEAR(best.v[at], p[at], 1e-11 * std::fabs(p[at]) + 1e-12 * (1 + scale)) << scale;
    }
  }
}

TEST(SoftmaxIntercept, OfNoPredictionsIsTheLogarithmOfTheWeights) {
  const Vector f(12, 0.0), y = {1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, w = {1, 4, 2, 10};
  const Intercepts best = best_intercepts(Loss::softmax, by_samples<const double>(f.data(), 4, 3), by_samples<const double>(y.data(), 4, 3), w);
  const double mean = std::log(5.0 * 2 * 10) / 3;
  EXPECT_NEAR(best.b[0], std::log(5) - mean, 1e-14);
  EXPECT_NEAR(best.b[1], std::log(2) - mean, 1e-14);
  EXPECT_NEAR(best.b[2], std::log(10) - mean, 1e-14);
}

TEST(SoftmaxIntercept, OfTwoClassesIsThatOfLogisticLoss) {
  Random random(12);
  const Samples samples(random, 30, 2, 3, true);
  Vector difference, sign;
  for (std::size_t i = 0; i < 30; ++i) {
    difference.push_back(samples.f[2 * i] - samples.f[2 * i + 1]);
    sign.push_back(samples.y[2 * i] > 0 ? 1 : -1);
  }
  const Intercepts best = samples.best();
  const Intercept logistic = best_intercept(Loss::logistic, difference, sign, samples.w);
  EXPECT_NEAR(best.b[0] - best.b[1], logistic.b, 1e-13);
  for (std::size_t i = 0; i < 30; ++i) EXPECT_NEAR(best.v[2 * i], logistic.v[i], 1e-13);
}

// Also from where probabilities, and with them the derivatives of the sums, are all but gone.
TEST(SoftmaxIntercept, StartsFromAnywhere) {
  Random random(14);
  for (const double scale : {1e-9, 1.0, 30.0, 100.0, 300.0, 1e4}) {
    for (int trial = 0; trial < 60; ++trial) {
      const Index C = 2 + trial % 5;
      const Samples samples(random, 40, C, trial % 2 == 0 ? 2 : 50, false);
      const Intercepts best = samples.best(), again = samples.best(scaled_normals(random, scale, C));
      const long double least = samples.loss(best.b);
      EXPECT_NEAR(static_cast<double>(samples.loss(again.b)), static_cast<double>(least), 1e-13 * static_cast<double>(1 + least)) << scale;
      for (std::size_t k = 0; trial % 2 == 0 && k < best.b.size(); ++k) EXPECT_NEAR(again.b[k], best.b[k], 1e-12 + 1e-15 * scale) << scale;
    }
  }
}

TEST(SoftmaxIntercept, OfAClassWithoutSamplesGivesNothingAway) {
  Random random(15);
  Samples samples(random, 30, 4, 20, false);
  for (std::size_t at = 2; at < samples.y.size(); at += 4) samples.y[at - 2] += std::exchange(samples.y[at], 0.0);  // class 2 becomes class 0
  const Intercepts best = samples.best();
  Samples without(random, 30, 3, 1, false);
  for (std::size_t i = 0; i < 30; ++i) {
    for (std::size_t k = 0, to = 0; k < 4; ++k) {
      if (k == 2) continue;
      without.f[3 * i + to] = samples.f[4 * i + k];
      without.y[3 * i + to++] = samples.y[4 * i + k];
    }
    EXPECT_EQ(best.v[4 * i + 2], 0);
  }
  const Intercepts of_three = without.best();
  for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(best.b[k < 2 ? k : 3], of_three.b[k], 1e-12);
  EXPECT_NEAR(static_cast<double>(samples.loss(best.b)), static_cast<double>(without.loss(of_three.b)), 1e-12);
  EXPECT_TRUE(std::isfinite(best.b[2]));
}

TEST(SoftmaxIntercept, OfOneClassOneSampleOrNoWeight) {
  Random random(16);
  for (const Index n : {1, 5}) {
    Samples one(random, n, 3, 5, false);
    for (std::size_t at = 0; at < one.y.size(); ++at) one.y[at] = at % 3 == 1 ? 1 : 0;
    const Intercepts best = one.best();
    EXPECT_EQ(best.v, Vector(one.f.size(), 0.0));
    EXPECT_EQ(one.loss(best.b) < 1e-300L, true);
    one.w.assign(static_cast<std::size_t>(n), 0.0);
    const Intercepts idle = one.best();
    EXPECT_NEAR(idle.b[0] + idle.b[1] + idle.b[2], 0, 1e-14);
    EXPECT_EQ(idle.v, Vector(one.f.size(), 0.0));
  }
}

// More samples than one thread's part: each of a few, a thousand times.
TEST(SoftmaxIntercept, OfManySamplesIsThatOfTheirWeights) {
  Random random(17);
  Samples few(random, 9, 3, 2, false), many(random, 0, 3, 2, false);
  many.n = 9000;
  for (int copy = 0; copy < 1000; ++copy) {
    many.f.insert(many.f.end(), few.f.begin(), few.f.end());
    many.y.insert(many.y.end(), few.y.begin(), few.y.end());
  }
  const Intercepts expected = few.best(), best = many.best();
  for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(best.b[k], expected.b[k], 1e-12);
  for (std::size_t at = 0; at < 9; ++at) EXPECT_NEAR(best.coupling[at], at % 4 == 0 ? best.coupling[at] : 1000 * expected.coupling[at], 1e-9);
  for (std::size_t at = 0; at < best.v.size(); ++at) EXPECT_NEAR(best.v[at], expected.v[at % 27], 1e-12);
  expect_balanced(many, best.v, best.v);
}

// Minus the derivative of the sums in b, by differences of sums of the judge's gradient.
TEST(SoftmaxIntercept, CouplingIsTheDerivativeOfTheSums) {
  Random random(18);
  const Samples samples(random, 25, 4, 2, true);
  const Intercepts best = samples.best();
  const double h = 1e-4;
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::size_t l = 0; l < 4; ++l) {
      if (k == l) continue;
      const auto at = [&](double dk, double dl) {
        Vector b = best.b;
        b[k] += dk;
        b[l] += dl;
        return samples.loss(b);
      };
      const auto second = static_cast<double>((at(h, h) - at(h, -h) - at(-h, h) + at(-h, -h)) / (4 * h * h));
      EXPECT_NEAR(best.coupling[4 * k + l], -second, 1e-6);
    }
  }
}

}  // namespace
}  // namespace neuspec::test
