// Anderson acceleration of independent fixed-point maps against plain loops.
#include "support/backend.hpp"

namespace neuspec::test {
namespace {

template <class B>
class Anderson : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  using typename Conformance<B>::Matrix;

  Host coefficients(const Host& F, Index slots, const Host& f) {
    const Matrix slots_of(this->device_, F), residual(this->device_, f), result(this->device_, slots, f.columns);
    this->device_.anderson_coefficients({{slots_of, residual, 1}}, slots, result);
    return result.host();
  }
  Host combined(const Host& Y, Index slots, const Host& gamma, const Host& f, const Host& v) {
    const Matrix past(this->device_, Y), weights(this->device_, gamma), residual(this->device_, f), to(this->device_, v);
    this->device_.anderson_combine(past, slots, weights, residual, to);
    return to.host();
  }
};
TYPED_TEST_SUITE(Anderson, Backends, BackendName);

/// f_k − Σ γ_ik (f_k − F_ik), column by column.
Host accelerated_residual(const Host& F, Index slots, const Host& f, const Host& gamma) {
  Host result = f;
  for (Index k = 0; k < f.columns; ++k)
    for (Index i = 0; i < slots; ++i)
      for (Index e = 0; e < f.rows; ++e) result(e, k) -= gamma(i, k) * (f(e, k) - F(e, i * f.columns + k));
  return result;
}

TYPED_TEST(Anderson, CoefficientsSolveTheLeastSquaresProblemOfEachColumn) {
  for (const Index K : {1, 2, 5}) {
    for (const Index slots : {1, 4, 13}) {
      const Host F = this->random(97, slots * K), f = this->random(97, K);
      const Host gamma = this->coefficients(F, slots, f), residual = accelerated_residual(F, slots, f, gamma);
      Host normal(slots, K);  // ⟨f_k − F_ik, residual_k⟩ = 0 at the minimum
      for (Index k = 0; k < K; ++k)
        for (Index i = 0; i < slots; ++i)
          for (Index e = 0; e < 97; ++e) normal(i, k) += (f(e, k) - F(e, i * K + k)) * residual(e, k);
      this->expect_near(normal, Host(slots, K), 1000, 97 * 1e-9 / this->epsilon + 97);  // 1e-9: the ridge
    }
  }
}

TYPED_TEST(Anderson, PartsCountByTheirWeights) {
  for (const Index K : {1, 3}) {
    const Index slots = 5, sizes[] = {61, 34};
    const double weights[] = {1, 2.5};
    std::vector<Host> F, f;
    for (const Index size : sizes) {
      F.push_back(this->random(size, slots * K));
      f.push_back(this->random(size, K));
    }
    const typename TestFixture::Matrix F0(this->device_, F[0]), F1(this->device_, F[1]), f0(this->device_, f[0]), f1(this->device_, f[1]),
        result(this->device_, slots, K);
    this->device_.anderson_coefficients({{F0, f0, weights[0]}, {F1, f1, weights[1]}}, slots, result);
    const Host gamma = result.host();
    Host normal(slots, K);  // Σ weight ⟨f_k − F_ik, residual_k⟩ = 0 at the minimum
    for (std::size_t part = 0; part < 2; ++part) {
      const Host residual = accelerated_residual(F[part], slots, f[part], gamma);
      for (Index k = 0; k < K; ++k)
        for (Index i = 0; i < slots; ++i)
          for (Index e = 0; e < f[part].rows; ++e) normal(i, k) += weights[part] * (f[part](e, k) - F[part](e, i * K + k)) * residual(e, k);
    }
    this->expect_near(normal, Host(slots, K), 1000, 150 * 1e-9 / this->epsilon + 150);  // 1e-9: the ridge
    // Twice at half the weight is the same as once.
    this->device_.anderson_coefficients({{F0, f0, 0.5}, {F0, f0, 0.5}}, slots, result);
    this->expect_near(result.host(), this->coefficients(F[0], slots, f[0]), 1000);
  }
}

TYPED_TEST(Anderson, ExactlyRepeatedHistoryGivesFiniteCoefficients) {
  const Index slots = 6, K = 3;
  const Host column = this->random(41, 1);
  Host F(41, slots * K), same(41, K), other = this->random(41, K);
  for (Index e = 0; e < F.columns; ++e) set_column(F, e, column);
  for (Index k = 0; k < K; ++k) set_column(same, k, column);
  for (const Host& f : {same, other, Host(41, K)}) {
    for (const Host& history : {F, Host(41, slots * K)}) {
      const Host gamma = this->coefficients(history, slots, f);
      for (const double value : gamma.values) EXPECT_TRUE(std::isfinite(value));
      const Host residual = accelerated_residual(history, slots, f, gamma);
      EXPECT_LE(std::sqrt(inner(residual, residual)), 1.01 * std::sqrt(inner(f, f))) << "no candidate is worse than no acceleration";
    }
  }
}

TYPED_TEST(Anderson, CombinesPastPoints) {
  for (const Index K : {1, 3}) {
    const Index slots = 4;
    const Host Y = this->random(67, slots * K), gamma = this->random(slots, K), f = this->random(67, K), v = this->random(67, K);
    Host expected(67, K);
    for (Index k = 0; k < K; ++k) {
      double rest = 1;
      for (Index i = 0; i < slots; ++i) rest -= gamma(i, k);
      for (Index e = 0; e < 67; ++e) {
        expected(e, k) = rest * (v(e, k) + f(e, k));
        for (Index i = 0; i < slots; ++i) expected(e, k) += gamma(i, k) * Y(e, i * K + k);
      }
    }
    this->expect_near(this->combined(Y, slots, gamma, f, v), expected);
    this->combined(Host(0, slots * K), slots, gamma, Host(0, K), Host(0, K));  // the moments form has no rows of its own
  }
}

// A linear map in three dimensions, K of them at once: type II acceleration with full memory is GMRES, which ends after at most 3 residuals.
TYPED_TEST(Anderson, SolvesLinearMapsInDimensionPlusOneSteps) {
  const Index L = 3, K = 4;
  std::vector<Host> maps;
  for (Index k = 0; k < K; ++k) maps.push_back(combination(0.6, symmetric_with(this->random_, {1, -0.5, 0.8}), 0.1, this->random(L, L)));
  const Host b = this->random(L, K);
  const auto residual = [&](const Host& v) {
    Host f(L, K);
    for (Index k = 0; k < K; ++k)
      set_column(f, k, combination(1, combination(1, product(maps[static_cast<std::size_t>(k)], v.column(k)), 1, b.column(k)), -1, v.column(k)));
    return f;
  };
  Host v(L, K), F(L, 0), Y(L, 0);
  for (Index step = 0; step < L + 1; ++step) {
    const Host f = residual(v);
    const Host next = step == 0 ? combination(1, v, 1, f) : this->combined(Y, step, this->coefficients(F, step, f), f, v);
    const Host y = combination(1, v, 1, f);
    F.values.insert(F.values.end(), f.values.begin(), f.values.end());
    Y.values.insert(Y.values.end(), y.values.begin(), y.values.end());
    F.columns = Y.columns = (step + 1) * K;
    v = next;
  }
  // Inner products square the condition of the history: half the digits remain.
  EXPECT_LT(largest(residual(v)), 20 * std::sqrt(this->epsilon) * largest(b));
}

TYPED_TEST(Anderson, SumsSquaresOfEachColumn) {
  const Host f = this->random(130, 5);
  const typename TestFixture::Matrix from(this->device_, f), squares(this->device_, 1, 5), none(this->device_, 1, 5);
  this->device_.column_squares(from, squares);
  Host expected(1, 5);
  for (Index k = 0; k < 5; ++k) expected(0, k) = inner(f.column(k), f.column(k));
  this->expect_near(squares.host(), expected, 4);
  this->device_.column_squares(this->device_.allocate(0, 5), none);
  EXPECT_EQ(largest(none.host()), 0);
}

TYPED_TEST(Anderson, AdvancesOrFallsBackColumnByColumn) {
  const Host f = this->random(37, 4), fallback = this->random(37, 4), v = this->random(37, 4);
  Host squares(1, 4), before(1, 4, 1.0);
  squares.values = {0.5, 1.0, 2.0, std::nan("")};
  const typename TestFixture::Matrix residual(this->device_, f), back(this->device_, fallback), now(this->device_, squares),
      then(this->device_, before), to(this->device_, v);
  this->device_.advance_or_fall_back(residual, back, now, then, to);
  Host expected = fallback;
  for (Index k = 0; k < 2; ++k) set_column(expected, k, combination(1, v.column(k), 1, f.column(k)));
  this->expect_near(to.host(), expected, 4);
  const auto none = this->device_.allocate(0, 4);
  this->device_.advance_or_fall_back(none, none, now, then, none);
}

}  // namespace
}  // namespace neuspec::test
