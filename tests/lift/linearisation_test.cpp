// What Newton's steps see of the samples, against the Gauss–Newton matrix that is summed over them.
#include "lift/linearisation.hpp"

#include "lift/operator_problem.hpp"

namespace neuspec::test {
namespace {

template <class B>
class LinearisationOf : public OperatorProblem<B> {
 protected:
  using typename OperatorProblem<B>::Real;
  using typename OperatorProblem<B>::Matrix;
  static constexpr Index neurons = 3;

  /// A block of two neurons and one of one, of the given output.
  static FactorColumns columns_of(Index output) { return {{1, 1, -1}, {output, output, output}, {}, {0, 0, 2}}; }

  /// A by its columns, n × d·m.
  Host explicit_matrix(Linearisation<Real>& A, Index d) {
    Host result(A.samples(), d * neurons);
    for (Index column = 0; column < d * neurons; ++column) {
      Host direction(d, neurons);
      direction.values[static_cast<std::size_t>(column)] = 1;
      const Matrix v(this->device_, direction), f(this->device_, A.samples(), 1);
      A.times(v, f);
      const Host values = f.host();
      for (Index i = 0; i < A.samples(); ++i) result(i, column) = values(i, 0);
    }
    return result;
  }
  void expect_agreement(DataOperator<Real>& data, Index output);
};
TYPED_TEST_SUITE(LinearisationOf, Backends, BackendName);

template <class B>
void LinearisationOf<B>::expect_agreement(DataOperator<Real>& data, Index output) {
  const Index d = this->N() - 1, size = d * neurons, n = this->n();
  const FactorColumns columns = columns_of(output);
  const Matrix W(this->device_, this->small(d, neurons)), Z(this->device_, d + 1, neurons), sum(this->device_, Host(size, size));
  this->device_.lift_neurons(columns, W, Z);
  Linearisation<Real> linear = data.linearised(columns, Z);
  const Host A = this->explicit_matrix(linear, d);
  data.gauss_newton(columns, Z, n, sum);
  Host expected = sum.host();
  for (Index j = 0; j < size; ++j)
    for (Index i = 0; i < j; ++i) expected(i, j) = expected(j, i);
  this->expect_near(product(transposed(A), A), expected, 4000, 10);

  const Host f = this->random(n, 1);
  const Matrix given(this->device_, f), back(this->device_, d, neurons);
  linear.transposed_times(given, back);
  Host through = product(transposed(A), f);
  this->expect_near(back.host(), Host(d, neurons, std::move(through.values)), 4000, 10);

  std::vector<DeviceMatrix<Real>> of_block;
  Host diagonal(size, size), K(n, n);
  for (Index block = 0; block < 2; ++block) {
    const Host own = this->rounded(symmetric_with(this->random_, this->random(d, 1).values));
    of_block.push_back(this->device_.allocate(d, d));
    this->device_.upload(own.values.data(), of_block.back());
    for (Index neuron = block == 0 ? 0 : 2; neuron < (block == 0 ? 2 : 3); ++neuron)
      for (Index e = 0; e < d * d; ++e) diagonal(neuron * d + e % d, neuron * d + e / d) = own(e % d, e / d);
  }
  const Matrix kernel(this->device_, n, n);
  linear.kernel(of_block, kernel);
  Host lower = kernel.host(), outer = product(product(A, diagonal), transposed(A));
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < j; ++i) lower(i, j) = outer(i, j) = 0;
  this->expect_near(lower, outer, 4000, 10);
}

TYPED_TEST(LinearisationOf, SamplesAgreesWithTheirGaussNewtonMatrix) {
  Index compared = 0;
  this->on_problems([&] {
    if (!this->problem_.loss.smooth()) return;
    for (const OperatorKind kind : {OperatorKind::gram, OperatorKind::matrix_free, OperatorKind::streamed}) {
      const auto data = this->form(kind);
      EXPECT_EQ(data->has_linearisation(), kind != OperatorKind::streamed && !this->problem_.loss.coupled() && this->patches_.whole());
      if (!data->has_linearisation()) continue;
      this->expect_agreement(*data, this->C() - 1);
      ++compared;
    }
  });
  EXPECT_GT(compared, 20);
}

}  // namespace
}  // namespace neuspec::test
