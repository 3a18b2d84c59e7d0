// Networks of fewer neurons than features, explained in the span of what they see, against matrices of features × features.
#include "explain/neuron_span.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>
#include <utility>
#include <vector>

#include "explain/attack.hpp"
#include "neuspec/explain.hpp"
#include "support/random_architecture.hpp"

namespace neuspec {
namespace {

using test::Random;
using test::Vector;

Dataset without_targets(const Vector& x, Index d, Index C) {
  const Index n = static_cast<Index>(x.size()) / d;
  return {n, d, C, x, Vector(static_cast<std::size_t>(n * C))};
}

/// The same distances, to what both leave open.
void expect_same(const std::vector<Flip>& flips, const std::vector<Flip>& dense, Index d) {
  ASSERT_EQ(flips.size(), dense.size());
  for (std::size_t i = 0; i < flips.size(); ++i) {
    EXPECT_EQ(flips[i].prediction, dense[i].prediction);
    EXPECT_EQ(flips[i].competitor, dense[i].competitor);
    EXPECT_EQ(std::isinf(flips[i].distance), std::isinf(dense[i].distance));
    EXPECT_LE(flips[i].lower_bound, flips[i].distance);
    EXPECT_EQ(std::isinf(flips[i].lower_bound), std::isinf(dense[i].lower_bound));
    if (std::isinf(flips[i].distance)) continue;
    EXPECT_LE(flips[i].lower_bound, dense[i].distance);
    EXPECT_LE(dense[i].lower_bound, flips[i].distance);
    EXPECT_NEAR(flips[i].distance, dense[i].distance, 1e-8 * (dense[i].distance + 1));
    EXPECT_NEAR(flips[i].lower_bound, dense[i].lower_bound, 1e-7 * (dense[i].distance + 1));
    ASSERT_EQ(flips[i].delta.size(), static_cast<std::size_t>(d));
    EXPECT_LE(test::norm(flips[i].delta), flips[i].distance);
  }
}

TEST(NeuronSpan, GivesTheDistancesOfWholeMatrices) {
  Random random(1);
  int finite = 0;
  for (const Index d : {2, 5, 12, 40}) {
    for (const auto& [C, m] : {std::pair<Index, Index>{1, 1}, {1, d / 2}, {3, d - 1}}) {
      for (const Activation& activation : {Activation{}, {1, 0, -0.3}, {0, 1, 0.2}}) {
        const Network network = random.network(activation, d, C, m);
        ASSERT_TRUE(span_of(network).has_value());
        const Vector x = random.normals(d * 30);
        const std::vector<Flip> dense = smallest_flips(quadratic_form(network), x.data(), 30, true);
        expect_same(smallest_flips(network, without_targets(x, d, C), true), dense, d);
        finite += static_cast<int>(std::count_if(dense.begin(), dense.end(), [](const Flip& flip) { return std::isfinite(flip.distance); }));
      }
    }
  }
  EXPECT_GT(finite, 600);
}

TEST(NeuronSpan, IsNotTakenOfAsManyNeuronsAsFeatures) {
  Random random(2);
  const Network network = random.network({}, 6, 2, 6);
  EXPECT_FALSE(span_of(network).has_value());
  const Vector x = random.normals(Index{6} * 20);
  expect_same(smallest_flips(network, without_targets(x, 6, 2), true), smallest_flips(quadratic_form(network), x.data(), 20, true), 6);
}

TEST(NeuronSpan, HoldsPatchesOfConvolutions) {
  Random random(3);
  Problem problem;
  problem.architecture = Architecture::parse("conv1d:length=24,filter=4,stride=4,pool=3");
  const Network network = test::random_network(random, problem, 24, 2, 5);
  const auto space = span_of(network);
  ASSERT_TRUE(space.has_value());
  EXPECT_EQ(space->rank, 15);
  const Vector x = random.normals(Index{24} * 20);
  expect_same(smallest_flips(network, without_targets(x, 24, 2), true), smallest_flips(quadratic_form(network), x.data(), 20, true), 24);
}

// Copies of a neuron and none at all leave directions of the basis to chance.
TEST(NeuronSpan, OfDependentNeurons) {
  Random random(4);
  Network network = random.network({}, 9, 1, 2);
  const Vector u(network.directions.begin(), network.directions.begin() + 9);
  network.add(u.data(), -0.25, 0);
  const Vector x = random.normals(Index{9} * 20);
  expect_same(smallest_flips(network, without_targets(x, 9, 1), true), smallest_flips(quadratic_form(network), x.data(), 20, true), 9);
  Network none{.activation = {}, .features = 9, .outputs = 1, .directions = {}, .weights = {}, .output = {}};
  none.bias = {-2};
  for (const Flip& flip : smallest_flips(none, without_targets(x, 9, 1))) {
    EXPECT_EQ(flip.prediction, -1);
    EXPECT_EQ(flip.lower_bound, INFINITY);
  }
}

TEST(NeuronSpan, HasTheEigenvaluesOfWholeMatrices) {
  Random random(5);
  for (const auto& [d, C, m] : {std::tuple<Index, Index, Index>{8, 2, 5}, {30, 1, 4}, {6, 1, 9}}) {
    const Network network = random.network({1, 0.5, 0}, d, C, m);
    const auto values = spectra(network);
    const std::vector<QuadraticOutput> outputs = quadratic_form(network);
    ASSERT_EQ(values.size(), outputs.size());
    for (std::size_t k = 0; k < values.size(); ++k) {
      const Vector dense = spectrum(outputs[k]);
      ASSERT_EQ(values[k].size(), dense.size());
      for (std::size_t i = 0; i < dense.size(); ++i) EXPECT_NEAR(values[k][i], dense[i], 1e-13 * network.penalty());
    }
  }
}

// What the basis is off by counts for the whole of a sample, however little of it the neurons see.
TEST(NeuronSpan, OfSamplesFarOutsideOfIt) {
  Random random(6);
  const Index d = 50;
  const Network network = random.network({}, d, 1, 3);
  const auto space = span_of(network);
  ASSERT_TRUE(space.has_value());
  Vector x = random.normals(d * 20);
  for (Index i = 0; i < 20; ++i) {
    Vector away = random.normals(d), z(3);
    for (int twice = 0; twice < 2; ++twice) {
      space->coordinates(away.data(), 1, z.data());
      for (Index l = 0; l < d; ++l)
        for (Index k = 0; k < 3; ++k)
          away[static_cast<std::size_t>(l)] -= space->basis[static_cast<std::size_t>(k * d + l)] * z[static_cast<std::size_t>(k)];
    }
    for (Index l = 0; l < d; ++l) x[static_cast<std::size_t>(i * d + l)] += 1e4 * away[static_cast<std::size_t>(l)];
  }
  const auto flips = smallest_flips(network, without_targets(x, d, 1), true), dense = smallest_flips(quadratic_form(network), x.data(), 20, true);
  int finite = 0;
  for (std::size_t i = 0; i < flips.size(); ++i) {
    EXPECT_LE(flips[i].lower_bound, dense[i].distance);
    EXPECT_LE(dense[i].lower_bound, flips[i].distance);
    if (std::isinf(flips[i].distance)) continue;
    ++finite;
    const Vector sample(x.begin() + static_cast<Index>(i) * d, x.begin() + static_cast<Index>(i + 1) * d);
    EXPECT_GE(test::Crossing({network, flips[i].prediction, flips[i].competitor})(test::moved(sample, 1, flips[i].delta)), 0);
    EXPECT_NEAR(flips[i].distance, flips[i].lower_bound, 1e-3 * (1 + flips[i].distance));
  }
  EXPECT_GT(finite, 5);
}

/// Counts what is asked of it.
class Counted final : public Source {
 public:
  explicit Counted(const Dataset& data) : data_(data) {}
  Index samples() const override { return data_.samples(); }
  Index features() const override { return data_.features(); }
  Index targets() const override { return data_.targets(); }
  void visit(Index most, const std::function<void(const Chunk&)>& visitor) const override {
    ++visits;
    data_.visit(std::min<Index>(most, 7), [&](const Chunk& chunk) {
      const Vector copy(chunk.x, chunk.x + chunk.samples * features());  // gone after the visit
      Chunk own = chunk;
      own.x = copy.data();
      visitor(own);
    });
  }
  mutable int visits = 0;

 private:
  const Dataset& data_;
};

TEST(NeuronSpan, ReadsSamplesChunkByChunkOnceAndForEveryBoundary) {
  Random random(7);
  const Network network = random.network({}, 10, 3, 6);
  const Vector x = random.normals(Index{10} * 40);
  const Dataset data = without_targets(x, 10, 3);
  const Counted counted(data);
  const auto flips = smallest_flips(network, counted, true), whole = smallest_flips(network, data, true);
  EXPECT_EQ(counted.visits, 4);
  expect_same(flips, whole, 10);
}

}  // namespace
}  // namespace neuspec
