// Blocks of samples times a few vectors, in every instruction set that this processor has, of views into larger matrices that must not be looked at.
#include "device/thin_products.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "support/random.hpp"

namespace neuspec::test {
namespace {

/// rows × columns of normal numbers within a matrix of NaN.
template <class Real>
struct Framed {
  static constexpr Index margin = 3;
  Index rows, columns, stride;
  std::vector<Real> all;

  Framed(Random& random, Index of_rows, Index of_columns, Index more_rows)
      : rows(of_rows),
        columns(of_columns),
        stride(of_rows + more_rows),
        all(static_cast<std::size_t>(stride * (columns + 2 * margin)), std::numeric_limits<Real>::quiet_NaN()) {
    for (Index j = 0; j < columns; ++j)
      for (Index i = 0; i < rows; ++i) view().data[j * stride + i] = static_cast<Real>(random.normal());
  }
  View<Real> view() { return {all.data() + margin * stride, rows, columns, stride}; }
};

template <class Real>
struct Work {
  ConstView<Real> x;
  const thin::Padded<Real>& W;
  View<Real> H;
  thin::Padded<Real>& G;
  const std::vector<Real>& Q;

  template <int Bytes>
  [[gnu::always_inline]] void run(Index first, Index last) {
    for (Index at = first; at < last; at += thin::block) {
      const Index count = std::min(thin::block, last - at);
      const thin::Samples<Real> samples(x, at, count);
      thin::dots<Real, Bytes>(samples, W, H.row_range(at, count));
      thin::add_outer<Real, Bytes>(samples, Q.data(), G);
    }
  }
};

template <class Real>
void expect_products(Index n, Index d, Index m, Index more_rows, void (*run)(Work<Real>&, Index, Index)) {
  SCOPED_TRACE(testing::Message() << n << " samples, " << d << " features, " << m << " columns, " << more_rows << " more rows");
  Random random(static_cast<unsigned>(n + 100 * d + 10000 * m));
  Framed<Real> x(random, d, n, more_rows), H(random, n, m, 0);
  thin::Padded<Real> W(d, m, thin::dot_columns), G(d, m, thin::outer_columns);
  std::vector<Real> Q(static_cast<std::size_t>(thin::block * G.columns));
  for (Index j = 0; j < m; ++j) {
    for (Index i = 0; i < d; ++i) W.column(j)[i] = static_cast<Real>(random.normal());
    for (Index i = 0; i < thin::block; ++i) Q[static_cast<std::size_t>(j * thin::block + i)] = static_cast<Real>(random.normal());
  }
  Work<Real> work{x.view(), W, H.view(), G, Q};
  run(work, 0, n);
  const double rounding = 8 * static_cast<double>(std::numeric_limits<Real>::epsilon());
  const View<Real> X = x.view();
  for (Index j = 0; j < m; ++j) {
    for (Index i = 0; i < n; ++i) {
      double sum = 0, size = 0;
      for (Index l = 0; l < d; ++l) {
        const double term = static_cast<double>(X.data[i * X.stride + l]) * static_cast<double>(W.column(j)[l]);
        sum += term;
        size += std::abs(term);
      }
      EXPECT_NEAR(static_cast<double>(work.H.data[j * work.H.stride + i]), sum, rounding * size) << "H " << i << " " << j;
    }
    for (Index l = 0; l < d; ++l) {
      double sum = 0, size = 0;
      for (Index i = 0; i < n; ++i) {
        const double term =
            static_cast<double>(X.data[i * X.stride + l]) * static_cast<double>(Q[static_cast<std::size_t>(j * thin::block + i % thin::block)]);
        sum += term;
        size += std::abs(term);
      }
      EXPECT_NEAR(static_cast<double>(G.column(j)[l]), sum, rounding * size) << "G " << l << " " << j;
    }
  }
  for (Index outside = 0; outside < Framed<Real>::margin * H.stride; ++outside) {
    EXPECT_TRUE(std::isnan(H.all[static_cast<std::size_t>(outside)]));
    EXPECT_TRUE(std::isnan(H.all[H.all.size() - 1 - static_cast<std::size_t>(outside)]));
  }
}

template <class Real>
void expect_all_shapes(void (*run)(Work<Real>&, Index, Index)) {
  for (const Index n : {1, 7, 31, 32, 33, 70}) {
    for (const Index d : {1, 2, 7, 8, 9, 16, 17, 40, 49, 97}) {
      for (const Index m : {1, 2, 3, 4, 5, 9}) {
        for (const Index more : {0, 5}) expect_products<Real>(n, d, m, more, run);
      }
    }
  }
}

template <class Real>
class ThinProducts : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(ThinProducts, Reals);

TYPED_TEST(ThinProducts, Portable) { expect_all_shapes<TypeParam>(thin::run_portable<Work<TypeParam>>); }
#if defined(__x86_64__)
TYPED_TEST(ThinProducts, Avx2) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) GTEST_SKIP() << "this processor has none";
  expect_all_shapes<TypeParam>(thin::run_avx2<Work<TypeParam>>);
}
TYPED_TEST(ThinProducts, Avx512) {
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
    GTEST_SKIP() << "this processor has none";
  expect_all_shapes<TypeParam>(thin::run_avx512<Work<TypeParam>>);
}
#endif

}  // namespace
}  // namespace neuspec::test
