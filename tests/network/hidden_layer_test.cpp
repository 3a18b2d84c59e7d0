// The outputs of a trained layer as the features of the next: standardised over all samples, whoever has them.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "neuspec/error.hpp"
#include "neuspec/network.hpp"
#include "read/scaling.hpp"
#include "support/thread_ranks.hpp"

namespace neuspec::test {
namespace {

constexpr Index samples = 5000, features = 3;

/// The last feature is the same number for all samples.
Dataset data() {
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal;
  std::vector<double> x, y(samples);
  for (Index i = 0; i < samples; ++i) x.insert(x.end(), {normal(random), 1e6 + normal(random), 0.1});
  return {samples, features, 1, x, y};
}

/// One of its three neurons sees the last feature alone.
Network network() {
  Network network;
  network.features = features;
  const double u[3][3] = {{0.6, 0, 0.8}, {0, 1, 0}, {0, 0, 1}};
  for (const auto& direction : u) network.add(direction, 1.5, 0);
  return network;
}

TEST(HiddenLayer, StandardisesItsOutputs) {
  const Dataset all = data();
  const HiddenLayer layer = hidden_layer(network(), {}, all);
  const std::vector<double> h = layer.apply(all.x().data(), samples);
  for (std::size_t j = 0; j < 2; ++j) {
    long double sum = 0, squares = 0;
    for (std::size_t i = 0; i < samples; ++i) sum += h[3 * i + j];
    for (std::size_t i = 0; i < samples; ++i) squares += static_cast<long double>(h[3 * i + j]) * h[3 * i + j];
    EXPECT_NEAR(static_cast<double>(sum) / samples, 0, 1e-9) << j;
    EXPECT_NEAR(static_cast<double>(squares) / samples, 1, 1e-9) << j;
  }
  EXPECT_EQ(layer.scale[2], 1);
  for (std::size_t i = 0; i < samples; ++i) ASSERT_EQ(h[3 * i + 2], 0) << "a constant output is no accident of rounding";
}

TEST(HiddenLayer, OfRanksIsThatOfAllSamples) {
  const Dataset all = data();
  const HiddenLayer whole = hidden_layer(network(), {}, all);
  for (const RankOrder order : {RankOrder::any, RankOrder::fixed}) {
    std::vector<HiddenLayer> layers(3);
    const auto failures = on_ranks(3, [&](const auto& communicator) {
      const Dataset part = part_of(all, communicator->rank(), 3);
      const Shard own(part, communicator, order);
      layers[static_cast<std::size_t>(communicator->rank())] = hidden_layer(network(), {}, own);
    });
    for (std::size_t rank = 0; rank < layers.size(); ++rank) {
      ASSERT_EQ(failures[rank], nullptr);
      EXPECT_EQ(layers[rank].mean, layers[0].mean);
      EXPECT_EQ(layers[rank].scale, layers[0].scale);
    }
    for (std::size_t j = 0; j < 3; ++j) {
      const double tolerance = order == RankOrder::fixed ? 0 : 1e-14;
      EXPECT_NEAR(layers[0].mean[j], whole.mean[j], tolerance * std::abs(whole.mean[j]));
      EXPECT_NEAR(layers[0].scale[j], whole.scale[j], 1e2 * tolerance * whole.scale[j]);
    }
  }
}

TEST(HiddenLayer, IsSeenByEachRankAsByOne) {
  const Dataset all = data();
  const HiddenLayer layer = hidden_layer(network(), {}, all);
  const auto failures = on_ranks(2, [&](const auto& communicator) {
    const Dataset part = part_of(all, communicator->rank(), 2);
    const auto own = std::make_shared<Shard>(part, communicator);
    const std::shared_ptr<const Source> above = through({layer}, own);
    if (above->ranks() != own->ranks() || above->samples() != part.samples() || above->features() != 3) throw DataError("not each rank's own");
  });
  for (const auto& failure : failures) EXPECT_EQ(failure, nullptr);
  EXPECT_EQ(through({layer}, std::make_shared<Dataset>(all))->ranks(), nullptr);
}

}  // namespace
}  // namespace neuspec::test
