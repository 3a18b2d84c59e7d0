// All forms of the data operator for every loss and architecture against explicit matrices.
#include <algorithm>

#include "lift/operator_problem.hpp"
#include "neuspec/error.hpp"

namespace neuspec::test {
namespace {

constexpr OperatorKind forms[] = {OperatorKind::moments, OperatorKind::gram, OperatorKind::matrix_free, OperatorKind::streamed};

template <class B>
class Operator : public OperatorProblem<B> {};
TYPED_TEST_SUITE(Operator, Backends, BackendName);

TYPED_TEST(Operator, GradientOfTheJudge) {
  this->on_problems([this] {
    if (!this->problem_.loss.smooth()) return;
    const Host W = this->small(this->N() - 1, this->m), direction = this->small(this->N() - 1, this->m);
    const auto value = [&](double t) { return Host(1, 1, this->total_loss(combination(1, W, t, direction))); };
    const double slope = central_difference(value, 1e-5)(0, 0);
    EXPECT_NEAR(inner(this->gradient(W), direction), slope, 1e-6 * std::max(1.0, std::abs(slope)));
  });
}

TYPED_TEST(Operator, KnowsItsSizes) {
  this->make({}, 19, 6, 3, true);
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
    auto& device = this->device_;
    const Host D = this->rounded(this->traceless(this->random(this->p(), this->blocks())));
    const auto point = device.allocate(this->p(), this->blocks());
    device.upload(D.values.data(), point);
    const std::vector<double> expected = this->losses(this->predicted(D));
    for (const OperatorKind kind : forms) {
      if (!this->offers_packed_points(kind)) continue;
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

TYPED_TEST(Operator, EvaluatesAndDifferentiatesNeurons) {
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

TYPED_TEST(Operator, DualVectorOfNeurons) {
  this->on_problems([this] {
    const Host Z = this->lifted(this->small(this->N() - 1, this->m)), f = this->predicted(this->difference_of(Z));
    const typename TestFixture::Matrix z(this->device_, Z), none(this->device_, Z.rows, 0);
    for (const OperatorKind kind : forms) {
      SCOPED_TRACE(name(kind));
      const auto data = this->form(kind);
      for (const bool empty : {true, false}) {
        if (!empty && kind == OperatorKind::streamed && this->offers_packed_points(kind)) continue;  // ADMM needs the bound of no neurons alone
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

TYPED_TEST(Operator, NumberOfNeuronsMayChange) {
  this->make({}, 19, 6, 1, true);
  for (const OperatorKind kind : forms) {
    const auto data = this->form(kind);
    for (const Index count : {0, 2, 7, 1}) {
      const Host W = this->random(6, count);
      FactorColumns columns{std::vector<double>(static_cast<std::size_t>(count), 1.0), std::vector<Index>(static_cast<std::size_t>(count), 0)};
      this->columns_ = columns;
      const typename TestFixture::Matrix z(this->device_, this->lifted(W)), G(this->device_, 7, count), G_dot(this->device_, 7, count);
      const double expected = this->total_loss(W);
      EXPECT_NEAR(data->evaluate(columns, z, G), expected, 4000 * this->epsilon * std::max(10.0, expected));
      data->differentiate(columns, z, z, G_dot);
      EXPECT_TRUE(std::isfinite(largest(G_dot.host())));
    }
  }
}

TYPED_TEST(Operator, RefusesWhatAFormDoesNotOffer) {
  this->make({}, 19, 6, 1, false);
  const auto data = this->form(OperatorKind::matrix_free);
  EXPECT_THROW(data->prepare(1), UsageError);
  EXPECT_THROW(data->ridge_norm(), UsageError);
  EXPECT_THROW(data->solve({}, {}), UsageError);
  EXPECT_THROW(data->dual_at({}, {}), UsageError);
  EXPECT_THROW(this->form(OperatorKind::automatic), UsageError);
}

}  // namespace
}  // namespace neuspec::test
