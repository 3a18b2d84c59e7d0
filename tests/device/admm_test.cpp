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

}  // namespace
}  // namespace neuspec::test
