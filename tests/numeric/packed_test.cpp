#include "numeric/packed.hpp"

#include <gtest/gtest.h>

#include "support/host_matrix.hpp"

namespace neuspec {
namespace {

TEST(Packed, PositionsRunDownTheColumnsOfTheLowerTriangle) {
  for (const Index N : {1, 2, 5, 37}) {
    Index next = 0;
    for (Index j = 0; j < N; ++j)
      for (Index i = j; i < N; ++i) EXPECT_EQ(packed::position(N, i, j), next++);
    EXPECT_EQ(packed::size(N), next);
  }
}

TEST(Packed, UnpacksBothTriangles) {
  test::Random random(5);
  for (const Index N : {1, 2, 9}) {
    const test::Host M = test::symmetric_with(random, random.normals(N)), packed = test::packed_of(M);
    test::Host full(N, N);
    packed::unpack(N, packed.values.data(), full.values.data());
    EXPECT_LE(test::largest(test::combination(1, full, -1, M)), 1e-14);
  }
}

TEST(Packed, DotProductIsTheTraceInnerProduct) {
  test::Random random(6);
  const test::Host A = test::symmetric_with(random, random.normals(7)), B = test::symmetric_with(random, random.normals(7));
  EXPECT_NEAR(test::inner(test::packed_of(A), test::packed_of(B)), test::inner(A, B), 1e-13);
  std::vector<float> single(28), full(49);
  for (std::size_t i = 0; i < single.size(); ++i) single[i] = static_cast<float>(test::packed_of(A).values[i]);
  packed::unpack(7, single.data(), full.data());
  for (std::size_t i = 0; i < full.size(); ++i) EXPECT_NEAR(full[i], A.values[i], 1e-6);
}

}  // namespace
}  // namespace neuspec
