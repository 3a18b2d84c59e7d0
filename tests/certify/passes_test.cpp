// A proof that does not keep v computes it twice, and notices where it is not the same.
#include "certify/passes.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "neuspec/error.hpp"
#include "support/random.hpp"

namespace neuspec::test {
namespace {

constexpr Index n = 1300, d = 4, C = 2, all_of_them = n * C;

Dataset data_for(const Loss& loss) {
  Random random(6);
  std::vector<double> y(static_cast<std::size_t>(n * C)), weights(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) {
    const Index label = random.index(0, C - 1);
    for (Index k = 0; k < C; ++k) {
      const double one = k == label ? 1 : loss.kind == LossKind::softmax ? 0 : -1;
      y[static_cast<std::size_t>(i * C + k)] = loss.classification() ? one : random.normal();
    }
    weights[static_cast<std::size_t>(i)] = random.uniform(0.1, 2);
  }
  return {n, d, C, random.normals(n * d), y, weights};
}

/// Samples of which the last changes before the second visit, and visits that are counted.
class Watched final : public Source {
 public:
  Watched(const Dataset& data, bool changes) : data_(data), changes_(changes) {}
  Index samples() const override { return data_.samples(); }
  Index features() const override { return data_.features(); }
  Index targets() const override { return data_.targets(); }
  void visit(Index most, const std::function<void(const Chunk&)>& visitor) const override {
    ++visits;
    data_.visit(most, [&](Chunk chunk) {
      std::vector<double> x(chunk.x, chunk.x + chunk.samples * d);
      if (changes_ && visits == 2) x.back() = 30;
      chunk.x = x.data();
      visitor(chunk);
    });
  }
  void visit_targets(Index most, const std::function<void(const Chunk&)>& visitor) const override {
    ++visits_of_targets;
    data_.visit_targets(most, visitor);
  }

  mutable int visits = 0, visits_of_targets = 0;

 private:
  const Dataset& data_;
  bool changes_;
};

Problem of_loss(const Loss& loss) {
  Problem problem;
  problem.loss = loss;
  return problem;
}

class Passes : public testing::TestWithParam<Loss> {
 protected:
  double bound(const Source& source, Index most_kept, const std::vector<double>& dual_vector = {}) const {
    const Prediction predict(network_);
    const Pass pass = pass_over(predict, problem_, source, dual_vector, nullptr, most_kept);
    EXPECT_EQ(pass.v.size(), most_kept < all_of_them ? 0U : static_cast<std::size_t>(all_of_them));
    return conjugate_bound(predict, problem_, source, dual_vector, pass, {0.7, 0.9});
  }

  Problem problem_ = of_loss(GetParam());
  Dataset data_ = data_for(GetParam());
  Network network_ = Random(8).network({}, d, C, 5);
};

TEST_P(Passes, TheBoundIsTheSameWhetherVWasKeptOrNot) {
  const Watched kept(data_, false), twice(data_, false);
  const double expected = bound(kept, all_of_them);
  EXPECT_EQ(kept.visits, 1);
  EXPECT_EQ(kept.visits_of_targets, 1);
  EXPECT_EQ(bound(twice, all_of_them - 1), expected);
  EXPECT_EQ(twice.visits, 2);
  EXPECT_EQ(twice.visits_of_targets, 0);
  EXPECT_TRUE(std::isfinite(expected));

  const std::vector<double> given = Random(9).normals(all_of_them);
  const double of_given = bound(data_, all_of_them, given);
  EXPECT_NE(of_given, expected);
  EXPECT_EQ(bound(data_, 0, given), of_given);
}

// A proof of two data sets at once would be one of neither.
TEST_P(Passes, SamplesThatChangeBetweenThemAreRefused) {
  const Watched changing(data_, true);
  EXPECT_THROW(bound(changing, 0), DataError);
}

INSTANTIATE_TEST_SUITE_P(Losses, Passes,
                         testing::Values(Loss(Loss::logistic), Loss(Loss::softmax), Loss(Loss::hinge), Loss(Loss::absolute), Loss(Loss::huber, 0.5)),
                         [](const auto& of) { return of.param.name().substr(0, of.param.name().find(':')); });

}  // namespace
}  // namespace neuspec::test
