#include "neuspec/dataset.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "neuspec/error.hpp"

namespace neuspec {
namespace {

using Doubles = std::vector<double>;

std::string complaint(Index n, Index d, Index C, Doubles x, Doubles y, Doubles weights = {}) {
  try {
    Dataset(n, d, C, std::move(x), std::move(y), std::move(weights));
  } catch (const DataError& error) {
    return error.what();
  }
  return "no complaint";
}

TEST(Dataset, visits_chunks_in_order) {
  const Dataset data(5, 2, 1, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {10, 11, 12, 13, 14}, {1, 2, 3, 4, 0});
  for (const Index size : {Index{1}, Index{2}, Index{5}, Index{7}, std::numeric_limits<Index>::max()}) {
    Doubles x, y, weights;
    Index next = 0;
    data.visit(size, [&](const Chunk& chunk) {
      EXPECT_EQ(chunk.first, next);
      EXPECT_EQ(chunk.samples, std::min(size, 5 - next));
      next += chunk.samples;
      x.insert(x.end(), chunk.x, chunk.x + 2 * chunk.samples);
      y.insert(y.end(), chunk.y, chunk.y + chunk.samples);
      weights.insert(weights.end(), chunk.weights, chunk.weights + chunk.samples);
    });
    EXPECT_EQ(x, data.x());
    EXPECT_EQ(y, data.y());
    EXPECT_EQ(weights, data.weights());
  }
}

TEST(Dataset, has_no_weights_unless_given) {
  int chunks = 0;
  Dataset(2, 1, 1, {1, 2}, {3, 4}).visit(2, [&](const Chunk& chunk) {
    EXPECT_EQ(chunk.weights, nullptr);
    ++chunks;
  });
  EXPECT_EQ(chunks, 1);
}

TEST(Dataset, refuses_what_does_not_fit) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(complaint(2, 2, 1, {1, 2, 3}, {1, 2}), "data set: x holds 3 values where 2 × 2 are needed");
  EXPECT_EQ(complaint(2, 1, 1, {1, 2}, {1}), "data set: y holds 1 values where 2 × 1 are needed");
  EXPECT_EQ(complaint(2, 1, 1, {1, 2}, {1, 2}, {1}), "data set: weights holds 1 values where 2 × 1 are needed");
  EXPECT_EQ(complaint(-1, -2, 1, {1, 2}, {}), "data set: x holds 2 values where -1 × -2 are needed");
  EXPECT_EQ(complaint(Index{1} << 62, 4, 1, {}, {}), "data set: x holds 0 values where 4611686018427387904 × 4 are needed");
  EXPECT_EQ(complaint(2, 2, 1, {1, 2, 3, nan}, {1, 2}), "data set: sample 2, column 2 of the features: nan is not finite");
  EXPECT_EQ(complaint(2, 1, 2, {1, 2}, {1, -infinity, 3, 4}), "data set: sample 1, column 2 of the targets: -inf is not finite");
  EXPECT_EQ(complaint(2, 1, 1, {1, 2}, {1, 2}, {1, -0.5}), "data set: sample 2, column 1 of the weights: -0.5 is not a finite number ≥ 0");
  EXPECT_EQ(complaint(2, 1, 1, {1, 2}, {1, 2}, {infinity, 0}), "data set: sample 1, column 1 of the weights: inf is not a finite number ≥ 0");
  EXPECT_EQ(complaint(1, 1, 1, {std::numeric_limits<double>::max()}, {4.9e-324}), "no complaint");
}

TEST(Dataset, finds_one_bad_value_among_many) {
  Doubles x(200000, 1.0);
  x[123456] = -std::numeric_limits<double>::infinity();
  EXPECT_EQ(complaint(100000, 2, 0, x, {}), "data set: sample 61729, column 1 of the features: -inf is not finite");
}

TEST(Dataset, chunks_need_a_size) {
  EXPECT_THROW(Dataset(1, 1, 1, {1}, {1}).visit(0, [](const Chunk&) {}), UsageError);
}

}  // namespace
}  // namespace neuspec
