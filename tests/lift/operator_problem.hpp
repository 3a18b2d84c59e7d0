// A data set with its lifted operator in plain loops: the judge of the three forms of the data operator.
#pragma once

#include "lift/data_operator.hpp"
#include "support/backend.hpp"

namespace neuspec::test {

template <class B>
class OperatorProblem : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  using typename Conformance<B>::Matrix;

  void make(const Activation& activation, Index n, Index d, Index C, bool weighted) {
    problem_.activation = activation;
    x_ = this->random(d, n);
    y_ = this->random(C, n);
    weights_ = Host(n, 1, 1.0);
    for (Index i = 0; weighted && i < n; ++i) weights_(i, 0) = i % 5 == 0 ? 0.0 : this->random_.uniform(0.2, 2);
    data_ = Dataset(n, d, C, x_.values, y_.values, weighted ? weights_.values : std::vector<double>{});
    columns_ = {};
    for (Index j = 0; j < m; ++j) {
      columns_.sign.push_back(j % 2 == 0 ? 1.0 : -1.0);
      columns_.output.push_back(j * C / m);
    }
  }
  /// Runs `body` on many problems: activations with and without a quadratic, linear and constant part, 1 and 3 outputs, weights or none.
  template <class Body>
  void on_problems(const Body& body) {
    for (const Activation& activation : {Activation{0.3, -0.7, 0.2}, Activation{1, 0, 0}, Activation{0, 1, 0}, Activation{0.09, 0.5, 0.47}}) {
      for (const bool weighted : {false, true}) {
        SCOPED_TRACE(activation.name() + (weighted ? " weighted" : ""));
        make(activation, 43, 5, 1, weighted);
        body();
        make(activation, 19, 6, 3, weighted);
        body();
      }
    }
  }
  std::unique_ptr<DataOperator<Real>> form(OperatorKind kind) { return make_operator<Real>(kind, this->device_, problem_, data_); }

  Index n() const { return x_.columns; }
  Index C() const { return y_.rows; }
  Index N() const { return x_.rows + 1; }
  Index p() const { return packed_size(N()); }
  double weight(Index i) const { return weights_(i, 0); }
  Host sample(Index i) const { return lifted_sample(problem_.activation, x_, i, 1); }

  /// ⟨A_i, D_k⟩ − y_ik for packed D: C × n.
  Host residual(const Host& D) const {
    Host result(C(), n());
    for (Index k = 0; k < C(); ++k) {
      const Host M = unpacked(N(), D, k);
      for (Index i = 0; i < n(); ++i) result(k, i) = inner(sample(i), M) - y_(k, i);
    }
    return result;
  }
  double loss(const Host& D, Index k) const {
    const Host r = residual(D);
    double sum = 0;
    for (Index i = 0; i < n(); ++i) sum += 0.5 * weight(i) * r(k, i) * r(k, i);
    return sum;
  }
  /// Packed Γ_k = Σ_i w_i r_ki A_i without its part along G, p × C.
  Host gamma(const Host& r) const {
    Host result(p(), C());
    for (Index k = 0; k < C(); ++k) {
      Host sum(N(), N());
      for (Index i = 0; i < n(); ++i) sum = combination(1, sum, weight(i) * r(k, i), sample(i));
      set_column(result, k, packed_of(without_trace(sum)));
    }
    return result;
  }
  void expect_dual(const DualCandidate& candidate, const Host& D, double units = 4000) const {
    const Host r = residual(D), packed(p(), C(), candidate.gamma);
    Host traceless = packed;
    for (Index k = 0; k < C(); ++k) {
      set_column(traceless, k, packed_of(without_trace(unpacked(N(), packed, k))));
      double vv = 0, vy = 0, size = 1;
      for (Index i = 0; i < n(); ++i) {
        vv += weight(i) * r(k, i) * r(k, i);
        vy += weight(i) * r(k, i) * y_(k, i);
        size += weight(i) * y_(k, i) * y_(k, i);
      }
      for (const double limit : {0.1, 1e9}) {  // the best multiple below it
        const double tau = vv > 0 ? std::clamp(-vy / vv, 0.0, limit) : 0.0;
        EXPECT_NEAR(candidate.bound(k, limit), -0.5 * tau * tau * vv - tau * vy, units * this->epsilon * std::max(vv, size));
      }
    }
    this->expect_near(traceless, gamma(r), units, 10);
  }

  // Neurons.
  Host lifted(const Host& W) const {
    Host Z(N(), W.columns);
    for (Index j = 0; j < W.columns; ++j) {
      for (Index i = 0; i < W.rows; ++i) Z(i, j) = W(i, j);
      Z(W.rows, j) = std::sqrt(inner(W.column(j), W.column(j)));
    }
    return Z;
  }
  Host difference_of(const Host& Z) const {
    Host D(p(), C());
    for (Index j = 0; j < Z.columns; ++j) {
      const auto at = static_cast<std::size_t>(j);
      const Host z = Z.column(j);
      set_column(D, columns_.output[at], combination(1, D.column(columns_.output[at]), columns_.sign[at], packed_of(product(z, transposed(z)))));
    }
    return D;
  }
  double total_loss(const Host& W) const {
    const Host D = difference_of(lifted(W));
    double sum = 0;
    for (Index k = 0; k < C(); ++k) sum += loss(D, k);
    return sum;
  }
  /// Gradient of `total_loss` by its formula, checked against differences of the loss in `GradientOfTheJudge`.
  Host gradient(const Host& W) const {
    const Host Z = lifted(W), Gamma = gamma(residual(difference_of(Z)));
    Host result(W.rows, W.columns);
    for (Index j = 0; j < W.columns; ++j) {
      const auto at = static_cast<std::size_t>(j);
      const Host g = product(unpacked(N(), Gamma, columns_.output[at]), Z.column(j));
      for (Index i = 0; i < W.rows; ++i) result(i, j) = 2 * columns_.sign[at] * (g(i, 0) + g(W.rows, 0) * W(i, j) / Z(W.rows, j));
    }
    return result;
  }

  static constexpr Index m = 7;
  static constexpr double tolerance = 2000 * Conformance<B>::epsilon;
  Problem problem_;
  Dataset data_;
  Host x_, y_, weights_;
  FactorColumns columns_;
};

}  // namespace neuspec::test
