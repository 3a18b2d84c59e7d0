// With an intercept the data operator stands for the problem that is left at the best one: against minimisation by sections and differences.
#include <algorithm>
#include <numeric>

#include "lift/operator_problem.hpp"

namespace neuspec::test {
namespace {

constexpr OperatorKind forms[] = {OperatorKind::moments, OperatorKind::gram, OperatorKind::matrix_free, OperatorKind::streamed};

template <class B>
class InterceptOperator : public OperatorProblem<B> {
 protected:
  template <class Body>
  void on_problems_with_intercept(const Body& body) {
    this->on_problems([this, &body] {
      this->problem_.bias = true;
      body();
    });
  }
  /// f + b at the best b: each output's in turn, until nothing moves.
  Host at_best_intercept(const Host& f) const {
    Host result = f;
    for (int round = 0; round < (this->problem_.loss.coupled() ? 200 : 1); ++round) {
      double moved = 0;
      for (Index k = 0; k < this->C(); ++k) {
        const double step = zero_of_sum(result, k);
        moved = std::max(moved, std::abs(step));
        for (Index i = 0; i < this->n(); ++i) result(i, k) += step;
      }
      if (moved < 1e-15) break;
    }
    return result;
  }
  /// The total loss with the best intercept, and its gradient in W.
  double best_loss(const Host& W) const {
    const std::vector<double> parts = this->losses(at_best_intercept(this->predicted(this->difference_of(this->lifted(W)))));
    return std::accumulate(parts.begin(), parts.end(), 0.0);
  }
  Host best_gradient(const Host& W) const {
    return this->gradient(W, this->gradient_at(at_best_intercept(this->predicted(this->difference_of(this->lifted(W))))));
  }

 private:
  /// The b at which Σ v of output k changes its sign, by bisection.
  double zero_of_sum(const Host& f, Index k) const {
    double low = -64, high = 64;
    for (int step = 0; step < 58; ++step) {
      const double middle = (low + high) / 2;
      Host moved = f;
      for (Index i = 0; i < this->n(); ++i) moved(i, k) += middle;
      const Host v = this->gradient_at(moved);
      double sum = 0;
      for (Index i = 0; i < this->n(); ++i) sum += v(i, k);
      (sum > 0 ? high : low) = middle;
    }
    return (low + high) / 2;
  }
};
TYPED_TEST_SUITE(InterceptOperator, Backends, BackendName);

TYPED_TEST(InterceptOperator, LossOfAPackedPoint) {
  this->on_problems_with_intercept([this] {
    const Host D = this->rounded(this->traceless(this->random(this->p(), this->blocks())));
    const auto point = this->device_.allocate(D.rows, D.columns);
    this->device_.upload(D.values.data(), point);
    const std::vector<double> expected = this->losses(this->at_best_intercept(this->predicted(D)));
    for (const OperatorKind kind : forms) {
      if (!this->offers_packed_points(kind)) continue;
      const std::vector<double> actual = this->form(kind)->loss(point);
      ASSERT_EQ(actual.size(), expected.size());
      for (std::size_t k = 0; k < actual.size(); ++k)
        EXPECT_NEAR(actual[k], expected[k], 4000 * this->epsilon * std::max(10.0, expected[k])) << name(kind);
    }
  });
}

TYPED_TEST(InterceptOperator, LossOfProjectedBlocks) {
  this->on_problems_with_intercept([this] {
    auto& device = this->device_;
    const Index N = this->N(), p = this->p(), K = this->blocks(), n = this->n(), C = this->C(), split_rows = this->squared() ? 0 : n;
    const AdmmStep step{.N = N, .beta = 0.4, .rho = 2};
    for (const OperatorKind kind : {OperatorKind::moments, OperatorKind::gram, OperatorKind::streamed}) {
      if (!this->offers_packed_points(kind)) continue;
      const auto data = this->form(kind);
      const auto V = device.allocate(p, 2 * K), W = device.allocate(p, 2 * K), T = device.allocate(p, K), D = device.allocate(p, K),
                 factors = device.allocate(N, N * 2 * K), carry = device.allocate(data->carry_rows(), C),
                 carry_residual = device.allocate(data->carry_rows(), C), split = device.allocate(split_rows, C),
                 split_residual = device.allocate(split_rows, C), s = device.allocate(split_rows, C);
      device.upload(this->small(p, 2 * K).values.data(), V);
      data->prepare(step.rho);
      data->start(V, carry);
      const Index rank = device.project_psd(N, V, W, factors);
      device.admm_difference(step, V, W, T);
      const AdmmState<typename TestFixture::Real> state{T, factors, W, rank, carry, carry_residual, split, split_residual, s, D};
      data->solve(step, state);
      Host projected(p, 2 * K);
      device.download(W, projected.values.data());
      this->expect_losses(this->projected_loss(*data, state),
                          this->losses(this->at_best_intercept(this->predicted(this->feasible_difference(projected)))));
    }
  });
}

TYPED_TEST(InterceptOperator, LossAndGradientOfNeurons) {
  this->on_problems_with_intercept([this] {
    if (!this->problem_.loss.smooth()) return;
    const Host W = this->small(this->N() - 1, this->m), Z = this->lifted(W);
    const typename TestFixture::Matrix z(this->device_, Z), G(this->device_, Z.rows, Z.columns), g(this->device_, W.rows, W.columns);
    const double expected = this->best_loss(W);
    for (const OperatorKind kind : forms) {
      SCOPED_TRACE(name(kind));
      const auto data = this->form(kind);
      for (int repetition = 0; repetition < 2; ++repetition) {  // the second starts from the first's intercept
        EXPECT_NEAR(data->evaluate(this->columns_, z, G), expected, 4000 * this->epsilon * std::max(10.0, expected));
        this->device_.neuron_gradient(this->columns_, 0, z, G, g);
        this->expect_near(g.host(), this->best_gradient(W), 4000, 10);
      }
    }
  });
}

TYPED_TEST(InterceptOperator, DifferentiatesTheGradientOfNeurons) {
  this->on_problems_with_intercept([this] {
    if (!this->problem_.loss.smooth()) return;
    if (this->problem_.loss.kind == Loss::huber || this->problem_.loss.kind == Loss::squared_hinge) return;  // their curvature jumps
    const Host W = this->small(this->N() - 1, this->m), W_dot = this->small(this->N() - 1, this->m), Z = this->lifted(W);
    const Host expected = central_difference([&](double t) { return this->best_gradient(combination(1, W, t, W_dot)); }, 1e-5);
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

TYPED_TEST(InterceptOperator, DualVectorOfNeuronsIsTheGradientAtTheBestIntercept) {
  this->on_problems_with_intercept([this] {
    if (!this->problem_.loss.smooth() || this->squared()) return;
    const Host Z = this->lifted(this->small(this->N() - 1, this->m));
    const typename TestFixture::Matrix z(this->device_, Z);
    const Host v = this->gradient_at(this->at_best_intercept(this->predicted(this->difference_of(Z))));
    for (const OperatorKind kind : forms) {
      SCOPED_TRACE(name(kind));
      this->expect_dual(this->form(kind)->dual_of(this->columns_, z), v, 4000);
    }
  });
}

}  // namespace
}  // namespace neuspec::test
