// The three forms of the data operator against plain loops, and so against each other.
#include "lift/operator_problem.hpp"
#include "neuspec/error.hpp"

namespace neuspec::test {
namespace {

constexpr OperatorKind forms[] = {OperatorKind::moments, OperatorKind::gram, OperatorKind::matrix_free};

template <class B>
class Operator : public OperatorProblem<B> {};
TYPED_TEST_SUITE(Operator, Backends, BackendName);

TYPED_TEST(Operator, GradientOfTheJudge) {
  this->on_problems([this] {
    const Host W = this->random(this->x_.rows, this->m), direction = this->random(this->x_.rows, this->m);
    const auto value = [&](double t) { return Host(1, 1, this->total_loss(combination(1, W, t, direction))); };
    const double slope = central_difference(value, 1e-5)(0, 0);
    EXPECT_NEAR(inner(this->gradient(W), direction), slope, 1e-6 * std::max(1.0, std::abs(slope)));
  });
}

TYPED_TEST(Operator, KnowsItsSizes) {
  this->make({0.3, -0.7, 0.2}, 19, 6, 3, true);
  for (const OperatorKind kind : forms) {
    const auto data = this->form(kind);
    EXPECT_EQ(data->kind(), kind);
    EXPECT_EQ(data->samples(), 19);
    EXPECT_EQ(data->patches().size, 6);
    EXPECT_EQ(data->blocks(), 3);
    EXPECT_EQ(data->problems(), 3);
    EXPECT_EQ(data->outputs(), 3);
    EXPECT_EQ(data->N(), 7);
    EXPECT_EQ(data->p(), 28);
  }
}

TYPED_TEST(Operator, LossOfAPackedPoint) {
  this->on_problems([this] {
    Host D = this->random(this->p(), this->C());
    for (Index k = 0; k < this->C(); ++k) set_column(D, k, packed_of(without_trace(unpacked(this->N(), D, k))));
    const typename TestFixture::Matrix point(this->device_, D);
    for (const OperatorKind kind : forms) {
      const auto losses = this->form(kind)->loss(point);
      ASSERT_EQ(static_cast<Index>(losses.size()), this->C());
      for (Index k = 0; k < this->C(); ++k)
        EXPECT_NEAR(losses[static_cast<std::size_t>(k)], this->loss(D, k), this->tolerance * std::max(10.0, this->loss(D, k))) << name(kind);
    }
  });
}

TYPED_TEST(Operator, EvaluatesLossAndGradientOfNeurons) {
  this->on_problems([this] {
    const Host W = this->random(this->x_.rows, this->m), Z = this->lifted(W);
    const typename TestFixture::Matrix z(this->device_, Z), G(this->device_, Z.rows, Z.columns), g(this->device_, W.rows, W.columns);
    for (const OperatorKind kind : forms) {
      SCOPED_TRACE(name(kind));
      const double loss = this->form(kind)->evaluate(this->columns_, z, G);
      EXPECT_NEAR(loss, this->total_loss(W), this->tolerance * std::max(10.0, this->total_loss(W)));
      this->device_.neuron_gradient(this->columns_, 0, z, G, g);
      this->expect_near(g.host(), this->gradient(W), 4000, 10);
    }
  });
}

TYPED_TEST(Operator, DifferentiatesTheGradientOfNeurons) {
  this->on_problems([this] {
    const Host W = this->random(this->x_.rows, this->m), W_dot = this->random(this->x_.rows, this->m), Z = this->lifted(W);
    const auto gradient = [&](double t) { return this->gradient(combination(1, W, t, W_dot)); };
    const Host expected = central_difference(gradient, 1e-5);
    const typename TestFixture::Matrix z(this->device_, Z), w_dot(this->device_, W_dot), z_dot(this->device_, Z.rows, Z.columns),
        G(this->device_, Z.rows, Z.columns), G_dot(this->device_, Z.rows, Z.columns), result(this->device_, W.rows, W.columns);
    this->device_.lift_derivative(this->columns_, z, w_dot, z_dot);
    for (const OperatorKind kind : forms) {
      SCOPED_TRACE(name(kind));
      const auto data = this->form(kind);
      data->evaluate(this->columns_, z, G);
      for (int repetition = 0; repetition < 2; ++repetition) {  // a product leaves the point as it was
        data->differentiate(this->columns_, z, z_dot, G_dot);
        this->device_.gradient_derivative(this->columns_, 0, z, G, z_dot, G_dot, result);
        this->expect_near(result.host(), expected, 4000, std::max(10.0, 1e-9 / this->epsilon));
      }
    }
  });
}

TYPED_TEST(Operator, DualVectorOfNeurons) {
  this->on_problems([this] {
    const Host Z = this->lifted(this->random(this->x_.rows, this->m));
    const typename TestFixture::Matrix z(this->device_, Z), none(this->device_, Z.rows, 0);
    for (const OperatorKind kind : forms) {
      SCOPED_TRACE(name(kind));
      const auto data = this->form(kind);
      this->expect_dual(data->dual_of({}, none), Host(this->p(), this->C()));
      this->expect_dual(data->dual_of(this->columns_, z), this->difference_of(Z));
    }
  });
}

TYPED_TEST(Operator, NumberOfNeuronsMayChange) {
  this->make({0.3, -0.7, 0.2}, 19, 6, 1, true);
  for (const OperatorKind kind : forms) {
    const auto data = this->form(kind);
    for (const Index count : {0, 2, 7, 1}) {
      const Host W = this->random(6, count);
      FactorColumns columns{std::vector<double>(static_cast<std::size_t>(count), 1.0), std::vector<Index>(static_cast<std::size_t>(count), 0)};
      this->columns_ = columns;
      const typename TestFixture::Matrix z(this->device_, this->lifted(W)), G(this->device_, 7, count), G_dot(this->device_, 7, count);
      const double expected = this->total_loss(W);
      EXPECT_NEAR(data->evaluate(columns, z, G), expected, this->tolerance * std::max(10.0, expected));
      data->differentiate(columns, z, z, G_dot);
      EXPECT_TRUE(std::isfinite(largest(G_dot.host())));
    }
  }
}

TYPED_TEST(Operator, RefusesWhatAFormDoesNotOffer) {
  this->make({0.3, -0.7, 0.2}, 19, 6, 1, false);
  const auto data = this->form(OperatorKind::matrix_free);
  EXPECT_THROW(data->prepare(1), UsageError);
  EXPECT_THROW(data->ridge_norm(), UsageError);
  EXPECT_THROW(data->solve({}, {}), UsageError);
  EXPECT_THROW(data->dual_at({}, {}), UsageError);
  EXPECT_THROW(this->form(OperatorKind::automatic), UsageError);
}

}  // namespace
}  // namespace neuspec::test
