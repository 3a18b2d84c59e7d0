// Which way ADMM's blocks are projected, and that a solve does not depend on it.
#include "solve/projection.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "neuspec/error.hpp"
#include "support/backend.hpp"
#include "support/load.hpp"

namespace neuspec::test {
namespace {

template <class B>
class WayToProject : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  struct Outcome {
    Host W, factors;
    Index rank;
    bool factored;
  };
  /// Two blocks of N.
  Outcome project(Projection<Real>& projection, Index N, const Host& V, bool factor_too = false) {
    const DeviceMatrix<Real> from = this->device_.allocate(V.rows, 2), to = this->device_.allocate(V.rows, 2),
                             factors = this->device_.allocate(N, 2 * N);
    this->device_.upload(V.values.data(), from);
    Outcome outcome{Host(V.rows, 2), Host(N, 2 * N), projection.project(N, from, to, factors), projection.factored()};
    if (factor_too) outcome.rank = projection.factor(N, from, to, factors);
    this->device_.download(to, outcome.W.values.data());
    this->device_.download(factors, outcome.factors.values.data());
    return outcome;
  }
  Outcome reference(Index N, const Host& V) {
    Projection<Real> eigen(this->device_, ProjectionKind::eigen);
    return project(eigen, N, V);
  }
};
TYPED_TEST_SUITE(WayToProject, Backends, BackendName);

TYPED_TEST(WayToProject, IsByEigendecompositionUnlessAskedOtherwise) {
  const Host V = this->random(packed_size(37), 2);
  Projection<typename TestFixture::Real> automatic(this->device_);
  const auto outcome = this->project(automatic, 37, V), expected = this->reference(37, V);
  EXPECT_TRUE(outcome.factored);
  this->expect_near(outcome.W, expected.W, 100);
  EXPECT_EQ(outcome.rank, expected.rank);
}

TYPED_TEST(WayToProject, ByProductsLeavesFactorsForLater) {
  const Host V = this->random(packed_size(37), 2);
  Projection<typename TestFixture::Real> products(this->device_, ProjectionKind::products);
  const auto outcome = this->project(products, 37, V), expected = this->reference(37, V);
  EXPECT_FALSE(outcome.factored);
  EXPECT_EQ(outcome.rank, 37);
  EXPECT_EQ(largest(outcome.factors), 0);
  this->expect_near(outcome.W, expected.W, 1000);
  const auto factored = this->project(products, 37, V, true);
  EXPECT_TRUE(products.factored());
  EXPECT_EQ(factored.rank, expected.rank);
  for (Index j = 0; j < outcome.factors.columns; ++j)
    EXPECT_NEAR(inner(factored.factors.column(j), factored.factors.column(j)), inner(expected.factors.column(j), expected.factors.column(j)), 1e-4);
}

TYPED_TEST(WayToProject, FallsBackWhereTheBoundIsNotMet) {
  const Host V = this->random(packed_size(37), 2);
  Projection<typename TestFixture::Real> products(this->device_, ProjectionKind::products, 1e-18);
  const auto expected = this->reference(37, V);
  for (int call = 0; call < 5; ++call) {  // and in the end it no longer tries
    const auto outcome = this->project(products, 37, V);
    EXPECT_TRUE(outcome.factored);
    EXPECT_EQ(outcome.rank, expected.rank);
    this->expect_near(outcome.W, expected.W, 100);
  }
}

TYPED_TEST(WayToProject, TakesZeroAndNoBlocks) {
  Projection<typename TestFixture::Real> products(this->device_, ProjectionKind::products);
  EXPECT_EQ(largest(this->project(products, 9, Host(45, 2)).W), 0);
  EXPECT_EQ(products.project(9, this->device_.allocate(45, 0), this->device_.allocate(45, 0), this->device_.allocate(9, 0)), 9);
}

/// Blocks of 100 whose eigenvectors turn a little at every step, less and less, as those of iterates that converge.
template <class B>
class ConvergingBlocks : public WayToProject<B> {
 protected:
  static constexpr Index size = 100;
  Host blocks(int step, Index rank) {
    std::vector<double> eigenvalues;
    for (Index j = 0; j < size; ++j) eigenvalues.push_back(j < rank ? 2 + static_cast<double>(j) : -1 - 0.01 * static_cast<double>(j));
    Host V(packed_size(size), 2);
    for (Index b = 0; b < 2; ++b) {
      Random random(static_cast<unsigned>(7 + b));
      set_column(V, b, combination(1, packed_of(symmetric_with(random, eigenvalues)), 0.3 * std::pow(0.7, step), random_host(random, V.rows, 1)));
    }
    return this->rounded(V);
  }
  /// As a test of convergence does it, after a projection that returned `rank`.
  void review(Projection<typename B::Real>& projection, Index rank, ConstView<typename B::Real> factors) {
    const auto ranks = this->device_.allocate(2, 2);
    this->device_.factor_ranks(size, rank, factors, 0, ranks);
    Host host(2, 2);
    this->device_.download(ranks, host.values.data());
    projection.review(size, static_cast<Index>(largest(host)), factors);
  }
};
TYPED_TEST_SUITE(ConvergingBlocks, Backends, BackendName);

TYPED_TEST(ConvergingBlocks, AreProjectedFromTheStepBefore) {
  constexpr Index N = TestFixture::size;
  Projection<typename TestFixture::Real> projection(this->device_);
  const DeviceMatrix<typename TestFixture::Real> factors = this->device_.allocate(N, 2 * N);
  double error = 0;
  for (int step = 0; step < 110; ++step) {
    const Host V = this->blocks(step, 5);
    const DeviceMatrix<typename TestFixture::Real> from = this->device_.allocate(V.rows, 2), to = this->device_.allocate(V.rows, 2);
    this->device_.upload(V.values.data(), from);
    const Index rank = projection.project(N, from, to, factors);
    if (step % 5 == 0) this->review(projection, rank, factors);
    EXPECT_GE(rank, 5);
    EXPECT_TRUE(projection.factored());
    Host W(V.rows, 2);
    this->device_.download(to, W.values.data());
    error = largest(combination(1, W, -1, this->reference(N, V).W));
  }
  EXPECT_LT(error, 1000 * this->epsilon);
  EXPECT_LE(projection.full(), 8) << "two of them for every tenth review";
}

// For an eigenvector that the whole basis, and what V makes of it, is orthogonal to would not be seen.
TYPED_TEST(ConvergingBlocks, AreProjectedAnewAtEveryTenthTest) {
  constexpr Index N = TestFixture::size;
  const Host V = this->blocks(30, 3);
  Projection<typename TestFixture::Real> projection(this->device_);
  const DeviceMatrix<typename TestFixture::Real> factors = this->device_.allocate(N, 2 * N), from = this->device_.allocate(V.rows, 2),
                                                 to = this->device_.allocate(V.rows, 2);
  this->device_.upload(V.values.data(), from);
  for (int test = 0; test < 25; ++test) {
    projection.project(N, from, to, factors);
    this->review(projection, projection.project(N, from, to, factors), factors);
  }
  EXPECT_EQ(projection.full(), this->device_.tells_rank() ? 1 + 2 : 2 + 2) << "until the rank is known, and after ten and twenty tests";
  Host W(V.rows, 2);
  this->device_.download(to, W.values.data());
  this->expect_near(W, this->reference(N, V).W, 1000);
}

TYPED_TEST(ConvergingBlocks, AreProjectedAnewWhenTheirRankGrows) {
  constexpr Index N = TestFixture::size;
  Projection<typename TestFixture::Real> projection(this->device_);
  const DeviceMatrix<typename TestFixture::Real> factors = this->device_.allocate(N, 2 * N);
  for (const Index rank : {4, 4, 4, 4, 14, 14, 14, 60, 60, 3, 3}) {
    const Host V = this->blocks(30, rank);
    const DeviceMatrix<typename TestFixture::Real> from = this->device_.allocate(V.rows, 2), to = this->device_.allocate(V.rows, 2);
    this->device_.upload(V.values.data(), from);
    for (int repetition = 0; repetition < 3; ++repetition) {  // the host hears of it at the first test
      this->review(projection, projection.project(N, from, to, factors), factors);
    }
    Host W(V.rows, 2);
    this->device_.download(to, W.values.data());
    this->expect_near(W, this->reference(N, V).W, 1000);
  }
}

// The clock decides, the result is the same.
TYPED_TEST(WayToProject, OfALargeBlockIsChosenByTheDevice) {
  constexpr Index N = 300;
  const Host V = this->random(packed_size(N), 2);
  Projection<typename TestFixture::Real> automatic(this->device_);
  EXPECT_TRUE(this->project(automatic, N, Host(V.rows, 2)).factored) << "a solve begins at zero, which is not what to time";
  const auto outcome = this->project(automatic, N, V), expected = this->reference(N, V);
  EXPECT_TRUE(outcome.factored || !this->device_.tells_rank());
  EXPECT_EQ(outcome.rank, outcome.factored ? expected.rank : N);
  this->expect_near(outcome.W, expected.W, 1e4);
}

class SolveByProducts : public testing::TestWithParam<std::tuple<std::string, OperatorKind>> {};

TEST_P(SolveByProducts, ReachesTheReferenceOptimum) {
  const auto& [name, data_operator] = GetParam();
  const auto golden = load_golden(name);
  Settings settings;
  settings.solver = SolverKind::admm;
  settings.data_operator = data_operator;
  settings.projection = ProjectionKind::products;
  const auto report = fit(golden.data, golden.problem, settings).report;
  EXPECT_EQ(report.status, Status::optimal);
  EXPECT_LE(report.relative_gap, 1e-6);
  EXPECT_NEAR(report.primal, golden.primal, 1e-6 * std::max(1.0, golden.primal) + golden.primal - golden.dual);
}

INSTANTIATE_TEST_SUITE_P(Golden, SolveByProducts,
                         testing::Combine(testing::Values("dense_small", "dense_wide", "vector", "logistic", "conv_pool2"),
                                          testing::Values(OperatorKind::moments, OperatorKind::gram)),
                         [](const auto& instance) { return std::get<0>(instance.param) + "_" + neuspec::name(std::get<1>(instance.param)); });

TEST(SolveByProductsInTf32, IsRefused) {
  const auto golden = load_golden("dense_small");
  Settings settings;
  settings.precision = Precision::tf32;
  settings.projection = ProjectionKind::products;
#ifdef NEUSPEC_HAS_CUDA
  settings.device = DeviceKind::cuda;
#endif
  EXPECT_THROW(fit(golden.data, golden.problem, settings), UsageError);
}

}  // namespace
}  // namespace neuspec::test
