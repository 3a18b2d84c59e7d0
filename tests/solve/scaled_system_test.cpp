// The linear system of an interior-point step, by substitution into its equations.
#include "solve/scaled_system.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <tuple>
#include <vector>

#include "support/random.hpp"

namespace neuspec::test {
namespace {

// Samples near their limits beside ones at a kink: columns ten powers of ten apart. t = C e holds beside the 1 that C Cᵀ would drown.
TEST(ScaledSystem, EquationsHoldWithEntriesFarApart) {
  Random random(3);
  for (const auto& [q, n] : {std::tuple<Index, Index>{12, 40}, {40, 12}, {20, 20}, {1, 5}, {5, 1}}) {
    std::vector<double> C = random.normals(q * n), r = random.normals(n);
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < q; ++j) C[static_cast<std::size_t>(i * q + j)] *= std::pow(10, i % 3 == 0 ? 10 : i % 3 == 1 ? -4 : 0);
    }
    ScaledSystem system(q, n, C);
    const ScaledSystem::Solution x = system.solve(r);
    for (Index i = 0; i < n; ++i) {
      double left = x.e[static_cast<std::size_t>(i)], size = std::abs(left);
      for (Index j = 0; j < q; ++j) {
        const double term = C[static_cast<std::size_t>(i * q + j)] * x.t[static_cast<std::size_t>(j)];
        left += term;
        size += std::abs(term);
      }
      EXPECT_NEAR(left, r[static_cast<std::size_t>(i)], 1e-12 * (size + 1)) << q << ' ' << n;
    }
    for (Index j = 0; j < q; ++j) {
      double right = 0, size = 0;
      for (Index i = 0; i < n; ++i) {
        const double term = C[static_cast<std::size_t>(i * q + j)] * x.e[static_cast<std::size_t>(i)];
        right += term;
        size += std::abs(term);
      }
      EXPECT_NEAR(x.t[static_cast<std::size_t>(j)], right, 1e-12 * (size + 1e-3)) << q << ' ' << n;
    }
  }
}

// 300 columns are three panels; who asks to stop waits for one of them, or for one refinement.
TEST(ScaledSystem, StopsWithinAFactorisationAndWithinASolve) {
  Random random(4);
  constexpr Index q = 300, n = 310;
  const std::vector<double> C = random.normals(q * n), r = random.normals(n);
  int asked = 0;
  const auto stop_at = [&](int last) { return [&asked, last] { return ++asked == last; }; };
  ScaledSystem complete(q, n, C, stop_at(0));
  EXPECT_EQ(asked, 3);
  complete.solve(r);
  EXPECT_GE(asked, 5);
  EXPECT_FALSE(complete.abandoned());
  for (const int last : {1, 2, 3, 4, 5}) {
    asked = 0;
    ScaledSystem system(q, n, C, stop_at(last));
    EXPECT_EQ(system.abandoned(), last <= 3);
    system.solve(r);
    EXPECT_TRUE(system.abandoned());
    EXPECT_EQ(asked, last) << "asked again after it said yes";
  }
}

}  // namespace
}  // namespace neuspec::test
