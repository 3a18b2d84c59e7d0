// Steihaug's conjugate gradients: what minimises the model within the region, its boundary, and that nothing changes behind the end.
#include <cmath>
#include <vector>

#include "support/backend.hpp"

namespace neuspec::test {
namespace {

template <class B>
class ConjugateGradients : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  using typename Conformance<B>::Matrix;

  struct Result {
    Host step, residual;
    std::vector<double> scalars;
    Index products = 0;
  };

  /// With P = I and a diagonal H, so many products beyond the last one included, whose values are NaN.
  Result minimise(const Host& gradient, const Host& diagonal, double radius, double tolerance, Index beyond = 0) {
    const Index n = gradient.rows;
    Matrix residual(this->device_, gradient), direction(this->device_, n, 1), step(this->device_, n, 1);
    const DeviceMatrix<double> scalars = this->device_.cg_scalars();
    this->device_.cg_begin(radius, tolerance, residual, residual, direction, step, scalars);
    Result result{Host(n, 1), Host(n, 1), std::vector<double>(cg::count), 0};
    for (bool running = true; (running || beyond-- > 0) && result.products < 4 * n; ++result.products) {
      Host product = direction.host();
      for (Index i = 0; i < n; ++i) product(i, 0) *= running ? diagonal(i, 0) : std::nan("");
      const Matrix of(this->device_, product);
      this->device_.cg_stride(direction, of, step, residual, scalars);
      this->device_.cg_turn(residual, residual, direction, scalars);
      this->device_.ask(scalars);
      result.scalars = this->device_.answer();
      running = result.scalars[cg::running] != 0;
    }
    result.step = step.host();
    result.residual = residual.host();
    return result;
  }
  /// 1 to 4: each eigenvalue of a few, so that few products suffice.
  Host diagonal(Index n) const {
    Host H(n, 1);
    for (Index i = 0; i < n; ++i) H(i, 0) = 1 + static_cast<double>(i % 4);
    return H;
  }
  static double norm(const Host& x) { return std::sqrt(inner(x.column(0), x.column(0))); }
};
TYPED_TEST_SUITE(ConjugateGradients, Backends, BackendName);

TYPED_TEST(ConjugateGradients, SolveWhereTheRegionIsLarge) {
  for (const Index n : {1, 7, 300, 9001}) {
    const Host g = this->random(n, 1), H = this->diagonal(n);
    const double tolerance = 30 * this->epsilon;
    const auto result = this->minimise(g, H, 1e6, tolerance);
    EXPECT_LE(result.products, 8) << "four eigenvalues";
    Host expected(n, 1);
    for (Index i = 0; i < n; ++i) expected(i, 0) = -g(i, 0) / H(i, 0);
    this->expect_near(result.step, expected, 300);
    EXPECT_NEAR(std::sqrt(result.scalars[cg::zz]), this->norm(expected), 1000 * this->epsilon * this->norm(expected));
  }
}

TYPED_TEST(ConjugateGradients, EndsAtTheTolerance) {
  const Host g = this->random(200, 1), H = this->diagonal(200);
  const auto result = this->minimise(g, H, 1e6, 0.3);
  EXPECT_LE(this->norm(result.residual), 0.3 * this->norm(g) * (1 + 100 * this->epsilon));
  EXPECT_LT(result.products, 4);
  EXPECT_GT(this->norm(result.residual), 1e-3 * this->norm(g));
}

TYPED_TEST(ConjugateGradients, EndsAtTheBoundary) {
  const Host g = this->random(200, 1);
  Host positive = this->diagonal(200), negative = positive;
  for (Index i = 0; i < 200; ++i) negative(i, 0) = -negative(i, 0);
  for (const Host& H : {positive, negative}) {
    const double radius = 0.1 * this->norm(g);
    const auto result = this->minimise(g, H, radius, 1e-3);
    EXPECT_NEAR(this->norm(result.step), radius, 1000 * this->epsilon * radius);
    EXPECT_NEAR(result.scalars[cg::zz], radius * radius, 1000 * this->epsilon * radius * radius);
    EXPECT_LT(inner(result.step.column(0), g.column(0)), 0) << "downhill";
  }
}

TYPED_TEST(ConjugateGradients, NothingBehindTheEndCounts) {
  const Host g = this->random(200, 1), H = this->diagonal(200);
  for (const double radius : {0.2, 1e6}) {
    const auto result = this->minimise(g, H, radius, 1e-3), longer = this->minimise(g, H, radius, 1e-3, 3);
    EXPECT_EQ(longer.products, result.products + 3);
    EXPECT_EQ(longer.step.values, result.step.values);
    EXPECT_EQ(longer.scalars[cg::zz], result.scalars[cg::zz]);
    EXPECT_EQ(longer.scalars[cg::running], 0);
  }
}

TYPED_TEST(ConjugateGradients, AStationaryPointStays) {
  const auto result = this->minimise(Host(50, 1), this->diagonal(50), 1, 0.1);
  EXPECT_EQ(this->norm(result.step), 0);
  EXPECT_EQ(result.scalars[cg::zz], 0);
}

// The answers come in the order of their questions, whatever has been queued since.
TYPED_TEST(ConjugateGradients, AnswersAreThoseOfTheirTime) {
  const typename TestFixture::Matrix y(this->device_, this->random(10, 1)), direction(this->device_, 10, 1), step(this->device_, 10, 1);
  const DeviceMatrix<double> scalars = this->device_.cg_scalars();
  std::vector<double> limits;
  Index unanswered = 0;
  for (const double radius : {1, 2, 3, 4, 5}) {
    this->device_.cg_begin(radius, 0.1, y, y, direction, step, scalars);
    this->device_.ask(scalars);
    limits.push_back(this->device_.answer()[cg::limit]);
  }
  EXPECT_EQ(limits, (std::vector<double>{1, 4, 9, 16, 25}));
  limits.clear();
  for (Index k = 0; k < 5; ++k) {
    const typename TestFixture::Matrix product(this->device_, this->random(10, 1));
    this->device_.cg_stride(direction, product, step, direction, scalars);
    this->device_.ask(scalars);
    if (++unanswered <= this->device_.ahead()) continue;
    limits.push_back(this->device_.answer()[cg::limit]);
    --unanswered;
  }
  for (; unanswered > 0; --unanswered) limits.push_back(this->device_.answer()[cg::limit]);
  EXPECT_EQ(limits, std::vector<double>(5, 25.0));
}

}  // namespace
}  // namespace neuspec::test
