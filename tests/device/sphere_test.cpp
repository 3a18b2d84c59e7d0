// The largest values of quadratic functions on the sphere, of many blocks at a time, against plain loops in the eigenbasis that they were made of.
#include <algorithm>
#include <cmath>
#include <functional>

#include "support/backend.hpp"
#include "support/naive_sphere.hpp"

namespace neuspec::test {
namespace {

constexpr Index sizes[] = {1, 2, 8, 40, 128, 129, 170};  // of eigendecompositions and, beyond 128, of Krylov spaces

template <class B>
class Sphere : public Conformance<B> {
 protected:
  using typename Conformance<B>::Matrix;

  struct Function {
    std::vector<double> lambda, g;  // in the eigenbasis
    double t;
  };
  /// max of the function and of its negative, t included.
  static std::vector<double> maxima(const Function& f) {
    Function negative = f;
    for (double& value : negative.lambda) value = -value;
    return {naive::sphere_maximum(f.lambda, f.g) + f.t, naive::sphere_maximum(negative.lambda, f.g) - f.t};
  }
  /// Packed Γ with the function's M = Q diag(λ) Qᵀ and q = 2 Q g.
  Host gamma(const Function& f) {
    const auto d = static_cast<Index>(f.lambda.size());
    const Host Q(d, d, this->random_.orthogonal(d)), g = product(Q, Host(d, 1, f.g));
    Host scaled = Q, full(d + 1, d + 1);
    for (Index j = 0; j < d; ++j)
      for (Index i = 0; i < d; ++i) scaled(i, j) *= naive::at(f.lambda, j);
    const Host M = product(scaled, transposed(Q));
    for (Index j = 0; j < d; ++j) {
      for (Index i = 0; i < d; ++i) full(i, j) = M(i, j);
      full(d, j) = full(j, d) = g(j, 0);
    }
    full(d, d) = f.t;
    return this->rounded(packed_of(full));
  }
  /// Eigenvalues like those of a lifted gradient: many small ones, fewer and fewer towards both ends.
  Function typical(Index d) {
    Function f{{}, {}, this->random_.uniform(-1, 1)};
    for (Index i = 0; i < d; ++i) {
      const double z = this->random_.normal();
      f.lambda.push_back(z * std::abs(z));
      f.g.push_back(0.1 * this->random_.normal());
    }
    return f;
  }
  void check(const std::vector<Function>& functions) {
    const auto d = static_cast<Index>(functions.front().lambda.size());
    Host Gamma(packed_size(d + 1), static_cast<Index>(functions.size()));
    for (std::size_t k = 0; k < functions.size(); ++k) set_column(Gamma, static_cast<Index>(k), gamma(functions[k]));
    const std::vector<double> found = this->device_.sphere_maxima(d + 1, Matrix(this->device_, Gamma));
    ASSERT_EQ(found.size(), 2 * functions.size());
    for (std::size_t k = 0; k < functions.size(); ++k) {
      const std::vector<double> expected = maxima(functions[k]);
      for (std::size_t side = 0; side < 2; ++side)
        EXPECT_NEAR(found[2 * k + side], expected[side], 100 * (this->epsilon + 1e-12) * 10) << "block " << k << ", side " << side << ", d " << d;
    }
  }
};
TYPED_TEST_SUITE(Sphere, Backends, BackendName);

TYPED_TEST(Sphere, MaximaOfBothSigns) {
  for (const Index d : sizes) this->check({this->typical(d), this->typical(d), this->typical(d)});
  EXPECT_TRUE(this->device_.sphere_maxima(5, this->device_.allocate(15, 0)).empty());
}

TYPED_TEST(Sphere, WhatIsFarFromTypical) {
  for (const Index d : {Index(1), Index(9), Index(140)}) {
    auto constant = this->typical(d), linear = constant, quadratic = constant, hard = constant, flat = constant;
    for (auto* f : {&constant, &linear}) std::fill(f->lambda.begin(), f->lambda.end(), 0.0);
    for (auto* f : {&constant, &quadratic}) std::fill(f->g.begin(), f->g.end(), 0.0);
    // No part of g along the ends of the spectrum, which a space of g alone would never see.
    const auto [low, high] = std::minmax_element(hard.lambda.begin(), hard.lambda.end());
    hard.g[static_cast<std::size_t>(low - hard.lambda.begin())] = hard.g[static_cast<std::size_t>(high - hard.lambda.begin())] = 0;
    std::fill(flat.lambda.begin(), flat.lambda.end(), 0.7);
    this->check({constant, linear, quadratic, hard, flat});
  }
}

TYPED_TEST(Sphere, FewEigenvaluesEndTheKrylovSpaceEarly) {
  auto f = this->typical(150);
  for (std::size_t i = 0; i < f.lambda.size(); ++i) {
    f.lambda[i] = i < 3 ? 2 : i < 10 ? -1 : 0.5;
    if (i >= 10) f.g[i] = 0;
  }
  this->check({f, this->typical(150)});
}

}  // namespace
}  // namespace neuspec::test
