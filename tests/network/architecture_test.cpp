// Architectures: their text, their grids, what is refused, and predictions over patches, pools and padding.
#include "neuspec/architecture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "neuspec/error.hpp"
#include "numeric/window.hpp"
#include "support/naive.hpp"
#include "support/random_architecture.hpp"
#include "threads/parallel.hpp"

namespace neuspec::test {
namespace {

using Extent = Architecture::Extent;

TEST(Architecture, ReadsEveryKey) {
  EXPECT_EQ(Architecture::parse("dense"), Architecture());
  const Architecture line = Architecture::parse("conv1d:length=12,channels=2,filter=4,stride=2,padding=1,pool=6");
  EXPECT_EQ(line.kind, Architecture::Kind::conv1d);
  EXPECT_EQ(line.image, (Extent{1, 12}));
  EXPECT_EQ(line.channels, 2);
  EXPECT_EQ(line.filter, (Extent{1, 4}));
  EXPECT_EQ(line.stride, (Extent{1, 2}));
  EXPECT_EQ(line.padding, (Extent{0, 1}));
  EXPECT_EQ(line.pool, (Extent{1, 6}));
  EXPECT_EQ(line.grid(), (Extent{1, 6}));
  const Architecture image = Architecture::parse("conv2d:height=6,width=9,channels=3,filter=3x2,stride=1x2,padding=2x1,pool=4x5");
  EXPECT_EQ(image.kind, Architecture::Kind::conv2d);
  EXPECT_EQ(image.image, (Extent{6, 9}));
  EXPECT_EQ(image.channels, 3);
  EXPECT_EQ(image.filter, (Extent{3, 2}));
  EXPECT_EQ(image.stride, (Extent{1, 2}));
  EXPECT_EQ(image.padding, (Extent{2, 1}));
  EXPECT_EQ(image.pool, (Extent{4, 5}));
  EXPECT_EQ(image.grid(), (Extent{8, 5}));
}

TEST(Architecture, DefaultsAndShortForms) {
  const Architecture line = Architecture::parse("conv1d:filter=3,length=8");  // in any order
  EXPECT_EQ(line, Architecture::parse("conv1d:length=8,channels=1,filter=3,stride=1,padding=0,pool=1"));
  EXPECT_EQ(Architecture::parse("conv2d:height=6,width=6,filter=3,pool=2"),
            Architecture::parse("conv2d:height=6,width=6,channels=1,filter=3x3,stride=1x1,padding=0x0,pool=2x2"));
  EXPECT_EQ(Architecture::parse("conv1d:length=8,filter=3,pool=global").pool, (Extent{1, 6}));
  EXPECT_EQ(Architecture::parse("conv2d:pool=global,height=4,width=5,filter=2x3,padding=1x0").pool, (Extent{5, 3}));
}

TEST(Architecture, ItsNameParsesBackToTheSame) {
  for (const Architecture& shape : every_architecture()) EXPECT_EQ(Architecture::parse(shape.name()), shape) << shape.name();
  EXPECT_EQ(Architecture().name(), "dense");
  EXPECT_EQ(Architecture::parse("conv2d:height=6,width=6,filter=3,pool=2").name(),
            "conv2d:height=6,width=6,channels=1,filter=3x3,stride=1x1,pool=2x2");
  EXPECT_EQ(Architecture::parse("conv1d:length=8,filter=3,padding=1,pool=global").name(),
            "conv1d:length=8,channels=1,filter=3,stride=1,padding=1,pool=8");
}

TEST(Architecture, RefusesWhatItCannotUseAndRepeatsIt) {
  for (const char* text : {"",
                           "Dense",
                           "dense:",
                           "dense:length=3",
                           "conv3d:length=3,filter=1",
                           "conv1d",
                           "conv1d:",
                           "conv1d:length=8",
                           "conv1d:filter=3",
                           "conv1d:length=8,filter=9",
                           "conv1d:length=8,filter=0",
                           "conv1d:length=0,filter=1",
                           "conv1d:length=-8,filter=3",
                           "conv1d:length=8,filter=3,",
                           "conv1d:length=8,filter=3,stride=0",
                           "conv1d:length=8,filter=3,channels=0",
                           "conv1d:length=8,filter=3,pool=0",
                           "conv1d:length=8,filter=3,pool=4",  // 6 patches
                           "conv1d:length=8,filter=3,pool=7",
                           "conv1d:length=8,filter=3,padding=3",
                           "conv1d:length=8,filter=3,padding=-1",
                           "conv1d:length=8,filter=1x3",
                           "conv1d:height=8,filter=3",
                           "conv1d:length=8.5,filter=3",
                           "conv1d:length=8,filter",
                           "conv1d:length=8,filter=",
                           "conv1d:length=8 ,filter=3",
                           "conv1d:length=8,filter=3,colour=1",
                           "conv1d:length=99999999999999999999,filter=3",
                           "conv1d:length=9999999,filter=3",
                           "conv1d:length=8,filter=3,stride=9,pool=2",
                           "conv2d:height=6,filter=3",
                           "conv2d:height=6,width=6,length=6,filter=3",
                           "conv2d:height=6,width=6,filter=3x",
                           "conv2d:height=6,width=6,filter=x3",
                           "conv2d:height=6,width=6,filter=3x3x3",
                           "conv2d:height=6,width=6,filter=7x1",
                           "conv2d:height=6,width=6,filter=3,pool=2x3",
                           "conv2d:height=6,width=6,filter=3,padding=3x0",
                           "conv2d:height=6,width=6,filter=3,pool=globally"}) {
    try {
      Architecture::parse(text);
      ADD_FAILURE() << text;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("architecture '"));
    }
  }
  try {
    Architecture::parse("conv1d:length=8,filter=3,colour=1");
    ADD_FAILURE();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("'conv1d:length=8,filter=3,colour=1'"), testing::HasSubstr("'colour=1'")));
  }
}

TEST(Architecture, PatchesFitTheFeaturesOrAreRefused) {
  const Patches dense(Architecture(), 7);
  EXPECT_TRUE(dense.whole());
  EXPECT_EQ(dense.size, 7);
  EXPECT_EQ(dense.pools, 1);
  EXPECT_EQ(dense.per_pool, 1);
  const Architecture shape = Architecture::parse("conv2d:height=6,width=9,channels=3,filter=3x2,stride=1x2,padding=2x1,pool=4x5");
  const Patches patches(shape, 6 * 9 * 3);
  EXPECT_FALSE(patches.whole());
  EXPECT_EQ(patches.size, 3 * 2 * 3);
  EXPECT_EQ(patches.pools, 2);
  EXPECT_EQ(patches.per_pool, 20);
  for (const Index features : {0, 161, 163, 54}) EXPECT_THROW(Patches(shape, features), UsageError) << features;
}

TEST(Architecture, WindowsThatAreOneRunAreReadInPlace) {
  std::vector<Architecture> shapes = every_architecture();
  for (const char* text : {"conv2d:height=3,width=3,filter=3x3,padding=2x2", "conv2d:height=5,width=3,channels=2,filter=2x3"})
    shapes.push_back(Architecture::parse(text));
  Index in_place = 0;
  for (const Architecture& shape : shapes) {
    const Patches patches(shape, features_of(shape));
    for (Index pool = 0; pool < patches.pools; ++pool) {
      for (Index q = 0; q < patches.per_pool; ++q) {
        const Window window = window_of(patches, pool, q);
        bool run = true;
        for (Index i = 0; i < patches.size; ++i) run = run && window.source(i) >= 0 && window.source(i) == window.source(0) + i;
        EXPECT_LE(window.contiguous(patches.size), run) << shape.name();
        in_place += window.contiguous(patches.size);
      }
    }
  }
  EXPECT_EQ(in_place, 1 + 6 + 1 + 0 + 0 + 1 + 4) << "whole, every line, between the padding, none of rows cut short, the middle, full rows";
}

class PredictOver : public testing::TestWithParam<Architecture> {};

TEST_P(PredictOver, PatchesMatchesTheJudge) {
  Random random(5);
  const Index d = features_of(GetParam());
  for (const Activation& activation : kActivations) {
    for (const Index C : {1, 3}) {
      for (const auto& [n, m] : {std::pair<Index, Index>{1, 1}, {1300, 5}, {40, 60}}) {
        const Problem problem{.activation = activation, .loss = Loss::squared, .beta = 1, .architecture = GetParam()};
        const Network network = random_network(random, problem, d, C, m);
        const Dataset data(n, d, C, random.normals(n * d), std::vector<double>(static_cast<std::size_t>(n * C)));
        std::vector<double> f(data.y().size(), -1e300);  // predict must not add to what was there
        network.predict(data.x().data(), n, f.data());
        const std::vector<double> expected = naive::predict(network, data);
        for (std::size_t i = 0; i < f.size(); ++i) ASSERT_NEAR(f[i], expected[i], 1e-12 * (1 + network.penalty()));
      }
    }
  }
}

TEST_P(PredictOver, PatchesGivesTheSameBitsInEveryRun) {
  Random random(6);
  const Index d = features_of(GetParam()), n = 3000;
  const Problem problem{.activation = {}, .loss = Loss::squared, .beta = 1, .architecture = GetParam()};
  const Network network = random_network(random, problem, d, 2, 30);
  const std::vector<double> x = random.normals(n * d);
  std::vector<double> first(static_cast<std::size_t>(2 * n)), again(first.size());
  for (const int threads : {1, 3}) {
    const ThreadScope scope(threads);
    network.predict(x.data(), n, first.data());
    for (int repetition = 0; repetition < 3; ++repetition) {
      network.predict(x.data(), n, again.data());
      EXPECT_EQ(again, first);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Architectures, PredictOver, testing::ValuesIn(every_architecture()),
                         [](const auto& instance) { return label_of(Loss::squared, instance.param); });

}  // namespace
}  // namespace neuspec::test
