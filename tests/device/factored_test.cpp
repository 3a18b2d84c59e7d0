// Factored points: forward, adjoint and their derivatives against plain loops and against the packed operations.
#include <algorithm>
#include <tuple>

#include "support/backend.hpp"

namespace neuspec::test {
namespace {

constexpr Activation activations[] = {{0.09, 0.5, 0.47}, {1, 0, 0}, {0, 1, 0}, {-0.4, 0.3, 0.2}};

template <class B>
class Factored : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  using typename Conformance<B>::Matrix;

  void make(Index n, Index d, Index C, Index m, bool weighted) {
    x_ = this->random(d, n);
    scale_ = Host(n, 1, 1.0);
    for (Index i = 0; weighted && i < n; ++i) scale_(i, 0) = i % 4 == 0 ? 0.0 : 0.25 * static_cast<double>(i % 7);
    Z_ = this->random(d + 1, m);
    Z_dot_ = this->random(d + 1, m);
    v_ = this->random(n, C);
    v_dot_ = this->random(n, C);
    columns_ = {};
    for (Index j = 0; j < m; ++j) {
      columns_.sign.push_back(j % 3 == 0 ? -1.0 : 1.0);
      columns_.output.push_back(C > 1 && 2 * j > m ? C - 1 : 0);  // with three outputs the one between has no neurons
    }
    x_device_ = std::make_unique<Matrix>(this->device_, x_);
    scale_device_ = weighted ? std::make_unique<Matrix>(this->device_, scale_) : nullptr;
  }
  ConstView<Real> x() const { return *x_device_; }
  ConstView<Real> s() const { return scale_device_ ? ConstView<Real>(*scale_device_) : ConstView<Real>(); }
  Index output(Index j) const { return columns_.output[static_cast<std::size_t>(j)]; }
  double sign(Index j) const { return columns_.sign[static_cast<std::size_t>(j)]; }

  Host naive_forward(const Activation& sigma, const Host& Z) const {
    Host f(x_.columns, v_.columns);
    for (Index i = 0; i < x_.columns; ++i) {
      const Host A = lifted_sample(sigma, x_, i, scale_(i, 0)), AZ = product(A, Z);
      for (Index j = 0; j < Z.columns; ++j) f(i, output(j)) += sign(j) * inner(Z.column(j), AZ.column(j));
    }
    return f;
  }
  Host naive_adjoint(const Activation& sigma, const Host& Z, const Host& v) const {
    Host G(Z.rows, Z.columns);
    for (Index i = 0; i < x_.columns; ++i) {
      const Host AZ = product(lifted_sample(sigma, x_, i, scale_(i, 0)), Z);
      for (Index j = 0; j < Z.columns; ++j)
        for (Index row = 0; row < Z.rows; ++row) G(row, j) += v(i, output(j)) * AZ(row, j);
    }
    return G;
  }
  Host naive_pack(const Host& Y, const Host& Z) const {
    Host D(packed_size(Z.rows), v_.columns);
    for (Index j = 0; j < Z.columns; ++j) {
      const Host yz = product(Y.column(j), transposed(Z.column(j)));
      const Index k = output(j);
      set_column(D, k, combination(1, D.column(k), 1, packed_of(combination(sign(j) / 2, yz, sign(j) / 2, transposed(yz)))));
    }
    return D;
  }

  /// Every factored operation on one problem.
  void check(const Activation& sigma) {
    auto& device = this->device_;
    const Index n = x_.columns, m = Z_.columns, N = Z_.rows;
    const Matrix Z(device, Z_), Z_dot(device, Z_dot_), v(device, v_), v_dot(device, v_dot_);
    const Matrix H(device, n, m), f(device, n, v_.columns), Q(device, n, m), G(device, N, m);
    device.factored_forward(sigma, x(), s(), columns_, Z, H, f);
    this->expect_near(f.host(), naive_forward(sigma, Z_), 200, 10);
    Host W(N - 1, m);
    for (Index j = 0; j < m; ++j)
      for (Index i = 0; i + 1 < N; ++i) W(i, j) = Z_(i, j);
    this->expect_near(H.host(), product(transposed(x_), W));
    device.factored_adjoint(sigma, x(), s(), columns_, Z, v, H, Q, G);
    this->expect_near(G.host(), naive_adjoint(sigma, Z_, v_), 200, 10);

    // The functions are quadratic along a line, so that central differences are exact at any step.
    const auto along = [](const Host& from, double t, const Host& direction) { return combination(1, from, t, direction); };
    const Matrix H_dot(device, n, m), f_dot(device, n, v_.columns), G_dot(device, N, m);
    device.factored_forward_derivative(sigma, x(), s(), columns_, Z, Z_dot, H, H_dot, f_dot);
    this->expect_near(f_dot.host(), central_difference([&](double t) { return naive_forward(sigma, along(Z_, t, Z_dot_)); }, 0.5), 400, 10);
    device.factored_adjoint_derivative(sigma, x(), s(), columns_, Z, Z_dot, v, v_dot, H, H_dot, G_dot);
    const auto adjoint = [&](double t) { return naive_adjoint(sigma, along(Z_, t, Z_dot_), along(v_, t, v_dot_)); };
    this->expect_near(G_dot.host(), central_difference(adjoint, 0.5), 400, 10);
  }

  Host x_, scale_, Z_, Z_dot_, v_, v_dot_;
  FactorColumns columns_;
  std::unique_ptr<Matrix> x_device_, scale_device_;
};
TYPED_TEST_SUITE(Factored, Backends, BackendName);

TYPED_TEST(Factored, AgreesWithSumsOverLiftedSamples) {
  for (const bool weighted : {false, true}) {
    for (const Activation& sigma : activations) {
      this->make(67, 37, 3, 11, weighted);
      this->check(sigma);
      this->make(35, 3, 1, 41, weighted);
      this->check(sigma);
    }
  }
}

TYPED_TEST(Factored, TakesNoNeurons) {
  this->make(5, 3, 2, 0, true);
  this->check(activations[0]);
  const typename TestFixture::Matrix none(this->device_, Host(4, 0)), D(this->device_, 10, 2), G(this->device_, 4, 0);
  this->device_.pack_factors(this->columns_, none, none, D);
  EXPECT_EQ(largest(D.host()), 0);
  this->device_.apply_packed(this->columns_, D, none, G);
  this->device_.lift_neurons(this->columns_, none.view().row_range(0, 3), G);
}

TYPED_TEST(Factored, AgreesWithThePackedOperations) {
  auto& device = this->device_;
  this->make(67, 37, 3, 11, true);
  const typename TestFixture::Matrix Z(device, this->Z_), v(device, this->v_), D(device, packed_size(38), 3), Gamma(device, packed_size(38), 3);
  for (const Activation& sigma : activations) {
    const typename TestFixture::Matrix H(device, 67, 11), f(device, 67, 3), Q(device, 67, 11), G(device, 38, 11), other_f(device, 67, 3),
        other_G(device, 38, 11);
    device.factored_forward(sigma, this->x(), this->s(), this->columns_, Z, H, f);
    device.pack_factors(this->columns_, Z, Z, D);
    device.lifted_forward(sigma, this->x(), this->s(), D, other_f);
    this->expect_near(f.host(), other_f.host(), 400, 10);
    device.factored_adjoint(sigma, this->x(), this->s(), this->columns_, Z, v, H, Q, G);
    device.lifted_adjoint(sigma, this->x(), this->s(), v, Gamma);
    device.apply_packed(this->columns_, Gamma, Z, other_G);
    this->expect_near(G.host(), other_G.host(), 400, 10);
  }
}

// With labels that are classes of softmax, signs or numbers, whatever the loss reads there.
TYPED_TEST(Factored, ProductIsThatOfItsHalves) {
  auto& device = this->device_;
  for (const auto& [n, d, m] : {std::tuple<Index, Index, Index>{67, 37, 11}, {31, 8, 3}, {100, 1, 5}}) {
    this->make(n, d, 3, m, true);
    Host y(n, 3), weights(n, 1);
    for (Index i = 0; i < n; ++i) {
      y(i, i % 3) = 1;
      weights(i, 0) = static_cast<double>(i % 5) / 4;
    }
    const typename TestFixture::Matrix Z(device, this->Z_), Z_dot(device, this->Z_dot_), v(device, this->v_), labels(device, y), w(device, weights),
        H(device, n, m), f(device, n, 3), H_dot(device, n, m), f_dot(device, n, 3), v_dot(device, n, 3), G(device, d + 1, m),
        expected(device, d + 1, m);
    const Activation& sigma = activations[0];
    device.factored_forward(sigma, this->x(), this->s(), this->columns_, Z, H, f);
    for (const Loss& loss : {Loss(Loss::squared), Loss(Loss::huber), Loss(Loss::softmax)}) {
      device.factored_forward_derivative(sigma, this->x(), this->s(), this->columns_, Z, Z_dot, H, H_dot, f_dot);
      if (loss.kind == LossKind::squared)
        device.copy(f_dot, v_dot);
      else
        device.apply_loss(loss, LossStep::curvature, {f, labels, w, f_dot, 1}, v_dot);
      device.factored_adjoint_derivative(sigma, this->x(), this->s(), this->columns_, Z, Z_dot, v, v_dot, H, H_dot, expected);
      const Host halves = expected.host(), direction = v_dot.host();
      const typename TestFixture::Matrix own(device, n, m), own_f(device, n, 3), own_v(device, n, 3);
      device.factored_product(sigma, this->x(), this->s(), this->columns_, Z, Z_dot, loss, {f, labels, w, {}, 1}, v, H, {own, own_f, own_v}, G);
      this->expect_near(G.host(), halves, 200, 10);
      this->expect_near(own_v.host(), direction, 200, 10);
    }
  }
}

// Two blocks and neurons alone: row (j, l) of the Jacobian is the derivative of output j's prediction in w_lj, s following W.
TYPED_TEST(Factored, JacobianOfEveryPrediction) {
  constexpr Index n = 17, d = 5, m = 6;
  const auto lift = [](Host W, const std::vector<Index>& lead) {
    Host Z(d + 1, m);
    for (Index j = 0; j < m; ++j) {
      for (Index i = 0; i < d; ++i) Z(i, j) = W(i, j);
      Z(d, lead[static_cast<std::size_t>(j)]) += inner(W.column(j), W.column(j));
    }
    for (Index j = 0; j < m; ++j) Z(d, j) = std::sqrt(Z(d, j));
    return Z;
  };
  for (const std::vector<Index>& lead : {std::vector<Index>{0, 1, 2, 3, 4, 5}, std::vector<Index>{0, 0, 2, 2, 2, 5}}) {
    this->make(n, d, 1, m, true);
    this->columns_.lead = lead;
    for (std::size_t j = 0; j < lead.size(); ++j) this->columns_.sign[j] = lead[j] % 4 == 0 ? 1.0 : -1.0;
    const Host W = this->random(d, m), Z = lift(W, lead), half = this->rounded(combination(0.5, Host(n, 1, 1.0), 0, Host(n, 1)));
    const typename TestFixture::Matrix z(this->device_, Z), H(this->device_, n, m), f(this->device_, n, 1), J(this->device_, d * m, n),
        scaled(this->device_, d * m, n), factor(this->device_, half);
    for (const Activation& sigma : activations) {
      this->device_.factored_forward(sigma, this->x(), this->s(), this->columns_, z, H, f);
      Host expected(d * m, n);
      for (Index row = 0; row < d * m; ++row) {
        const auto along = [&](double t) {
          Host at = W;
          at(row % d, row / d) += t;
          return this->naive_forward(sigma, lift(at, lead));
        };
        const Host derivative = central_difference(along, 1e-5);
        for (Index i = 0; i < n; ++i) expected(row, i) = derivative(i, 0);
      }
      const double loose = std::max(10.0, 1e-9 / this->epsilon);
      this->device_.factored_jacobian(sigma, this->x(), this->s(), this->columns_, z, H, false, J);
      this->expect_near(J.host(), expected, 400, loose);
      this->device_.factored_jacobian(sigma, this->x(), this->s(), this->columns_, z, H, true, J);
      this->expect_near(J.host(), combination(2, expected, 0, expected), 400, loose);
      this->device_.scale_outputs(this->columns_, J, factor, scaled);
      this->expect_near(scaled.host(), expected, 400, loose);
    }
  }
}

TYPED_TEST(Factored, ScalesEachNeuronsRowsByItsOutput) {
  this->make(7, 3, 3, 5, false);
  const Host J = this->random(15, 7), factor = this->random(7, 3);
  Host expected(15, 7);
  for (Index i = 0; i < 7; ++i)
    for (Index row = 0; row < 15; ++row) expected(row, i) = factor(i, this->output(row / 3)) * J(row, i);
  const typename TestFixture::Matrix from(this->device_, J), by(this->device_, factor), to(this->device_, 15, 7);
  this->device_.scale_outputs(this->columns_, from, by, to);
  this->expect_near(to.host(), expected);
}

TYPED_TEST(Factored, PacksAndAppliesSymmetricProducts) {
  for (const auto& [d, C, m] : {std::tuple<Index, Index, Index>{37, 3, 11}, {1, 1, 5}, {64, 2, 3}}) {
    this->make(2, d, C, m, false);
    const typename TestFixture::Matrix Y(this->device_, this->Z_dot_), Z(this->device_, this->Z_), D(this->device_, packed_size(d + 1), C);
    this->device_.pack_factors(this->columns_, Y, Z, D);
    this->expect_near(D.host(), this->naive_pack(this->Z_dot_, this->Z_));
    const Host Gamma = this->random(packed_size(d + 1), C);
    const typename TestFixture::Matrix packed(this->device_, Gamma), G(this->device_, d + 1, m);
    this->device_.apply_packed(this->columns_, packed, Z, G);
    Host expected(d + 1, m);
    for (Index j = 0; j < m; ++j) set_column(expected, j, product(unpacked(d + 1, Gamma, this->output(j)), this->Z_.column(j)));
    this->expect_near(G.host(), expected);
  }
}

// Two pools and two outputs; rows enough for several strips.
TYPED_TEST(Factored, CurvatureOfMomentsIsThatOfTheLiftedDerivatives) {
  constexpr Index N = 13, f = N - 1, m = 7, pools = 2;
  const FactorColumns columns{{1, 1, -1, 1, 1, -1, -1}, {0, 0, 0, 1, 0, 0, 1}, {0, 0, 0, 0, 1, 1, 1}, {0, 0, 2, 3, 4, 5, 6}};
  const Index p = packed_size(N);
  Host Z = this->random(N, m);
  for (Index j = 0; j < m; ++j) Z(f, j) = columns.lead[static_cast<std::size_t>(j)] == j ? 2 + std::abs(Z(f, j)) : 0;
  const Host half = this->random(p * pools, p * pools), S = combination(1, half, 1, transposed(half));
  Host L(p * pools, f * m);
  for (Index e = 0; e < f * m; ++e) {
    const Index j = e / f, i = e % f, lead = columns.lead[static_cast<std::size_t>(j)];
    Host y(N, 1), norm(N, 1);
    y(i, 0) = columns.sign[static_cast<std::size_t>(j)];
    norm(f, 0) = y(i, 0) * Z(i, j) / Z(f, lead);
    const Host moved = combination(1, product(Z.column(j), transposed(y)), 1, product(Z.column(lead), transposed(norm)));
    const Host D = packed_of(combination(1, moved, 1, transposed(moved)));
    for (Index r = 0; r < p; ++r) L(columns.pool[static_cast<std::size_t>(j)] * p + r, e) = D(r, 0);
  }
  const Host before = this->random(f * m, f * m), curvature = product(transposed(L), product(S, L));
  const typename TestFixture::Matrix B(this->device_, before);
  this->device_.packed_gauss_newton(typename TestFixture::Matrix(this->device_, S), columns, typename TestFixture::Matrix(this->device_, Z), B);
  Host result = B.host(), expected = before;
  for (Index e = 0; e < f * m; ++e) {
    for (Index row = 0; row < f * m; ++row) {
      const bool counts = row >= e && columns.output[static_cast<std::size_t>(row / f)] == columns.output[static_cast<std::size_t>(e / f)];
      if (counts) expected(row, e) += curvature(row, e);
      if (!counts) result(row, e) = expected(row, e);
    }
  }
  this->expect_near(result, expected, 4.0 * static_cast<double>(p), 100);
}

}  // namespace
}  // namespace neuspec::test
