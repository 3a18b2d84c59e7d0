#include "certify/gradient_sums.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/random.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

using test::Random;

/// Filters whose patches have to be gathered, in pools of two.
Architecture images() { return Architecture::parse("conv2d:height=6,width=4,filter=3x2,pool=2x1"); }

class OfArchitecture : public testing::TestWithParam<bool> {
 protected:
  static constexpr Index n = 5000, d = 24, C = 3;
  Patches patches_{GetParam() ? images() : Architecture{}, d};
  Random random_{4};
  std::vector<double> x_ = random_.normals(n * d), v_ = random_.normals(n * C);

  std::vector<LiftedGradient> sums(int threads, Index chunk) {
    const ThreadScope scope(threads);
    GradientSums sums({}, patches_, C);
    for (Index first = 0; first < n; first += chunk) sums.add(x_.data() + first * d, v_.data() + first * C, std::min(chunk, n - first));
    return sums.total();
  }
};

TEST_P(OfArchitecture, TheSameWithinRoundingForAnyThreadsAndChunks) {
  const std::vector<LiftedGradient> expected = sums(1, n);
  ASSERT_EQ(expected.size(), static_cast<std::size_t>(patches_.pools));
  for (const int threads : {1, 2, 5}) {
    for (const Index chunk : {n, Index(700), Index(3000)}) {
      const std::vector<LiftedGradient> other = sums(threads, chunk);
      for (std::size_t pool = 0; pool < expected.size(); ++pool) {
        for (Index k = 0; k < C; ++k) {
          const double rounding = expected[pool].rounding(k) + other[pool].rounding(k);
          for (Index j = 0; j < patches_.size; ++j) {
            const auto diagonal = static_cast<std::size_t>((k * patches_.size + j) * patches_.size + j),
                       q = static_cast<std::size_t>(k * patches_.size + j);
            EXPECT_NEAR(other[pool].M[diagonal], expected[pool].M[diagonal], rounding);
            EXPECT_NEAR(other[pool].q[q], expected[pool].q[q], rounding);
          }
          EXPECT_NEAR(other[pool].t[static_cast<std::size_t>(k)], expected[pool].t[static_cast<std::size_t>(k)], rounding);
        }
      }
    }
  }
}

TEST_P(OfArchitecture, TheSameBitsInEveryRun) {
  for (const int threads : {1, 2, 3}) {
    const std::vector<LiftedGradient> first = sums(threads, 2000);
    for (int repeat = 0; repeat < 5; ++repeat) {
      const std::vector<LiftedGradient> again = sums(threads, 2000);
      for (std::size_t pool = 0; pool < first.size(); ++pool) {
        EXPECT_EQ(again[pool].M, first[pool].M);
        EXPECT_EQ(again[pool].q, first[pool].q);
        EXPECT_EQ(again[pool].t, first[pool].t);
      }
    }
  }
}

TEST_P(OfArchitecture, NothingOfNoSamples) {
  GradientSums sums({}, patches_, C);
  sums.add(nullptr, nullptr, 0);
  for (const LiftedGradient& gradient : sums.total()) EXPECT_EQ(gradient.rounding(0), 0);
}

INSTANTIATE_TEST_SUITE_P(GradientSums, OfArchitecture, testing::Values(false, true),
                         [](const auto& instance) { return instance.param ? "images" : "dense"; });

}  // namespace
}  // namespace neuspec
