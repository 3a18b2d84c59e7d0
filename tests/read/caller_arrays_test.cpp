// Samples where a C++ program has them: every type, layout and leading dimension, without a copy, and what cannot be used.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "neuspec/arrays.hpp"
#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

/// n × columns numbers with gaps of `gap` between their rows or columns.
template <class T>
struct Laid {
  std::vector<T> values;
  Layout layout;
  Index leading;

  Laid(const std::vector<double>& rows, Index columns, Layout order, Index gap) : layout(order) {
    const Index n = static_cast<Index>(rows.size()) / columns;
    leading = (order == Layout::row_major ? columns : n) + gap;
    values.assign(static_cast<std::size_t>(leading * (order == Layout::row_major ? n : columns)), T(77));
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < columns; ++j)
        values[static_cast<std::size_t>(order == Layout::row_major ? i * leading + j : i + j * leading)] =
            static_cast<T>(rows[static_cast<std::size_t>(i * columns + j)]);
    }
  }
  ArrayView view() const { return {values.data(), layout, leading}; }
};

struct Seen {
  std::vector<double> x, y, weights;
  bool operator==(const Seen& other) const { return x == other.x && y == other.y && weights == other.weights; }
};
Seen seen(const Source& data, Index most) {
  Seen all;
  data.visit(most, [&](const Chunk& chunk) {
    all.x.insert(all.x.end(), chunk.x, chunk.x + chunk.samples * data.features());
    all.y.insert(all.y.end(), chunk.y, chunk.y + chunk.samples * data.targets());
    if (chunk.weights != nullptr) all.weights.insert(all.weights.end(), chunk.weights, chunk.weights + chunk.samples);
  });
  return all;
}

class CallersArrays : public testing::Test {
 protected:
  static constexpr Index n = 50, d = 3, C = 2;

  CallersArrays() {
    Random random(4);
    for (Index at = 0; at < n * d; ++at) x_.push_back(static_cast<double>(random.index(0, 200)));
    for (Index at = 0; at < n * C; ++at) y_.push_back(static_cast<double>(random.index(0, 9)));
    for (Index at = 0; at < n; ++at) w_.push_back(0.5 * static_cast<double>(random.index(0, 3)));
  }
  static void expect_refused(const auto& body, const std::string& message) {
    try {
      body();
      ADD_FAILURE() << message;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(message));
    }
  }

  std::vector<double> x_, y_, w_;
};

template <class T>
void expect_seen(const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& w, Index d, Index C, NumberType type) {
  const auto n = static_cast<Index>(w.size());
  for (const Layout layout : {Layout::row_major, Layout::column_major}) {
    for (const Index gap : {0, 5}) {
      const Laid<T> features(x, d, layout, gap);
      const Laid<float> targets(y, C, layout, gap);
      const Laid<double> weights(w, 1, layout, gap);
      const ArrayDataset data(n, d, C, features.view(), targets.view(), weights.view());
      for (const Index most : {7, 1000}) EXPECT_EQ(seen(data, most), (Seen{x, y, w}));
      const StoredForm form = data.stored_form();
      ASSERT_EQ(form.stored == nullptr, type == NumberType::float64 && layout == Layout::row_major && gap == 0);
      if (form.stored == nullptr) continue;
      EXPECT_EQ(form.stored->type(), type);
      std::vector<T> rows(static_cast<std::size_t>(10 * d));
      form.stored->read_as_stored(20, 10, rows.data());
      EXPECT_TRUE(std::equal(rows.begin(), rows.end(), x.begin() + 20 * d));
    }
  }
}

TEST_F(CallersArrays, AreSeenAsTheyAre) {
  expect_seen<std::uint8_t>(x_, y_, w_, d, C, NumberType::uint8);
  expect_seen<float>(x_, y_, w_, d, C, NumberType::float32);
  expect_seen<double>(x_, y_, w_, d, C, NumberType::float64);
}

TEST_F(CallersArrays, StayWhereTheyAre) {
  const ArrayDataset data(n, d, C, x_.data(), y_.data());
  data.visit(20, [&](const Chunk& chunk) {
    EXPECT_EQ(chunk.x, x_.data() + chunk.first * d);
    EXPECT_EQ(chunk.y, y_.data() + chunk.first * C);
    EXPECT_EQ(chunk.weights, nullptr);
  });
  x_[4] = 1000;
  EXPECT_EQ(seen(data, 20).x, x_);
}

TEST_F(CallersArrays, AreTrainedOnAsADatasetIs) {
  const Laid<float> features(x_, d, Layout::column_major, 2);
  const Problem problem{.activation = {0.3, -0.7, 0.2}, .beta = 5};
  const Report expected = fit(Dataset(n, d, C, x_, y_, w_), problem, {}).report;
  const Report actual = fit(ArrayDataset(n, d, C, features.view(), y_.data(), w_.data()), problem, {}).report;
  EXPECT_EQ(actual.primal, expected.primal);
  EXPECT_EQ(actual.dual, expected.dual);
}

TEST_F(CallersArrays, MayHaveNoTargets) {
  const ArrayDataset data(n, d, 0, x_.data(), {});
  EXPECT_EQ(data.targets(), 0);
  EXPECT_EQ(seen(data, 9).x, x_);
}

TEST_F(CallersArrays, WhatCannotBeIsRefused) {
  const ArrayView x = x_.data(), y = y_.data();
  expect_refused([&] { ArrayDataset(0, d, C, x, y); }, "there must be at least 1 sample");
  expect_refused([&] { ArrayDataset(n, d, C, {}, y); }, "features is NULL");
  expect_refused([&] { ArrayDataset(n, d, C, x, {}); }, "targets is NULL");
  expect_refused([&] { ArrayDataset(n, d, 0, x, y); }, "targets are given");
  expect_refused([&] { ArrayDataset(n, d, C, {x_.data(), Layout::row_major, 2}, y); }, "leading dimension 2 where 50 × 3 numbers need 3");
  expect_refused([&] { ArrayDataset(std::numeric_limits<Index>::max() / 2, d, C, x, y); }, "more than there can be");
  y_[7] = std::nan("");
  expect_refused([&] { seen(ArrayDataset(n, d, C, x, y), 5); }, "sample 4, column 2 of the targets: nan is not finite");
  y_[7] = 0;
  w_[2] = -1;
  expect_refused([&] { seen(ArrayDataset(n, d, C, x, y, w_.data()), 5); }, "the weight of sample 3 is negative");
#ifndef NEUSPEC_HAS_CUDA
  expect_refused([&] { ArrayDataset(n, d, C, {x_.data(), Layout::row_major, 0, Memory::device}, y); }, "no CUDA backend");
#endif
}

}  // namespace
}  // namespace neuspec::test
