#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "neuspec/network.hpp"
#include "support/random.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

using test::Random;

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

std::vector<double> predict(const Network& network, const std::vector<double>& x) {
  const Index samples = static_cast<Index>(x.size()) / network.features;
  std::vector<double> f(size(samples * network.outputs), -1e300);  // predict must not add to what was there
  network.predict(x.data(), samples, f.data());
  return f;
}

std::vector<double> naive(const Network& network, const std::vector<double>& x) {
  const Index d = network.features, samples = static_cast<Index>(x.size()) / d;
  std::vector<double> f(size(samples * network.outputs));
  for (Index i = 0; i < samples; ++i)
    for (Index j = 0; j < network.neurons(); ++j) {
      double h = 0;
      for (Index l = 0; l < d; ++l) h += network.directions[size(j * d + l)] * x[size(i * d + l)];
      f[size(i * network.outputs + network.output[size(j)])] += network.weights[size(j)] * network.activation(h);
    }
  return f;
}

TEST(Predict, MatchesNaiveLoops) {
  Random random(1);
  // More samples than a batch, more neurons than samples, outputs that no neuron feeds, neurons of different outputs interleaved.
  for (const auto& [d, C, m, n] : {std::array<Index, 4>{1, 1, 1, 1}, {3, 1, 4, 5000}, {7, 3, 20, 1111}, {5, 10, 3, 50}, {4, 2, 3000, 40}}) {
    for (const Activation activation : {Activation{}, Activation{1, 0, 0}, Activation{0, 1, 0}}) {
      const Network network = random.network(activation, d, C, m);
      const std::vector<double> x = random.normals(n * d), f = predict(network, x), reference = naive(network, x);
      ASSERT_EQ(f.size(), reference.size());
      for (std::size_t i = 0; i < f.size(); ++i) ASSERT_NEAR(f[i], reference[i], 1e-12 * (1 + network.penalty()));
    }
  }
}

TEST(Predict, EmptyNetworkPredictsZero) {
  Random random(2);
  const Network network = random.network({}, 3, 2, 0);
  for (const double f : predict(network, random.normals(30))) EXPECT_EQ(f, 0);
  EXPECT_EQ(network.penalty(), 0);
}

TEST(Predict, NoSamplesIsNoError) {
  Random random(3);
  EXPECT_TRUE(predict(random.network({}, 3, 2, 4), {}).empty());
}

TEST(Predict, SameBitsInEveryRun) {
  Random random(4);
  const Network network = random.network({}, 20, 3, 40);
  const std::vector<double> x = random.normals(network.features * 4000);
  for (const int threads : {1, 2, 3}) {
    const ThreadScope scope(threads);
    const std::vector<double> first = predict(network, x);
    for (int repeat = 0; repeat < 5; ++repeat) EXPECT_EQ(predict(network, x), first);
  }
}

TEST(Predict, AddAppendsANeuron) {
  Network network{.activation = {}, .features = 2, .outputs = 3, .directions = {}, .weights = {}, .output = {}};
  const std::vector<double> u{0.6, 0.8}, w{1, 0};
  network.add(u.data(), -2, 1);
  network.add(w.data(), 0.5, 2);
  EXPECT_EQ(network.neurons(), 2);
  EXPECT_EQ(network.directions, (std::vector<double>{0.6, 0.8, 1, 0}));
  EXPECT_EQ(network.output, (std::vector<Index>{1, 2}));
  EXPECT_EQ(network.penalty(), 2.5);
}

}  // namespace
}  // namespace neuspec
