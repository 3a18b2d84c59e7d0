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
  std::unique_ptr<DataOperator<Real>> form(OperatorKind kind, const Problem& problem, const Dataset& data) {
    return make_operator<Real>(kind, this->device_, problem, data);
  }
  void expect_inverse(OperatorKind kind, Problem problem, bool weighted, Index n, bool through_samples);
};
TYPED_TEST_SUITE(PreconditionerOf, Backends, BackendName);

// For a purely quadratic activation, all samples and a β above every eigenvalue of Γ the two agree: P⁻¹(H w) = w.
template <class B>
void PreconditionerOf<B>::expect_inverse(OperatorKind kind, Problem problem, bool weighted, Index n, bool through_samples) {
  constexpr Index m = 5;
  const bool dense = problem.architecture.kind == Architecture::Kind::dense;
  const Index C = problem.loss.coupled() ? 3 : 2;
  Dataset data = random_dataset(this->random_, n, features_of(problem.architecture), C);
  if (weighted) data = with_weights(data, this->random_);
  data = with_labels(data, problem.loss);
  problem.beta = 100 * static_cast<double>(n);
  const auto form = this->form(kind, problem, data);
  const Index d = form->N() - 1;
  const FactorColumns columns = dense ? FactorColumns{{1, 1, -1, 1, 1}, {0, 0, 0, 1, 1}, {}, {0, 0, 2, 3, 3}}
                                      : FactorColumns{{1, 1, -1, 1, -1}, {0, 0, 1, 0, 1}, {0, 0, 0, 1, 1}, {0, 0, 2, 3, 4}};
  const Matrix W(this->device_, this->rounded(combination(0.4, this->random(d, m), 0, Host(d, m)))), direction(this->device_, this->random(d, m));
  const DeviceMatrix<Real> Z = this->device_.allocate(d + 1, m), Z_dot = this->device_.allocate(d + 1, m), G = this->device_.allocate(d + 1, m),
                           G_dot = this->device_.allocate(d + 1, m), product = this->device_.allocate(d, m),
                           result = this->device_.allocate(d * m, 1);
  this->device_.lift_neurons(columns, W, Z);
  Preconditioner<Real> preconditioner(*form, columns, problem.beta);
  EXPECT_GE(preconditioner.cost(), 1);
  EXPECT_EQ(preconditioner.through_samples(), through_samples);
  form->evaluate(columns, Z, G);
  ASSERT_TRUE(preconditioner.learn(Z));
  this->device_.lift_derivative(columns, Z, direction, Z_dot);
  form->differentiate(columns, Z, Z_dot, G_dot);
  this->device_.gradient_derivative(columns, problem.beta, Z, G, Z_dot, G_dot, product);
  preconditioner.apply(product.view().reshaped(d * m, 1), result);
  Host found(d, m);
  this->device_.download(result, found.values.data());
  this->expect_near(found, direction.host(), 4000, 10);
}

TYPED_TEST(PreconditionerOf, IsTheHessianOfAQuadraticActivation) {
  for (const char* shape : {"dense", "conv1d:length=8,filter=3,pool=3", "conv1d:length=8,filter=3,stride=5"}) {
    for (const Loss& loss : {Loss(Loss::squared), Loss(Loss::logistic), Loss(Loss::softmax)}) {
      for (const OperatorKind kind : {OperatorKind::moments, OperatorKind::gram, OperatorKind::matrix_free}) {
        bool weighted = false;
        for (const bool bias : {false, true, false, true}) {
          if (bias) weighted = !weighted;
          SCOPED_TRACE(loss.name() + ' ' + shape + ' ' + name(kind) + (bias ? " bias" : "") + (weighted ? " weighted" : ""));
          const Problem problem{.activation = {1, 0, 0}, .loss = loss, .architecture = Architecture::parse(shape), .bias = bias};
          this->expect_inverse(kind, problem, weighted, 40, false);
          const bool held = kind != OperatorKind::moments || loss.kind != Loss::squared;
          const bool few = shape == std::string("dense") && !bias && !loss.coupled() && held;
          this->expect_inverse(kind, problem, weighted, 4, few);
        }
      }
    }
  }
}

TYPED_TEST(PreconditionerOf, TooManyUnknownsAreOutOfReach) {
  constexpr Index m = 4000;
  const Dataset data = random_dataset(this->random_, 12, 3, 2);
  const auto form = this->form(OperatorKind::moments, {.activation = {1, 0, 0}, .beta = 1}, data);
  FactorColumns columns;
  for (Index j = 0; j < m; ++j) {
    columns.sign.push_back(1);
    columns.output.push_back(2 * j / m);
    columns.lead.push_back(j);
  }
  EXPECT_GT(Preconditioner<typename TestFixture::Real>(*form, columns, 1).cost(), 0);  // 6,000 unknowns in each of two problems
  columns.output.assign(m, 0);
  EXPECT_EQ(Preconditioner<typename TestFixture::Real>(*form, columns, 1).cost(), 0);  // 12,000 in one
}

}  // namespace
}  // namespace neuspec::test
