#include "numeric/laplacian.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/random.hpp"

namespace neuspec {
namespace {

using test::Random;

/// Symmetric, entries 10^uniform(−spread, 0), the diagonal rubbish; nodes below `parts` and the others are not connected.
std::vector<double> random_graph(Random& random, std::size_t n, double spread, std::size_t part) {
  std::vector<double> A(n * n, 1e300);
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t l = 0; l < k; ++l) {
      A[k * n + l] = A[l * n + k] = (k < part) == (l < part) ? std::pow(10, random.uniform(-spread, 0)) : 0;
    }
  }
  return A;
}

/// Right-hand sides of an x that is chosen, where each r_k is exact to rounding of its own terms.
TEST(Laplacian, SolutionLeavesNoResidual) {
  Random random(3);
  for (const double spread : {0.0, 3.0, 12.0}) {
    for (const std::size_t n : {std::size_t{2}, std::size_t{3}, std::size_t{9}}) {
      const std::vector<double> A = random_graph(random, n, spread, n / 3);
      std::vector<double> r(n), size(n);
      for (std::size_t k = 0; k < n; ++k) {  // flows along edges: their sum is zero in every part
        for (std::size_t l = 0; l < k; ++l) {
          const double flow = A[k * n + l] * random.normal();
          r[k] += flow;
          r[l] -= flow;
        }
      }
      const std::vector<double> x = solve_laplacian(A, r);
      for (std::size_t k = 0; k < n; ++k) {
        long double residual = -r[k], magnitude = std::abs(r[k]);
        for (std::size_t l = 0; l < n; ++l) {
          if (l == k) continue;
          residual += static_cast<long double>(A[k * n + l]) * (static_cast<long double>(x[k]) - x[l]);
          magnitude += A[k * n + l] * (std::abs(x[k]) + std::abs(x[l]));
        }
        EXPECT_LE(std::abs(residual), 1e-14L * magnitude) << n << ' ' << spread;
      }
    }
  }
}

// Two pairs, tied to each other by 1e-30: elimination with differences loses that tie beside 1, and with it the answer.
TEST(Laplacian, WeakTiesKeepTheirDigits) {
  const double weak = 1e-30;
  std::vector<double> A(16);
  const auto tie = [&](std::size_t k, std::size_t l, double weight) { A[4 * k + l] = A[4 * l + k] = weight; };
  tie(0, 1, 1);
  tie(2, 3, 1);
  tie(1, 2, weak);
  const std::vector<double> x = solve_laplacian(A, {-weak, 0, 0, weak});
  EXPECT_NEAR(x[3] - x[0], 1, 1e-15);
  EXPECT_NEAR(x[2] - x[1], 1, 1e-15);
}

TEST(Laplacian, NodesWithoutTiesStayAtZero) {
  const std::vector<double> x = solve_laplacian({0, 0, 2, 0, 0, 0, 2, 0, 0}, {-1, 0, 1});
  EXPECT_DOUBLE_EQ(x[2] - x[0], 0.5);
  EXPECT_EQ(x[1], 0);
  EXPECT_EQ(solve_laplacian({7}, {0}), std::vector<double>{0});
}

}  // namespace
}  // namespace neuspec
