// Columns w with z = [w; s], neurons and blocks: the lift, the gradient in w, and their derivatives against finite differences of plain loops.
#include <algorithm>

#include "support/backend.hpp"

namespace neuspec::test {
namespace {

constexpr double beta = 0.7;

template <class B>
class Neurons : public Conformance<B> {
 protected:
  using typename Conformance<B>::Matrix;

  /// Neurons alone, then blocks of 3, 1, 2 and 3 columns.
  template <class Body>
  void on_tables(const Body& body) {
    for (const bool blocks : {false, true}) {
      SCOPED_TRACE(blocks ? "blocks" : "neurons");
      columns_ = {};
      for (Index j = 0; j < m; ++j) {
        if (blocks) columns_.lead.push_back(std::vector<Index>{0, 0, 0, 3, 4, 4, 6, 6, 6}[static_cast<std::size_t>(j)]);
        columns_.sign.push_back(lead(j) % 2 == 0 ? 1.0 : -1.0);
        columns_.output.push_back(j < 4 ? 0 : 2);
      }
      body();
    }
  }
  Index lead(Index j) const { return columns_.lead.empty() ? j : columns_.lead[static_cast<std::size_t>(j)]; }
  double norm(const Host& W, Index j) const {
    double square = 0;
    for (Index k = 0; k < W.columns; ++k) square += lead(k) == lead(j) ? inner(W.column(k), W.column(k)) : 0;
    return std::sqrt(square);
  }
  Host lift(const Host& W) const {
    Host Z(W.rows + 1, W.columns);
    for (Index j = 0; j < W.columns; ++j) {
      for (Index i = 0; i < W.rows; ++i) Z(i, j) = W(i, j);
      if (lead(j) == j) Z(W.rows, j) = norm(W, j);
    }
    return Z;
  }
  Host gradient(const Host& W, const Host& G) const {
    Host result(W.rows, W.columns);
    for (Index j = 0; j < W.columns; ++j) {
      const double sign = columns_.sign[static_cast<std::size_t>(j)];
      for (Index i = 0; i < W.rows; ++i) {
        const double along = norm(W, j) > 0 ? G(W.rows, lead(j)) * W(i, j) / norm(W, j) : 0;
        result(i, j) = 2 * sign * (G(i, j) + along) + 2 * beta * W(i, j);
      }
    }
    return result;
  }

  static constexpr Index d = 37, m = 9;
  FactorColumns columns_;
};
TYPED_TEST_SUITE(Neurons, Backends, BackendName);

TYPED_TEST(Neurons, LiftToTheirNorm) {
  this->on_tables([this] {
    Host W = this->random(37, 9);
    for (Index i = 0; i < 37; ++i) W(i, 3) = 0;
    const typename TestFixture::Matrix from(this->device_, W), Z(this->device_, 38, 9);
    this->device_.lift_neurons(this->columns_, from, Z);
    this->expect_near(Z.host(), this->lift(W), 10);
  });
}

TYPED_TEST(Neurons, LiftsDerivativeIsThatOfTheLift) {
  this->on_tables([this] {
    const Host W = this->random(37, 9), W_dot = this->random(37, 9);
    const typename TestFixture::Matrix Z(this->device_, this->lift(W)), direction(this->device_, W_dot), Z_dot(this->device_, 38, 9);
    this->device_.lift_derivative(this->columns_, Z, direction, Z_dot);
    const auto lift = [&](double t) { return this->lift(combination(1, W, t, W_dot)); };
    this->expect_near(Z_dot.host(), central_difference(lift, 1e-5), 100, std::max(1.0, 1e-10 / this->epsilon));
  });
}

TYPED_TEST(Neurons, GradientOfTheObjective) {
  this->on_tables([this] {
    const Host W = this->random(37, 9), G = this->random(38, 9);
    const typename TestFixture::Matrix Z(this->device_, this->lift(W)), g(this->device_, G), result(this->device_, 37, 9);
    this->device_.neuron_gradient(this->columns_, beta, Z, g, result);
    this->expect_near(result.host(), this->gradient(W, G), 20);
  });
}

// The gradient is that of Σ sign_j z_jᵀΓz_j + β‖w_j‖², whatever symmetric Γ.
TYPED_TEST(Neurons, GradientIsThatOfAQuadraticForm) {
  this->on_tables([this] {
    const Host W = this->random(37, 9), W_dot = this->random(37, 9), Gamma = symmetric_with(this->random_, this->random(38, 1).values);
    const auto value = [&](double t) {
      const Host at = combination(1, W, t, W_dot), Z = this->lift(at), GZ = product(Gamma, Z);
      double sum = beta * inner(at, at);
      for (Index j = 0; j < 9; ++j) sum += this->columns_.sign[static_cast<std::size_t>(j)] * inner(Z.column(j), GZ.column(j));
      return Host(1, 1, sum);
    };
    const typename TestFixture::Matrix Z(this->device_, this->lift(W)), g(this->device_, product(Gamma, this->lift(W))), result(this->device_, 37, 9);
    this->device_.neuron_gradient(this->columns_, beta, Z, g, result);
    const double slope = central_difference(value, 1e-4)(0, 0);
    EXPECT_NEAR(inner(result.host(), W_dot), slope, std::max(1e-6, 1000 * this->epsilon) * std::max(1.0, std::abs(slope)));
  });
}

TYPED_TEST(Neurons, GradientsDerivativeIsThatOfTheGradient) {
  this->on_tables([this] {
    const Host W = this->random(37, 9), W_dot = this->random(37, 9), G = this->random(38, 9), G_dot = this->random(38, 9);
    const auto lift = [&](double t) { return this->lift(combination(1, W, t, W_dot)); };
    const typename TestFixture::Matrix Z(this->device_, lift(0)), Z_dot(this->device_, central_difference(lift, 1e-5)), g(this->device_, G),
        g_dot(this->device_, G_dot), result(this->device_, 37, 9);
    this->device_.gradient_derivative(this->columns_, beta, Z, g, Z_dot, g_dot, result);
    const auto gradient = [&](double t) { return this->gradient(combination(1, W, t, W_dot), combination(1, G, t, G_dot)); };
    this->expect_near(result.host(), central_difference(gradient, 1e-5), 100, std::max(1.0, 1e-9 / this->epsilon));
  });
}

TYPED_TEST(Neurons, VanishedNeuronsGiveNumbers) {
  this->on_tables([this] {
    const Host zero(38, 9), W_dot = this->random(37, 9), G = this->random(38, 9);
    const typename TestFixture::Matrix Z(this->device_, zero), direction(this->device_, W_dot), Z_dot(this->device_, 38, 9), g(this->device_, G),
        gradient(this->device_, 37, 9), derivative(this->device_, 37, 9);
    this->device_.lift_derivative(this->columns_, Z, direction, Z_dot);
    this->device_.neuron_gradient(this->columns_, beta, Z, g, gradient);
    this->device_.gradient_derivative(this->columns_, beta, Z, g, Z_dot, g, derivative);
    this->expect_near(gradient.host(), this->gradient(Host(37, 9), G), 10);
    EXPECT_TRUE(std::isfinite(largest(Z_dot.host())));
    EXPECT_TRUE(std::isfinite(largest(derivative.host())));
  });
}

}  // namespace
}  // namespace neuspec::test
