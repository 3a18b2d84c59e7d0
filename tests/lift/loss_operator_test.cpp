// The three forms of the data operator for every loss and architecture against explicit matrices.
#include "lift/loss_problem.hpp"

namespace neuspec::test {
namespace {

constexpr OperatorKind forms[] = {OperatorKind::moments, OperatorKind::gram, OperatorKind::matrix_free};

template <class B>
class LossOperator : public LossProblem<B> {};
TYPED_TEST_SUITE(LossOperator, Backends, BackendName);

TYPED_TEST(LossOperator, GradientOfTheJudge) {
  this->on_problems([this] {
    if (!this->problem_.loss.smooth()) return;
    const Host W = this->small(this->N() - 1, this->m), direction = this->small(this->N() - 1, this->m);
    const auto value = [&](double t) { return Host(1, 1, this->total_loss(combination(1, W, t, direction))); };
    const double slope = central_difference(value, 1e-5)(0, 0);
    EXPECT_NEAR(inner(this->gradient(W), direction), slope, 1e-6 * std::max(1.0, std::abs(slope)));
  });
}

TYPED_TEST(LossOperator, LossOfAPackedPoint) {
  this->on_problems([this] {
    auto& device = this->device_;
    const Host D = this->rounded(this->traceless(this->random(this->p(), this->blocks())));
    const auto point = device.allocate(this->p(), this->blocks());
    device.upload(D.values.data(), point);
    const std::vector<double> expected = this->losses(this->predicted(D));
    for (const OperatorKind kind : forms) {
      const auto data = this->form(kind);
      EXPECT_EQ(data->pools(), this->pools());
      EXPECT_EQ(data->blocks(), this->blocks());
      EXPECT_EQ(data->problems(), static_cast<Index>(expected.size()));
      const std::vector<double> actual = data->loss(point);
      ASSERT_EQ(actual.size(), expected.size());
      for (std::size_t k = 0; k < actual.size(); ++k)
        EXPECT_NEAR(actual[k], expected[k], 4000 * this->epsilon * std::max(10.0, expected[k])) << name(kind);
    }
  });
}

TYPED_TEST(LossOperator, EvaluatesAndDifferentiatesNeurons) {
  this->on_problems([this] {
    if (!this->problem_.loss.smooth()) return;
    const Host W = this->small(this->N() - 1, this->m), W_dot = this->small(this->N() - 1, this->m), Z = this->lifted(W);
    const Host gradient = this->gradient(W);
    const Host derivative = central_difference([&](double t) { return this->gradient(combination(1, W, t, W_dot)); }, 1e-5);
    const double loss = this->total_loss(W);
    const typename TestFixture::Matrix z(this->device_, Z), w_dot(this->device_, W_dot), z_dot(this->device_, Z.rows, Z.columns),
        G(this->device_, Z.rows, Z.columns), G_dot(this->device_, Z.rows, Z.columns), g(this->device_, W.rows, W.columns),
        g_dot(this->device_, W.rows, W.columns);
    this->device_.lift_derivative(this->columns_, z, w_dot, z_dot);
    for (const OperatorKind kind : forms) {
      SCOPED_TRACE(name(kind));
      const auto data = this->form(kind);
      EXPECT_NEAR(data->evaluate(this->columns_, z, G), loss, 4000 * this->epsilon * std::max(10.0, loss));
      this->device_.neuron_gradient(this->columns_, 0, z, G, g);
      this->expect_near(g.host(), gradient, 4000, 10);
      for (int repetition = 0; repetition < 2; ++repetition) {  // a product leaves the point as it was
        data->differentiate(this->columns_, z, z_dot, G_dot);
        this->device_.gradient_derivative(this->columns_, 0, z, G, z_dot, G_dot, g_dot);
        this->expect_near(g_dot.host(), derivative, 4000, std::max(10.0, 1e-9 / this->epsilon));
      }
    }
  });
}

// Σ JᵀHJ from differences of the predictions and of the loss's gradient: the gradient's derivative where the second derivative of the predictions,
// which sees the loss's gradient alone, is taken off.
TYPED_TEST(LossOperator, GaussNewtonMatrixOfNeurons) {
  this->on_problems([this] {
    if (!this->problem_.loss.smooth()) return;
    const Index f = this->N() - 1, size = f * this->m;
    const Host W = this->small(f, this->m), at = this->predicted(this->difference_of(this->lifted(W)));
    std::vector<Host> J;
    for (Index row = 0; row < size; ++row) {
      const auto along = [&](double t) {
        Host moved = W;
        moved(row % f, row / f) += t;
        return this->predicted(this->difference_of(this->lifted(moved)));
      };
      J.push_back(central_difference(along, 1e-5));
    }
    Host expected(size, size);
    for (Index j = 0; j < size; ++j) {
      const auto gradient = [&](double t) { return this->gradient_at(combination(1, at, t, J[static_cast<std::size_t>(j)])); };
      const Host HJ = central_difference(gradient, 1e-5);
      for (Index i = 0; i < size; ++i) expected(i, j) = i < j ? 0 : inner(J[static_cast<std::size_t>(i)], HJ);
    }
    const typename TestFixture::Matrix z(this->device_, this->lifted(W)), G(this->device_, this->N(), this->m), B(this->device_, Host(size, size));
    for (const OperatorKind kind : forms) {
      const auto data = this->form(kind);
      if (!data->has_gauss_newton()) continue;
      data->evaluate(this->columns_, z, G);
      data->gauss_newton(this->columns_, z, this->n(), B);
      Host lower = B.host();
      for (Index j = 0; j < size; ++j)
        for (Index i = 0; i < j; ++i) lower(i, j) = 0;
      this->expect_near(lower, expected, 4000, std::max(10.0, 1e-8 / this->epsilon));
      this->device_.upload(Host(size, size).values.data(), B);
    }
  });
}

// Where all samples are the same, any part of them stands for all.
TYPED_TEST(LossOperator, GaussNewtonMatrixFromAPartOfTheSamples) {
  constexpr Index n = 900, d = 3, count = 4;
  const std::vector<double> one = {0.5, -1.25, 0.75};
  std::vector<double> x, y;
  for (Index i = 0; i < n; ++i) {
    x.insert(x.end(), one.begin(), one.end());
    y.push_back(1);
  }
  const Dataset data(n, d, 1, x, y);
  const auto form = make_operator<typename TestFixture::Real>(OperatorKind::matrix_free, this->device_,
                                                              {.activation = {0.09, 0.5, 0.47}, .loss = Loss::logistic, .beta = 1}, data);
  const FactorColumns columns{{1, 1, -1, -1}, {0, 0, 0, 0}};
  const typename TestFixture::Matrix W(this->device_, this->small(d, count)), z(this->device_, d + 1, count), G(this->device_, d + 1, count),
      all(this->device_, Host(d * count, d * count)), part(this->device_, Host(d * count, d * count));
  this->device_.lift_neurons(columns, W, z);
  form->evaluate(columns, z, G);
  form->gauss_newton(columns, z, n, all);
  form->gauss_newton(columns, z, 300, part);
  EXPECT_GT(largest(all.host()), 1);
  this->expect_near(part.host(), all.host(), 4000, 10);
}

TYPED_TEST(LossOperator, DualVectorOfNeurons) {
  this->on_problems([this] {
    const Host Z = this->lifted(this->small(this->N() - 1, this->m)), f = this->predicted(this->difference_of(Z));
    const typename TestFixture::Matrix z(this->device_, Z), none(this->device_, Z.rows, 0);
    for (const OperatorKind kind : forms) {
      SCOPED_TRACE(name(kind));
      const auto data = this->form(kind);
      for (const bool empty : {true, false}) {
        const Host at = empty ? Host(f.rows, f.columns) : f;
        const DualCandidate candidate = empty ? data->dual_of({}, none) : data->dual_of(this->columns_, z);
        this->expect_dual(candidate, this->gradient_at(at), 4000);
        const std::vector<double> losses = this->losses(at);
        ASSERT_EQ(candidate.loss.size(), losses.size());
        for (std::size_t k = 0; k < losses.size(); ++k) EXPECT_NEAR(candidate.loss[k], losses[k], 4000 * this->epsilon * std::max(10.0, losses[k]));
      }
    }
  });
}

}  // namespace
}  // namespace neuspec::test
