#include "lift/row_space.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "neuspec/error.hpp"
#include "support/random.hpp"

namespace neuspec {
namespace {

using test::Random;

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

Dataset data_of(Random& random, Index n, Index d, std::vector<double> x) { return {n, d, 1, std::move(x), random.normals(n)}; }
Dataset random_data(Random& random, Index n, Index d) { return data_of(random, n, d, random.normals(n * d)); }

long double inner(const double* a, const double* b, Index n) {
  long double sum = 0;
  for (Index l = 0; l < n; ++l) sum += static_cast<long double>(a[l]) * b[l];
  return sum;
}
double length(const double* a, Index n) { return static_cast<double>(std::sqrt(inner(a, a, n))); }

/// The directions that the coordinate axes of R^{r+1} stand for: Q and q once more.
std::vector<double> axes(const RowSpace& space) {
  Network network{.activation = {}, .features = space.features(), .outputs = 1, .directions = {}, .weights = {}, .output = {}};
  std::vector<double> u(size(space.features()));
  for (double& entry : u) {
    entry = 1;
    network.add(u.data(), 1, 0);
    entry = 0;
  }
  return space.lift(network).directions;
}

/// Everything that makes (P) on x̂ the same as (P) on x.
void expect_equivalent(const RowSpace& space, const Dataset& data) {
  const Index n = data.samples(), d = data.features(), dimension = space.features();
  ASSERT_EQ(dimension, n + 1);
  const std::vector<double> basis = axes(space);
  for (Index j = 0; j < dimension; ++j)
    for (Index k = 0; k <= j; ++k)
      EXPECT_NEAR(static_cast<double>(inner(basis.data() + j * d, basis.data() + k * d, d)), j == k ? 1 : 0, 1e-14) << j << " " << k;
  for (Index i = 0; i < n; ++i) {
    const double norm = length(data.x().data() + i * d, d);
    EXPECT_EQ(space.sample(i)[dimension - 1], 0);
    for (Index j = 0; j < dimension; ++j)
      EXPECT_NEAR(static_cast<double>(inner(data.x().data() + i * d, basis.data() + j * d, d)), space.sample(i)[j], 1e-13 * norm) << i << " " << j;
    EXPECT_LE(space.deviation(i), 1e-11 * norm + 1e-300);
  }
}

TEST(RowSpace, KeepsWhatNeuronsSee) {
  Random random(1);
  // n = 64 and 150 are at and beyond a panel of the factorisation.
  for (const auto& [n, d] : std::vector<std::pair<Index, Index>>{{1, 3}, {1, 50}, {8, 20}, {8, 10}, {64, 90}, {150, 220}, {3, 4000}}) {
    const Dataset data = random_data(random, n, d);
    expect_equivalent(RowSpace(data), data);
  }
}

TEST(RowSpace, ZeroRepeatedAndDependentSamplesAreNoExceptions) {
  Random random(2);
  const Index n = 9, d = 30;
  std::vector<double> x = random.normals(n * d);
  std::fill_n(x.begin(), d, 0.0);                    // the first one is zero
  std::copy_n(x.begin() + d, d, x.begin() + 4 * d);  // two are the same
  for (Index l = 0; l < d; ++l) x[size(6 * d + l)] = 2 * x[size(2 * d + l)] - x[size(3 * d + l)];
  for (Index i = 0; i < n; ++i) x[size(i * d + 5)] = 0;  // and a feature is constant
  const Dataset data = data_of(random, n, d, std::move(x));
  expect_equivalent(RowSpace(data), data);
  const Dataset nothing = data_of(random, 4, d, std::vector<double>(size(4 * d)));
  expect_equivalent(RowSpace(nothing), nothing);
}

TEST(RowSpace, NumbersOfEverySize) {
  Random random(3);
  const Index n = 5, d = 17;
  for (const double scale : {1e-300, 1e-160, 1e150}) {
    std::vector<double> x = random.normals(n * d);
    for (double& value : x) value *= scale;
    const Dataset data = data_of(random, n, d, std::move(x));
    expect_equivalent(RowSpace(data), data);
  }
}

TEST(RowSpace, LiftedNetworksPredictTheSame) {
  Random random(4);
  const Index n = 12, d = 40, m = 7;
  const Dataset data = random_data(random, n, d);
  const RowSpace space(data);
  const Network reduced = random.network({}, space.features(), 2, m), network = space.lift(reduced);
  ASSERT_EQ(network.features, d);
  ASSERT_EQ(network.weights, reduced.weights);
  ASSERT_EQ(network.output, reduced.output);
  for (Index j = 0; j < m; ++j) EXPECT_NEAR(length(network.directions.data() + j * d, d), 1, 1e-15);
  std::vector<double> f(size(2 * n)), expected(f.size());
  network.predict(data.x().data(), n, f.data());
  reduced.predict(space.sample(0), n, expected.data());
  for (std::size_t i = 0; i < f.size(); ++i) EXPECT_NEAR(f[i], expected[i], 1e-12);
}

TEST(RowSpace, IsASourceOfTheReducedSamples) {
  Random random(5);
  const Index n = 7, d = 19;
  const Dataset data(n, d, 2, random.normals(n * d), random.normals(2 * n), std::vector<double>(size(n), 0.5));
  const RowSpace space(data);
  EXPECT_EQ(space.samples(), n);
  EXPECT_EQ(space.targets(), 2);
  Index seen = 0;
  space.visit(3, [&](const Chunk& chunk) {
    EXPECT_EQ(chunk.first, seen);
    EXPECT_TRUE(std::equal(chunk.x, chunk.x + chunk.samples * space.features(), space.sample(seen)));
    EXPECT_TRUE(std::equal(chunk.y, chunk.y + chunk.samples * 2, data.y().data() + seen * 2));
    EXPECT_EQ(chunk.weights[0], 0.5);
    seen += chunk.samples;
  });
  EXPECT_EQ(seen, n);
}

// For bases and coordinates that are wrong: some û has |x_iᵀu − x̂_iᵀû| ≤ η_i for all i, whatever u is. That of the proof is tried, with the largest
// stretch among the directions in place of √(1 + δ), which is not above it.
TEST(RowSpace, DeviationsHoldForAnyBasis) {
  Random random(6);
  const Index n = 6, d = 15, r = n;
  for (const double wrong : {0.0, 1e-14, 1e-10, 1e-6, 1e-3, 0.1, 1.0, 10.0}) {
    const Dataset data = random_data(random, n, d);
    const RowSpace right(data);
    std::vector<double> basis = axes(right), coordinates(right.sample(0), right.sample(0) + n * (r + 1));
    for (double& value : basis) value += wrong * random.normal() / std::sqrt(static_cast<double>(d));
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < r; ++j) coordinates[size(i * (r + 1) + j)] += wrong * random.normal();
    const RowSpace space(data, basis, coordinates);
    double residuals = 0;
    for (int trial = 0; trial < 200; ++trial) {
      // Directions in the span are the worst for the stretch, residuals those for the coordinates.
      std::vector<double> u = random.unit(d), w(size(r));
      if (trial % 2 == 0) {
        std::fill(u.begin(), u.end(), 0.0);
        const std::vector<double> z = random.unit(r);
        for (Index j = 0; j < r; ++j)
          for (Index l = 0; l < d; ++l) u[size(l)] += z[size(j)] * basis[size(j * d + l)];
      }
      const double norm = length(u.data(), d);
      for (double& value : u) value /= norm;
      for (Index j = 0; j < r; ++j) w[size(j)] = static_cast<double>(inner(basis.data() + j * d, u.data(), d));
      const double stretch = std::max(1.0, length(w.data(), r));
      for (Index i = 0; i < n; ++i) {
        const auto raw = inner(data.x().data() + i * d, u.data(), d), reduced = inner(coordinates.data() + i * (r + 1), w.data(), r) / stretch;
        residuals = std::max(residuals, static_cast<double>(std::abs(raw - reduced)) / space.deviation(i));
      }
    }
    EXPECT_LE(residuals, 1) << wrong;
    if (wrong >= 1e-6) {
      EXPECT_GE(residuals, 1e-3) << wrong;  // no empty promise either
    }
  }
}

TEST(RowSpace, ChangesBoundTheActivations) {
  Random random(7);
  const Index n = 5, d = 12;
  const Dataset data = random_data(random, n, d);
  const RowSpace right(data);
  std::vector<double> basis = axes(right), coordinates(right.sample(0), right.sample(0) + n * (n + 1));
  for (Index i = 0; i < n; ++i) coordinates[size(i * (n + 1) + i)] += 0.3;
  const RowSpace space(data, basis, coordinates);
  for (const Activation& activation : {Activation{}, Activation{1, 0, 0}, Activation{0, 1, 0}, Activation{-0.4, 0.3, 2}}) {
    for (Index i = 0; i < n; ++i) {
      // The û of u is (Qᵀu, …): x̂_i moved by 0.3 along one axis.
      for (int trial = 0; trial < 100; ++trial) {
        const std::vector<double> u = random.unit(d);
        const double raw = static_cast<double>(inner(data.x().data() + i * d, u.data(), d));
        const double reduced = raw + 0.3 * static_cast<double>(inner(basis.data() + i * d, u.data(), d));
        EXPECT_LE(std::abs(activation(raw) - activation(reduced)), space.change(activation, i));
      }
    }
  }
  EXPECT_LE(space.change({0, 0, 1}, 0), 1e-320);  // a constant does not change
}

TEST(RowSpace, StoppedItIsEmptyAndSaysSo) {
  Random random(8);
  const Index n = 80, d = 200;
  const Dataset data = random_data(random, n, d);
  int asked = 0;
  const RowSpace whole(data, [&] { return ++asked, false; });
  EXPECT_EQ(whole.features(), n + 1);
  EXPECT_GE(asked, 5);
  for (int after = 0; after < asked; ++after) {
    int before = 0;
    const RowSpace space(data, [&] { return before++ >= after; });
    ASSERT_EQ(space.features(), 1);
    for (Index i = 0; i < n; ++i) {
      EXPECT_EQ(space.sample(i)[0], 0);
      const double norm = length(data.x().data() + i * d, d);
      EXPECT_GE(space.deviation(i), norm);
      EXPECT_LE(space.deviation(i), norm * (1 + 1e-11));
    }
  }
}

TEST(RowSpace, ServesWideDataOfDenseNetworks) {
  Random random(9);
  const Architecture dense, convolution = Architecture::parse("conv1d:length=40,filter=3");
  EXPECT_TRUE(RowSpace::serves(dense, random_data(random, 8, 40)));
  EXPECT_FALSE(RowSpace::serves(convolution, random_data(random, 8, 40)));
  EXPECT_FALSE(RowSpace::serves(dense, random_data(random, 39, 40)));
  EXPECT_FALSE(RowSpace::serves(dense, random_data(random, 40, 8)));
  const Dataset tall = random_data(random, 5, 5);
  EXPECT_THROW(RowSpace{tall}, UsageError);
  const Dataset wide = random_data(random, 2, 5);
  EXPECT_THROW(RowSpace(wide, std::vector<double>(15), std::vector<double>(5)), UsageError);
  EXPECT_THROW(RowSpace(wide, std::vector<double>(14), std::vector<double>(6)), UsageError);
}

}  // namespace
}  // namespace neuspec
