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
  using typename Conformance<B>::Matrix;
  std::unique_ptr<DataOperator<Real>> form(OperatorKind kind, const Loss& loss, bool bias, double beta, const Dataset& data) {
    return make_operator<Real>(kind, this->device_, {.activation = {1, 0, 0}, .loss = loss, .beta = beta, .bias = bias}, data);
  }
  void expect_inverse(const Loss& loss, bool bias, bool weighted);
};
TYPED_TEST_SUITE(PreconditionerOf, Backends, BackendName);

// For a purely quadratic activation, all samples and a β above every eigenvalue of Γ the two agree: P⁻¹(H w) = w.
template <class B>
void PreconditionerOf<B>::expect_inverse(const Loss& loss, bool bias, bool weighted) {
  constexpr Index n = 40, d = 4, m = 5;
  const Index C = loss.coupled() ? 3 : 2;
  Dataset data = random_dataset(this->random_, n, d, C);
  if (weighted) data = with_weights(data, this->random_);
  data = with_labels(data, loss);
  const double beta = 10 * n;
  const auto form = this->form(OperatorKind::matrix_free, loss, bias, beta, data);
  const FactorColumns columns{{1, 1, -1, 1, 1}, {0, 0, 0, 1, 1}, {}, {0, 0, 2, 3, 3}};
  const Matrix W(this->device_, this->rounded(combination(0.4, this->random(d, m), 0, Host(d, m)))), direction(this->device_, this->random(d, m));
  const DeviceMatrix<Real> Z = this->device_.allocate(d + 1, m), Z_dot = this->device_.allocate(d + 1, m), G = this->device_.allocate(d + 1, m),
                           G_dot = this->device_.allocate(d + 1, m), product = this->device_.allocate(d, m),
                           result = this->device_.allocate(d * m, 1);
  this->device_.lift_neurons(columns, W, Z);
  Preconditioner<Real> preconditioner(*form, columns, beta);
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

TYPED_TEST(PreconditionerOf, IsTheHessianOfAQuadraticActivation) {
  for (const Loss& loss : {Loss(Loss::squared), Loss(Loss::logistic), Loss(Loss::softmax)}) {
    for (const bool bias : {false, true}) {
      for (const bool weighted : {false, true}) {
        SCOPED_TRACE(loss.name() + (bias ? " bias" : "") + (weighted ? " weighted" : ""));
        this->expect_inverse(loss, bias, weighted);
      }
    }
  }
}

TYPED_TEST(PreconditionerOf, IsOutOfReachWithoutSamples) {
  const Dataset data = random_dataset(this->random_, 12, 3, 1);
  const auto form = this->form(OperatorKind::moments, Loss::squared, false, 1, data);
  EXPECT_EQ(Preconditioner<typename TestFixture::Real>(*form, {{1}, {0}, {}, {0}}, 1).cost(), 0);
}

}  // namespace
}  // namespace neuspec::test
