// Projection by products alone, against LAPACK's eigendecompositions in double.
#include "solve/product_projection.hpp"

#include "support/backend.hpp"

namespace neuspec::test {
namespace {

TEST(SignScalings, TakeAWholeIntervalToOne) {
  for (const double smallest : {0.5, 1e-4, 1e-9}) {
    const std::vector<double> scalings = sign_scalings(smallest, 1e-10);
    EXPECT_LE(static_cast<double>(scalings.size()), 6 + std::log(1 / smallest) / std::log(2.47)) << smallest;
    for (double x = smallest; x <= 1; x *= 1.01) {
      double h = x;
      for (const double alpha : scalings) h *= 0.5 * alpha * (3 - alpha * alpha * h * h);
      EXPECT_GE(h, 1 - 1.1e-10) << x;
      EXPECT_LE(h, 1 + 1e-14) << x;
    }
  }
}

template <class B>
class ByProducts : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  static constexpr bool single = sizeof(Real) == sizeof(float);
  static constexpr double accuracy = single ? 1e-4 : 1e-9;

  struct Outcome {
    double error, proven, norm;
  };
  /// Projects the symmetric M as the device rounds it.
  Outcome project(const Host& M, double asked) {
    const Host v = this->rounded(packed_of(M));
    const Guarded<Real> from(this->device_, v), to(this->device_, v.rows, 1);
    const Proven proven = products_.project(M.rows, from, asked, to);
    const Host exact = reference(M.rows, v), difference = combination(1, to.host(), -1, exact);
    EXPECT_NEAR(proven.norm, std::sqrt(inner(v, v)), 1e-6 * proven.norm);
    return {std::sqrt(inner(difference, difference)), proven.error, std::sqrt(inner(v, v))};
  }
  Host reference(Index N, const Host& v) {
    const DeviceMatrix<double> from = cpu_->allocate(v.rows, 1), to = cpu_->allocate(v.rows, 1), factors = cpu_->allocate(N, N);
    cpu_->upload(v.values.data(), from);
    cpu_->project_psd(N, from, to, factors);
    Host result(v.rows, 1);
    cpu_->download(to, result.values.data());
    return result;
  }
  void check(const Host& M, const char* what) {
    const Outcome outcome = project(M, accuracy);
    EXPECT_LE(outcome.error, outcome.proven) << what << ' ' << M.rows;
    EXPECT_LE(outcome.proven, accuracy * outcome.norm) << what << ' ' << M.rows;
  }
  Host with(const std::vector<double>& eigenvalues) { return symmetric_with(this->random_, eigenvalues); }

  std::unique_ptr<Device<double>> cpu_ = make_device<double>(DeviceKind::cpu);
  ProductProjection<Real> products_{this->device_};
};
TYPED_TEST_SUITE(ByProducts, Backends, BackendName);

TYPED_TEST(ByProducts, IsProvenForEverySpectrum) {
  for (const Index N : {1, 2, 37, 130}) {
    const auto size = static_cast<std::size_t>(N);
    std::vector<double> wide(size), positive(size), few(size, 0.0), deep(size), clustered(size, -1e-9), halves(size, 1.0);
    for (std::size_t j = 0; j < size; ++j) {
      positive[j] = this->random_.uniform(0, 2);
      wide[j] = (j % 2 == 0 ? 1 : -1) * std::pow(10, -this->random_.uniform(0, 16));
      deep[j] = j < 6 ? 1 + positive[j] : -positive[j];
      if (j < 5) few[j] = j % 2 == 0 ? 3 : -2;
      if (j < 9) clustered[j] = 1;
      if (j < size / 2) halves[j] = -1;
    }
    std::vector<double> negative = positive, alone(size, 0.0);
    for (double& value : negative) value = -value;
    alone.back() = -1;  // ‖A²‖_F^½ is its norm exactly
    this->check(this->with(wide), "wide");
    this->check(this->with(positive), "positive");
    this->check(this->with(negative), "negative");
    this->check(this->with(few), "few");
    this->check(this->with(deep), "deep");
    this->check(this->with(clustered), "clustered");
    this->check(this->with(halves), "halves");
    this->check(this->with(alone), "alone");
    Host diagonal(N, N);
    for (Index i = 0; i < N; ++i) diagonal(i, i) = i % 3 == 0 ? 1 : i % 3 == 1 ? 0 : -1;
    this->check(diagonal, "diagonal");
  }
}

TYPED_TEST(ByProducts, IsProvenAtEveryScale) {
  const Host M = this->with({3, 2, 1, 0.5, 1e-7, 0, -1e-7, -0.1, -1, -4});
  for (const double scale : {1e-12, 1e12, this->single ? 1e-30 : 1e-120, this->single ? 1e30 : 1e120}) {
    this->check(combination(scale, M, 0, M), "scaled");
  }
}

TYPED_TEST(ByProducts, OfZeroIsZero) {
  const auto outcome = this->project(Host(5, 5), this->accuracy);
  EXPECT_EQ(outcome.error, 0);
  EXPECT_TRUE((Proven{outcome.proven, 0}.within(this->accuracy)));
}

// With few steps most eigenvalues are far from ±1, and what the bound says is put to the test.
TYPED_TEST(ByProducts, IsBoundedWhereItIsPoor) {
  std::vector<double> spread(60);
  for (std::size_t j = 0; j < spread.size(); ++j) spread[j] = (j % 3 == 0 ? 1 : -1) * std::pow(2, -0.5 * static_cast<double>(j));
  for (const double asked : {0.5, 1e-1, 1e-2, 1e-3}) {
    const auto outcome = this->project(this->with(spread), asked);
    EXPECT_LE(outcome.error, outcome.proven) << asked;
    EXPECT_LE(outcome.proven, asked * outcome.norm) << asked;
    EXPECT_GT(outcome.error, 1e-3 * asked * outcome.norm) << asked << ": no more steps than needed";
  }
}

TYPED_TEST(ByProducts, ProvesNothingBeyondRoundingOrOfWhatIsNoNumber) {
  const Host M = this->with({3, 2, 1, -1, -4});
  const auto outcome = this->project(M, 1e-20);
  EXPECT_LE(outcome.error, outcome.proven);
  EXPECT_GT(outcome.proven, 1e-17 * outcome.norm);
  Host poisoned = packed_of(M);
  poisoned(3, 0) = std::nan("");
  const Guarded<typename TestFixture::Real> from(this->device_, poisoned), to(this->device_, 15, 1);
  EXPECT_FALSE(this->products_.project(5, from, this->accuracy, to).within(this->accuracy));
}

}  // namespace
}  // namespace neuspec::test
