// The linear step of ADMM in the forms that have a factor, against Gaussian elimination on explicit lifted samples.
#include "lift/operator_problem.hpp"

namespace neuspec::test {
namespace {

constexpr OperatorKind with_factor[] = {OperatorKind::moments, OperatorKind::gram};

template <class B>
class LinearStep : public OperatorProblem<B> {
 protected:
  /// Rows √w_i ā_i: n × p.
  Host rows() const {
    Host A(this->n(), this->p());
    for (Index i = 0; i < this->n(); ++i) {
      const Host a = packed_of(without_trace(this->sample(i)));
      for (Index e = 0; e < this->p(); ++e) A(i, e) = std::sqrt(this->weight(i)) * a(e, 0);
    }
    return A;
  }
  Host ridge_solution(double shift, const Host& T) const {
    const Host A = rows();
    Host normal = product(transposed(A), A), right = combination(shift, T, 0, T);
    for (Index e = 0; e < this->p(); ++e) normal(e, e) += shift;
    for (Index k = 0; k < this->C(); ++k) {
      Host y(this->n(), 1);
      for (Index i = 0; i < this->n(); ++i) y(i, 0) = std::sqrt(this->weight(i)) * this->y_(k, i);
      set_column(right, k, combination(1, right.column(k), 1, product(transposed(A), y)));
    }
    return solved(normal, right);
  }
};
TYPED_TEST_SUITE(LinearStep, Backends, BackendName);

TYPED_TEST(LinearStep, SolvesTheRegularisedNormalEquations) {
  this->on_problems([this] {
    auto& device = this->device_;
    const Index N = this->N(), p = this->p(), C = this->C();
    const Host start = this->random(p, 2 * C);
    const double units = 20000;  // p times as much as elsewhere: the condition of what is factored
    for (const OperatorKind kind : with_factor) {
      SCOPED_TRACE(name(kind));
      const auto data = this->form(kind);
      for (const double part : {0.1, 10.0, 1.0}) {
        const double rho = part * inner(this->rows(), this->rows()) / static_cast<double>(p);
        const AdmmStep step{.N = N, .beta = 0.4, .rho = rho};
        const typename TestFixture::Matrix V(device, start), W(device, p, 2 * C), T(device, p, C), D(device, p, C), F(device, p, 2 * C);
        const auto factors = device.allocate(N, N * 2 * C), carry = device.allocate(data->carry_rows(), C),
                   carry_residual = device.allocate(data->carry_rows(), C);
        data->prepare(rho);
        data->start(V, carry);
        const Index rank = device.project_psd(N, V, W, factors);
        device.admm_difference(step, V, W, T);
        const AdmmState<typename TestFixture::Real> state{T, factors, W, rank, carry, carry_residual, {}, {}, {}, D};
        data->solve(step, state);
        this->expect_near(D.host(), this->ridge_solution(rho / 2, T.host()), units, 10);
        this->expect_dual(data->dual_at(step, state), D.host(), units);
        // The form's own state follows the same relaxed step: Ā(F₊ − F₋).
        device.admm_residual(step, V, W, D, F);
        if (data->carry_rows() == 0) continue;
        Host expected(this->n(), C), actual(this->n(), C);
        for (Index k = 0; k < C; ++k)
          set_column(expected, k, product(this->rows(), combination(1, F.host().column(2 * k), -1, F.host().column(2 * k + 1))));
        device.download(carry_residual, actual.values.data());
        this->expect_near(actual, expected, units, 10);
      }
    }
  });
}

TYPED_TEST(LinearStep, StartsFromTheNegativeConeToo) {
  this->make({0.3, -0.7, 0.2}, 19, 6, 1, false);
  auto& device = this->device_;
  Host start(28, 2);
  for (Index k = 0; k < 2; ++k) set_column(start, k, packed_of(symmetric_with(this->random_, {-1, -2, -3, -4, -5, -6, -7})));
  for (const OperatorKind kind : with_factor) {
    const auto data = this->form(kind);
    const AdmmStep step{.N = 7, .beta = 0.4, .rho = 2};
    const typename TestFixture::Matrix V(device, start), W(device, 28, 2), T(device, 28, 1), D(device, 28, 1);
    const auto factors = device.allocate(7, 14), carry = device.allocate(data->carry_rows(), 1),
               carry_residual = device.allocate(data->carry_rows(), 1);
    data->prepare(step.rho);
    data->start(V, carry);
    const Index rank = device.project_psd(7, V, W, factors);
    device.admm_difference(step, V, W, T);
    data->solve(step, {T, factors, W, rank, carry, carry_residual, {}, {}, {}, D});
    this->expect_near(D.host(), this->ridge_solution(1, T.host()), 4000, 10);
  }
}

TYPED_TEST(LinearStep, RidgeNormForetellsTheSizeOfSolutions) {
  this->on_problems([this] {
    const Host A = this->rows();
    const Host D = this->ridge_solution(ridge * inner(A, A) / static_cast<double>(this->p()), Host(this->p(), this->C()));
    for (const OperatorKind kind : with_factor) {
      const double expected = std::sqrt(inner(D, D));
      EXPECT_NEAR(this->form(kind)->ridge_norm(), expected, 0.2 * expected) << name(kind);
    }
  });
}

TYPED_TEST(LinearStep, ConjugateGradientsReachTheSolution) {
  const Host M = this->rounded(symmetric_with(this->random_, {0.5, 1, 2, 3, 4, 5, 6, 7, 8})), B = this->random(9, 1);
  const typename TestFixture::Matrix matrix(this->device_, M), b(this->device_, B);
  const auto X = conjugate_gradients<typename TestFixture::Real>(this->device_, matrix, 0.25, b, 12);
  Host shifted = M, x(9, 1);
  for (Index i = 0; i < 9; ++i) shifted(i, i) += 0.25;
  this->device_.download(X, x.values.data());
  this->expect_near(x, solved(shifted, B), 1000);
  Host zero(9, 1);
  const typename TestFixture::Matrix none(this->device_, Host(9, 1));
  this->device_.download(conjugate_gradients<typename TestFixture::Real>(this->device_, matrix, 0, none, 12), zero.values.data());
  EXPECT_EQ(largest(zero), 0);
}

}  // namespace
}  // namespace neuspec::test
