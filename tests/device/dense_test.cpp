// Memory and dense algebra of the device seam against plain loops.
#include "neuspec/error.hpp"
#include "support/backend.hpp"
#include "support/stored_samples.hpp"

namespace neuspec::test {
namespace {

template <class B>
class Dense : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  using typename Conformance<B>::Matrix;

  void check_gemm(Index m, Index n, Index depth, Transpose ta, Transpose tb, double alpha, double beta) {
    const Host A = ta == Transpose::no ? this->random(m, depth) : this->random(depth, m);
    const Host B_ = tb == Transpose::no ? this->random(depth, n) : this->random(n, depth);
    const Host C = beta == 0 ? Host(m, n, std::nan("")) : this->random(m, n);
    const Matrix a(this->device_, A), b(this->device_, B_), c(this->device_, C);
    this->device_.gemm(ta, tb, static_cast<Real>(alpha), a, b, static_cast<Real>(beta), c);
    const Host AB = product(ta == Transpose::no ? A : transposed(A), tb == Transpose::no ? B_ : transposed(B_));
    this->expect_near(c.host(), beta == 0 ? combination(alpha, AB, 0, AB) : combination(alpha, AB, beta, C));
  }
};
TYPED_TEST_SUITE(Dense, Backends, BackendName);

TYPED_TEST(Dense, AllocatesZeros) {
  const auto matrix = this->device_.allocate(37, 5);
  Host host(37, 5, 1.0);
  this->device_.download(matrix, host.values.data());
  EXPECT_EQ(largest(host), 0);
  EXPECT_EQ(matrix.rows(), 37);
  EXPECT_EQ(matrix.columns(), 5);
  EXPECT_EQ(matrix.view().stride, 37);
}

TYPED_TEST(Dense, KnowsItsNameAndMemory) {
  EXPECT_FALSE(this->device_.name().empty());
  EXPECT_GT(this->device_.free_memory(), 0);
  this->device_.synchronize();
}

TYPED_TEST(Dense, RefusesSizesThatNoMemoryHolds) {
  EXPECT_THROW(this->device_.allocate(Index{1} << 40, Index{1} << 18), EnvironmentError);
  EXPECT_THROW(this->device_.allocate(Index{1} << 40, Index{1} << 40), EnvironmentError) << "rows × columns overflows";
  EXPECT_THROW(this->device_.allocate(Index{1} << 61, 1), EnvironmentError) << "bytes overflow";
}

TYPED_TEST(Dense, UploadsAndDownloadsViews) {
  const Host host = this->random(65, 7);
  const typename TestFixture::Matrix matrix(this->device_, host);
  EXPECT_EQ(matrix.host().values, host.values);
  Host part(13, 3);
  this->device_.download(matrix.view().row_range(40, 13).column_range(2, 3), part.values.data());
  for (Index j = 0; j < 3; ++j)
    for (Index i = 0; i < 13; ++i) EXPECT_EQ(part(i, j), host(40 + i, 2 + j));
}

TYPED_TEST(Dense, DownloadsADiagonalAsARowWithLongStride) {
  const Host host = this->random(9, 9);
  const auto matrix = this->device_.allocate(9, 9);
  this->device_.upload(host.values.data(), matrix);
  Host diagonal(1, 9);
  this->device_.download({matrix.view().data, 1, 9, 10}, diagonal.values.data());
  for (Index i = 0; i < 9; ++i) EXPECT_EQ(diagonal(0, i), host(i, i));
}

TYPED_TEST(Dense, Copies) {
  const Host host = this->random(37, 6);
  const typename TestFixture::Matrix from(this->device_, host), to(this->device_, 37, 6);
  this->device_.copy(from, to);
  EXPECT_EQ(to.host().values, host.values);
}

TYPED_TEST(Dense, MultipliesCommutingSymmetricMatrices) {
  for (const Index n : {1, 37, 130}) {  // within a strip, and beyond
    const Host A = unpacked(n, this->random(packed_size(n), 1), 0), C = unpacked(n, this->random(packed_size(n), 1), 0);
    const Host square = product(A, A), B = combination(0.5, square, -2, A);
    const typename TestFixture::Matrix a(this->device_, this->rounded(A)), b(this->device_, this->rounded(B)), c(this->device_, this->rounded(C)),
        from_nothing(this->device_, n, n);
    this->device_.symmetric_product(-0.75, a, b, 0.5, c);
    const Host expected = combination(-0.75, product(A, B), 0.5, C), result = c.host();
    this->expect_near(result, expected, 50, static_cast<double>(n) * std::sqrt(static_cast<double>(n)));
    EXPECT_EQ(result.values, transposed(result).values);
    this->device_.symmetric_product(1, a, a, 0, from_nothing);
    this->expect_near(from_nothing.host(), square, 50, static_cast<double>(n));
  }
}

TYPED_TEST(Dense, PacksTheSymmetricPartAndUnpacks) {
  for (const Index n : {1, 5, 37}) {
    const Host M = this->random(n, n), symmetric = combination(0.5, M, 0.5, transposed(M));
    const typename TestFixture::Matrix full(this->device_, M), packed(this->device_, packed_size(n), 1), again(this->device_, n, n);
    this->device_.pack(full, packed);
    this->expect_near(packed.host(), packed_of(symmetric), 4);
    this->device_.unpack(packed, again);
    this->expect_near(again.host(), symmetric, 4);
    EXPECT_EQ(again.host().values, transposed(again.host()).values);
  }
}

TYPED_TEST(Dense, MultipliesInEveryTransposition) {
  for (const Transpose ta : {Transpose::no, Transpose::yes}) {
    for (const Transpose tb : {Transpose::no, Transpose::yes}) {
      this->check_gemm(37, 65, 41, ta, tb, 1, 0);
      this->check_gemm(65, 3, 130, ta, tb, -0.75, 0.5);
      this->check_gemm(1, 1, 67, ta, tb, 2, 1);
      this->check_gemm(37, 1, 1, ta, tb, 1, -1);
    }
  }
}

TYPED_TEST(Dense, MultipliesBySymmetricMatrices) {
  for (const Index columns : {1, 2, 35}) {
    const Host S = this->rounded(symmetric_with(this->random_, this->random(65, 1).values));
    const Host B = this->random(65, columns), C = this->random(65, columns);
    const typename TestFixture::Matrix s(this->device_, S), b(this->device_, B), c(this->device_, C), fresh(this->device_, 65, columns);
    this->device_.symm(-0.5, s, b, 2, c);
    this->expect_near(c.host(), combination(-0.5, product(S, B), 2, C));
    this->device_.symm(1, s, b, 0, fresh);
    this->expect_near(fresh.host(), product(S, B));
  }
}

TYPED_TEST(Dense, AddsScaledMatrices) {
  const Host X = this->random(67, 5), Y = this->random(67, 5);
  const typename TestFixture::Matrix x(this->device_, X), y(this->device_, Y), fresh(this->device_, 67, 5);
  this->device_.axpby(-1.5, x, 0.25, y);
  this->expect_near(y.host(), combination(-1.5, X, 0.25, Y), 4);
  this->device_.axpby(3, x, 0, fresh);
  this->expect_near(fresh.host(), combination(3, X, 0, X), 4);
  this->device_.axpby(0, y, 0, y);
  EXPECT_EQ(largest(y.host()), 0);
}

TYPED_TEST(Dense, MultipliesElementwise) {
  const Host X = this->random(67, 5), Y = this->random(67, 5), Z = this->random(67, 5);
  Host expected(67, 5), sum(67, 5);
  for (std::size_t e = 0; e < expected.values.size(); ++e) {
    expected.values[e] = X.values[e] * Y.values[e];
    sum.values[e] = expected.values[e] + 0.25 * Z.values[e];
  }
  const typename TestFixture::Matrix x(this->device_, X), y(this->device_, Y), z(this->device_, Z);
  this->device_.multiply(x, y, 0.25, z);
  this->expect_near(z.host(), sum, 4);
  this->device_.multiply(x, y, 0, z);
  this->expect_near(z.host(), expected, 4);
  this->device_.multiply(x, y, 0, x);
  this->expect_near(x.host(), expected, 4);
}

TYPED_TEST(Dense, AccumulatesDotProductsInDouble) {
  const Host X = this->random(129, 3), Y = this->random(129, 3);
  const typename TestFixture::Matrix x(this->device_, X), y(this->device_, Y);
  EXPECT_NEAR(this->device_.dot(x, y), inner(X, Y), 1e-12);
  Host large(3, 1);
  large.values = {1 << 30, 1, -(1 << 30)};
  const typename TestFixture::Matrix cancelling(this->device_, large), ones(this->device_, Host(3, 1, 1.0));
  EXPECT_EQ(this->device_.dot(cancelling, ones), 1);
}

TYPED_TEST(Dense, TakesDotProductsColumnByColumn) {
  const Host X = this->random(9001, 3), Y = this->random(9001, 3);
  const typename TestFixture::Matrix x(this->device_, X), y(this->device_, Y);
  const ConstView<typename TestFixture::Real> all = x, first{all.data, all.rows, 3, 0};
  const std::vector<double> dots = this->device_.column_dots(x, y), with_first = this->device_.column_dots(first, y);
  ASSERT_EQ(dots.size(), 3U);
  for (Index k = 0; k < 3; ++k) {
    EXPECT_NEAR(dots[static_cast<std::size_t>(k)], inner(X.column(k), Y.column(k)), 1e-10);
    EXPECT_NEAR(with_first[static_cast<std::size_t>(k)], inner(X.column(0), Y.column(k)), 1e-10);
  }
  const std::vector<double> both = this->device_.column_dots({{x, y}, {first, y}}), sums = this->device_.dots({{x, y}, {first, y}});
  EXPECT_EQ(std::vector<double>(both.begin(), both.begin() + 3), dots);
  EXPECT_EQ(std::vector<double>(both.begin() + 3, both.end()), with_first);
  EXPECT_EQ(sums, (std::vector<double>{dots[0] + dots[1] + dots[2], with_first[0] + with_first[1] + with_first[2]}));
  EXPECT_TRUE(this->device_.column_dots(this->device_.allocate(5, 0), this->device_.allocate(5, 0)).empty());
  EXPECT_EQ(this->device_.column_dots(this->device_.allocate(0, 2), this->device_.allocate(0, 2)), std::vector<double>(2));
}

TYPED_TEST(Dense, InvertsShiftedMatrices) {
  for (const Index n : {1, 2, 37, 100, 300}) {
    std::vector<double> eigenvalues;
    for (Index i = 0; i < n; ++i) eigenvalues.push_back(-0.5 + 4 * this->random_.uniform(0, 1));
    const Host S = this->rounded(symmetric_with(this->random_, eigenvalues));
    const typename TestFixture::Matrix s(this->device_, this->lower(S)), inverse(this->device_, n, n);
    ASSERT_TRUE(this->device_.invert_shifted(s, 1.5, inverse));
    Host shifted = S, identity(n, n);
    for (Index j = 0; j < n; ++j) {
      shifted(j, j) += 1.5;
      identity(j, j) = 1;
    }
    this->expect_near(product(inverse.host(), shifted), identity);
  }
}

// Larger than what GPUs invert in one go; in place of what it is the inverse of.
TYPED_TEST(Dense, InvertsLargeMatricesInPlace) {
  using Number = typename TestFixture::Real;
  constexpr Index n = 2100;
  Host S(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = j; i < n; ++i) S(i, j) = S(j, i) = (i == j ? 2.0 : 0.0) + 1 / (1 + static_cast<double>(i + j));
  }
  const Host x = this->random(n, 2);
  const typename TestFixture::Matrix s(this->device_, S), matrix(this->device_, S), vector(this->device_, x), result(this->device_, n, 2);
  ASSERT_TRUE(this->device_.invert_shifted(matrix, 0.5, matrix));
  this->device_.axpby(Number(0.5), vector, Number(0), result);
  this->device_.symm(Number(1), s, vector, Number(1), result);
  const typename TestFixture::Matrix shifted_x(this->device_, result.host());
  this->device_.symm(Number(1), matrix, shifted_x, Number(0), result);
  this->expect_near(result.host(), x, 100);
}

// Beyond 2560 rows a CPU solves block by block, two or three of them.
TYPED_TEST(Dense, SolvesWithShiftedMatrices) {
  using Number = typename TestFixture::Real;
  const bool on_cpu = TypeParam::kind == DeviceKind::cpu, single = sizeof(Number) == 4;
  for (const Index n : {Index(3), Index(300), Index(on_cpu ? (single ? 5200 : 2700) : 40)}) {
    for (const Index columns : {1, 3}) {
      const Host B = this->random(n, 2), x = this->random(n, columns);
      DeviceMatrix<Number> S = this->device_.allocate(n, n);
      const typename TestFixture::Matrix factor(this->device_, B), vector(this->device_, x), result(this->device_, n, columns);
      this->device_.gemm(Transpose::no, Transpose::yes, Number(1) / static_cast<Number>(n), factor, factor, Number(0), S);
      this->device_.axpby(Number(0.5), vector, Number(0), result);
      this->device_.symm(Number(1), S, vector, Number(1), result);
      const typename TestFixture::Matrix shifted_x(this->device_, result.host());
      ASSERT_TRUE(this->device_.factor_shifted(S, 0.5, S));
      this->device_.solve_factored(S, shifted_x, result);
      this->expect_near(result.host(), x, 100);
    }
  }
}

TYPED_TEST(Dense, RefusesToInvertIndefiniteMatrices) {
  std::vector<double> eigenvalues(37, 1.0);
  eigenvalues.back() = -2;
  const Host S = symmetric_with(this->random_, eigenvalues);
  const typename TestFixture::Matrix s(this->device_, this->lower(S)), inverse(this->device_, 37, 37);
  EXPECT_FALSE(this->device_.invert_shifted(s, 1.5, inverse));
  EXPECT_FALSE(this->device_.factor_shifted(s, 1.5, inverse));
  EXPECT_TRUE(this->device_.invert_shifted(s, 2.5, inverse)) << "a refusal leaves the device usable";
  const typename TestFixture::Matrix zero(this->device_, Host(3, 3)), result(this->device_, 3, 3);
  EXPECT_FALSE(this->device_.invert_shifted(zero, 0, result));
}

TYPED_TEST(Dense, TakesEmptyMatrices) {
  auto& device = this->device_;
  for (const auto& [rows, columns] : {std::pair<Index, Index>{0, 5}, {5, 0}, {0, 0}}) {
    const auto a = device.allocate(rows, columns), b = device.allocate(rows, columns);
    EXPECT_EQ(a.rows(), rows);
    EXPECT_EQ(a.columns(), columns);
    device.upload(nullptr, a);
    device.download(a, nullptr);
    device.copy(a, b);
    device.axpby(1, a, 1, b);
    EXPECT_EQ(device.dot(a, b), 0);
  }
  const typename TestFixture::Matrix left(device, Host(3, 0)), right(device, Host(0, 2)), out(device, this->random(3, 2));
  device.gemm(Transpose::no, Transpose::no, 1, left, right, 0, out);
  EXPECT_EQ(largest(out.host()), 0) << "a product of depth 0";
  const auto S = device.allocate(3, 3), none = device.allocate(3, 0), result = device.allocate(3, 0);
  device.symm(1, S, none, 0, result);
  device.gemm(Transpose::no, Transpose::no, 1, S, none, 0, result);
}

TYPED_TEST(Dense, FeaturesAreMadeOfStoredNumbers) {
  on_stored_samples(this->random_, 20, 3, 1, [&](const auto& stored) {
    const Host x = this->rounded(Host(3, 20, stored.made().x()));
    const typename TestFixture::Matrix all(this->device_, 3, 20), some(this->device_, 3, 8), none(this->device_, 3, 0);
    StoredForm form = stored.stored_form();
    this->device_.upload(form, 0, all);
    EXPECT_EQ(all.host().values, x.values);
    form.first = 4;
    this->device_.upload(form, 7, some);
    EXPECT_EQ(some.host().values, std::vector<double>(x.values.begin() + 3 * 11, x.values.begin() + 3 * 19));
    this->device_.upload(form, 7, none);
  });
}

TYPED_TEST(Dense, MatricesMoveWithoutCopying) {
  auto first = this->device_.allocate(4, 2);
  const auto* data = first.view().data;
  DeviceMatrix<typename TestFixture::Real> second = std::move(first);
  EXPECT_EQ(second.view().data, data);
  second = this->device_.allocate(1, 1);
  EXPECT_NE(second.view().data, nullptr);
  EXPECT_EQ(second.rows(), 1);
}

TEST(MakeDevice, SaysWhatThisBuildLacks) {
#ifdef NEUSPEC_HAS_CUDA
  GTEST_SKIP() << "this build lacks nothing";
#endif
  EXPECT_THROW(make_device<double>(DeviceKind::cuda), NotCompiled);
  EXPECT_THROW(make_device<float>(DeviceKind::cuda), NotCompiled);
  EXPECT_EQ(make_device<double>(DeviceKind::automatic)->name(), "cpu");
}

}  // namespace
}  // namespace neuspec::test
