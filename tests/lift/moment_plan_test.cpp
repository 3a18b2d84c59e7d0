#include "lift/moment_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace neuspec {
namespace {

constexpr Index sizes[] = {1, 2, 3, 5, 12, 13, 14, 15, 20, 31, 32, 33, 34, 47};

TEST(MomentPlan, GivesEverySortedQuadrupleAPositionOfItsOwn) {
  for (const Index N : sizes) {
    const MomentPlan plan(N);
    std::set<Index> seen;
    Index quadruples = 0;
    for (Index l = 0; l < N; ++l)
      for (Index k = 0; k <= l; ++k)
        for (Index j = 0; j <= k; ++j)
          for (Index i = 0; i <= j; ++i, ++quadruples) seen.insert(plan.position(i, j, k, l));
    EXPECT_EQ(static_cast<Index>(seen.size()), quadruples) << "N = " << N;
    EXPECT_GE(*seen.begin(), 0);
    EXPECT_LT(*seen.rbegin(), plan.buffer_size);
  }
}

TEST(MomentPlan, PositionsDoNotDependOnTheOrderOfIndices) {
  for (const Index N : {2, 7, 14, 33}) {
    const MomentPlan plan(N);
    for (const auto& quadruple :
         {std::array<Index, 4>{0, 0, 0, N - 1}, {0, N / 2, N / 2, N - 1}, {0, N / 3, N / 2, N - 1}, {N - 1, N - 1, N - 1, N - 1}}) {
      auto order = quadruple;
      std::sort(order.begin(), order.end());
      const Index expected = plan.position(order[0], order[1], order[2], order[3]);
      do {
        EXPECT_EQ(plan.position(order[0], order[1], order[2], order[3]), expected);
      } while (std::next_permutation(order.begin(), order.end()));
    }
  }
}

// What a GEMM per block leaves in the buffer, done in integers: entry (pair, column) of a block is the product of both pairs' numbers.
TEST(MomentPlan, PositionsAreThoseOfTheBlocksProducts) {
  for (const Index N : sizes) {
    const MomentPlan plan(N);
    const auto x = [](Index i) { return 3 * i * i + 7 * i + 5; };
    std::vector<Index> buffer(static_cast<std::size_t>(plan.buffer_size), -1);
    Index next_k = 0;
    for (const MomentPlan::Block& block : plan.blocks) {
      EXPECT_EQ(block.k0, next_k) << "blocks follow each other";
      next_k = block.k1;
      Index at = block.offset;
      for (Index k = block.k0; k < block.k1; ++k)
        for (Index l = k; l < N; ++l)
          for (Index j = 0; j < block.k1; ++j)
            for (Index i = 0; i <= j; ++i) buffer[static_cast<std::size_t>(at++)] = x(i) * x(j) * x(k) * x(l);
      EXPECT_EQ(at - block.offset, block.prefix * block.columns);
    }
    EXPECT_EQ(next_k, N);
    for (Index l = 0; l < N; ++l)
      for (Index k = 0; k <= l; ++k)
        for (Index j = 0; j <= k; ++j)
          for (Index i = 0; i <= j; ++i) ASSERT_EQ(buffer[static_cast<std::size_t>(plan.position(i, j, k, l))], x(i) * x(j) * x(k) * x(l));
  }
}

TEST(MomentPlan, NumbersPairsByTheLaterIndex) {
  Index next = 0;
  for (Index j = 0; j < 9; ++j)
    for (Index i = 0; i <= j; ++i) EXPECT_EQ(MomentPlan::pair(i, j), next++);
  EXPECT_EQ(MomentPlan(9).pairs, next);
}

}  // namespace
}  // namespace neuspec
