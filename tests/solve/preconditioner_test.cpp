// The preconditioner of Burer–Monteiro's Newton steps is the Hessian itself where nothing is left out.
#include "solve/preconditioner.hpp"

#include "support/backend.hpp"
#include "support/random_architecture.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

template <class B>
class PreconditionerOf : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  std::unique_ptr<DataOperator<Real>> form(OperatorKind kind, const Loss& loss, double beta, const Dataset& data) {
    return make_operator<Real>(kind, this->device_, {.activation = {1, 0, 0}, .loss = loss, .beta = beta}, data);
  }
};
TYPED_TEST_SUITE(PreconditionerOf, Backends, BackendName);

// For a purely quadratic activation, all samples and a β above every eigenvalue of Γ the two agree: P⁻¹(H w) = w.
TYPED_TEST(PreconditionerOf, IsTheHessianOfAQuadraticActivation) {
  constexpr Index n = 40, d = 4, m = 5;
  for (const Loss& loss : {Loss(Loss::squared), Loss(Loss::logistic), Loss(Loss::softmax)}) {
    const Index C = loss.coupled() ? 3 : 2;
    const Dataset data = with_labels(random_dataset(this->random_, n, d, C), loss);
    const double beta = 2 * n;
    const auto form = this->form(OperatorKind::matrix_free, loss, beta, data);
    const FactorColumns columns{{1, 1, -1, 1, 1}, {0, 0, 0, 1, 1}, {}, {0, 0, 2, 3, 3}};
    const typename TestFixture::Matrix W(this->device_, this->rounded(combination(0.4, this->random(d, m), 0, Host(d, m)))),
        direction(this->device_, this->random(d, m));
    const DeviceMatrix<typename TestFixture::Real> Z = this->device_.allocate(d + 1, m), Z_dot = this->device_.allocate(d + 1, m),
                                                   G = this->device_.allocate(d + 1, m), G_dot = this->device_.allocate(d + 1, m),
                                                   product = this->device_.allocate(d, m), result = this->device_.allocate(d * m, 1);
    this->device_.lift_neurons(columns, W, Z);
    Preconditioner<typename TestFixture::Real> preconditioner(*form, columns, beta);
    EXPECT_GE(preconditioner.cost(), 1);
    form->evaluate(columns, Z, G);
    ASSERT_TRUE(preconditioner.learn(Z));
    this->device_.lift_derivative(columns, Z, direction, Z_dot);
    form->differentiate(columns, Z, Z_dot, G_dot);
    this->device_.gradient_derivative(columns, beta, Z, G, Z_dot, G_dot, product);
    preconditioner.apply(product.view().reshaped(d * m, 1), result);
    Host found(d, m);
    this->device_.download(result, found.values.data());
    this->expect_near(found, direction.host(), 4000, 10);
  }
}

TYPED_TEST(PreconditionerOf, IsOutOfReachWithoutSamples) {
  const Dataset data = random_dataset(this->random_, 12, 3, 1);
  const auto form = this->form(OperatorKind::moments, Loss::squared, 1, data);
  EXPECT_EQ(Preconditioner<typename TestFixture::Real>(*form, {{1}, {0}, {}, {0}}, 1).cost(), 0);
}

}  // namespace
}  // namespace neuspec::test
