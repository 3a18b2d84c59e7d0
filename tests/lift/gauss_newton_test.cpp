// The Gauss–Newton matrix of factored points against differences on explicit matrices.
#include <algorithm>

#include "lift/operator_problem.hpp"

namespace neuspec::test {
namespace {

template <class B>
class GaussNewton : public OperatorProblem<B> {};
TYPED_TEST_SUITE(GaussNewton, Backends, BackendName);

// Σ JᵀHJ from differences of the predictions and of the loss's gradient.
TYPED_TEST(GaussNewton, IsTheSumOverAllSamples) {
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
    for (const OperatorKind kind : {OperatorKind::moments, OperatorKind::gram, OperatorKind::matrix_free, OperatorKind::streamed}) {
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
TYPED_TEST(GaussNewton, APartStandsForAllWhereAllAreAlike) {
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

}  // namespace
}  // namespace neuspec::test
