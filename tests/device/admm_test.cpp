// The steps of an ADMM iteration (docs/mathematics.md section 6) against its formulas on full matrices.
#include "support/backend.hpp"

namespace neuspec::test {
namespace {

template <class B>
class AdmmSteps : public Conformance<B> {
 protected:
  using typename Conformance<B>::Matrix;

  /// V₊, V₋, W₊, W₋ of problem k and T± = 2W± − V± − (β/ρ)E.
  void make(Index N, Index K) {
    step_ = {.N = N, .beta = 0.6, .rho = 1.7, .relaxation = 1.6};
    V_ = this->random(packed_size(N), 2 * K);
    W_ = this->random(packed_size(N), 2 * K);
    D_ = this->random(packed_size(N), K);
  }
  Host t(Index b) const {
    Host T = combination(2, unpacked(step_.N, W_, b), -1, unpacked(step_.N, V_, b));
    T(step_.N - 1, step_.N - 1) -= step_.beta / step_.rho;
    return T;
  }

  AdmmStep step_;
  Host V_, W_, D_;
};
TYPED_TEST_SUITE(AdmmSteps, Backends, BackendName);

TYPED_TEST(AdmmSteps, DifferenceIsThatOfBothSidesWithoutTrace) {
  for (const auto& [N, K] : {std::pair<Index, Index>{37, 3}, {2, 1}, {6, 40}}) {
    this->make(N, K);
    const typename TestFixture::Matrix V(this->device_, this->V_), W(this->device_, this->W_), T(this->device_, packed_size(N), K);
    this->device_.admm_difference(this->step_, V, W, T);
    Host expected(packed_size(N), K);
    for (Index k = 0; k < K; ++k) set_column(expected, k, packed_of(without_trace(combination(1, this->t(2 * k), -1, this->t(2 * k + 1)))));
    this->expect_near(T.host(), expected);
  }
}

TYPED_TEST(AdmmSteps, ResidualIsTheRelaxedStep) {
  for (const auto& [N, K] : {std::pair<Index, Index>{37, 3}, {2, 1}, {6, 40}}) {
    this->make(N, K);
    const typename TestFixture::Matrix V(this->device_, this->V_), W(this->device_, this->W_), D(this->device_, this->D_),
        F(this->device_, packed_size(N), 2 * K);
    this->device_.admm_residual(this->step_, V, W, D, F);
    Host expected(packed_size(N), 2 * K);
    for (Index k = 0; k < K; ++k) {
      const Host S = without_trace(combination(1, this->t(2 * k), 1, this->t(2 * k + 1))), d = unpacked(N, this->D_, k);
      for (Index side = 0; side < 2; ++side) {
        const Host Z = combination(0.5, S, side == 0 ? 0.5 : -0.5, d), now = unpacked(N, this->W_, 2 * k + side);
        set_column(expected, 2 * k + side, packed_of(combination(this->step_.relaxation, Z, -this->step_.relaxation, now)));
      }
    }
    this->expect_near(F.host(), expected);
  }
}

TYPED_TEST(AdmmSteps, TraceIsProjectedOut) {
  for (const Index N : {2, 9, 37}) {
    this->make(N, 5);
    const typename TestFixture::Matrix M(this->device_, this->V_);
    this->device_.project_trace(N, M);
    const Host result = M.host();
    for (Index k = 0; k < 10; ++k) {
      const Host block = unpacked(N, result, k);
      EXPECT_NEAR(inner(trace_form(N), block), 0, 200 * this->epsilon);
      this->expect_near(block, without_trace(unpacked(N, this->V_, k)));
    }
  }
  this->device_.project_trace(4, this->device_.allocate(10, 0));
}

TYPED_TEST(AdmmSteps, TracesAreThatOfTheConstraint) {
  for (const Index N : {2, 9, 37}) {
    this->make(N, 3);
    const typename TestFixture::Matrix M(this->device_, this->V_), traces(this->device_, 1, 6);
    this->device_.traces(N, M, traces);
    const Host result = traces.host();
    for (Index k = 0; k < 6; ++k)
      EXPECT_NEAR(result(0, k), inner(trace_form(N), unpacked(N, this->V_, k)) / static_cast<double>(N), 50 * this->epsilon);
  }
}

TYPED_TEST(AdmmSteps, FeasibilityIsReachedInTheConeAndCostsTheCorner) {
  for (const auto& [N, K] : {std::pair<Index, Index>{37, 3}, {2, 1}, {6, 40}}) {
    this->make(N, K);
    const Index p = packed_size(N);
    const typename TestFixture::Matrix W(this->device_, this->W_), moves(this->device_, 2, 2 * K), corners(this->device_, 1, 2 * K),
        D(this->device_, p, K);
    this->device_.feasibility(N, W, moves, corners);
    this->device_.feasible_difference(N, W, moves, D);
    const Host moved = moves.host(), corner = corners.host(), difference = D.host();
    Host expected(p, K);
    for (Index b = 0; b < 2 * K; ++b) {
      const double sign = b % 2 == 0 ? 1 : -1;
      Host block = unpacked(N, this->W_, b);
      for (Index j = 0; j < N; ++j) {
        const double added = sign * moved(j + 1 < N ? 1 : 0, b);
        EXPECT_GE(added, 0);  // a semidefinite block stays one
        block(j, j) += added;
      }
      EXPECT_NEAR(inner(trace_form(N), block), 0, 100 * this->epsilon * static_cast<double>(N));
      EXPECT_NEAR(corner(0, b), block(N - 1, N - 1), 100 * this->epsilon * static_cast<double>(N));
      set_column(expected, b / 2, combination(1, expected.column(b / 2), sign, packed_of(block)));
    }
    this->expect_near(difference, expected);
  }
}

TYPED_TEST(AdmmSteps, RanksCountColumnsThatWeigh) {
  constexpr Index N = 5, width = 4, blocks = 3;
  Host factors(N, N * blocks);
  for (Index j = 0; j < N; ++j) {                                    // the last column of a block is beyond the width
    for (Index i = 0; i < N; ++i) factors(i, j) = j < 3 ? 1 : 1e-4;  // squares 5, 5, 5, 5e-8
    factors(2, N + j) = j == 1 ? 3e-4 : j == 2 ? 1e-4 : 0;           // two of one size about
  }
  const typename TestFixture::Matrix F(this->device_, factors), ranks(this->device_, 2, blocks), none(this->device_, 2, blocks);
  this->device_.factor_ranks(N, width, F, 1e-6, ranks);
  EXPECT_EQ(ranks.host().values, (std::vector<double>{4, 3, 2, 2, 0, 0}));
  this->device_.factor_ranks(N, 0, F, 1e-6, none);
  EXPECT_EQ(none.host().values, std::vector<double>(2 * blocks));
}

}  // namespace
}  // namespace neuspec::test
