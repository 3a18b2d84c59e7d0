// Fits of smooth losses by descent on samples that ranks share out, which never come together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "neuspec/communicator.hpp"
#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "support/random_architecture.hpp"
#include "support/thread_ranks.hpp"

namespace neuspec::test {
namespace {

/// Counts bytes that travel as samples do, from one rank to another, and words that are summed.
class Counting final : public Communicator {
 public:
  struct Counts {
    std::atomic<std::size_t> bytes = 0, words = 0;
  };
  Counting(std::shared_ptr<const Communicator> group, Counts& counts) : group_(std::move(group)), counts_(counts) {}
  int rank() const override { return group_->rank(); }
  int size() const override { return group_->size(); }
  void sum(double* values, std::size_t count) const override {
    if (rank() == 0) counts_.words += count;
    group_->sum(values, count);
  }
  void broadcast(void* bytes, std::size_t count) const override { group_->broadcast(bytes, count); }
  void send(const void* bytes, std::size_t count, int to) const override {
    counts_.bytes += count;
    group_->send(bytes, count, to);
  }
  void receive(void* bytes, std::size_t count, int from) const override { group_->receive(bytes, count, from); }

 private:
  std::shared_ptr<const Communicator> group_;
  Counts& counts_;
};

struct Case {
  Loss loss;
  OperatorKind form;
};

class DescentOnRanks : public ::testing::TestWithParam<Case> {
 protected:
  Settings settings() const {
    Settings settings;
    settings.solver = SolverKind::burer_monteiro;
    settings.data_operator = GetParam().form;
    settings.tolerance = 1e-10;
    return settings;
  }
  Problem problem() const { return {.activation = {0.09, 0.5, 0.47}, .loss = GetParam().loss, .beta = 2.0, .bias = true}; }
  Dataset data(Random& random, Index n) const {
    return with_weights(with_labels(random_dataset(random, n, 5, GetParam().loss.coupled() ? 3 : 2), GetParam().loss), random);
  }
};

TEST_P(DescentOnRanks, WithInterceptsIsThatOfAllSamples) {
  Random random(41);
  const Dataset all = data(random, 150);
  const Result alone = fit(all, problem(), settings());
  ASSERT_EQ(alone.report.status, Status::optimal);
  for (const int size : {1, 2, 3}) {
    Counting::Counts counts;
    const auto errors = on_ranks(size, [&](const auto& group) {
      const Dataset part = part_of(all, group->rank(), size);
      const Shard shard(part, std::make_shared<Counting>(group, counts));
      const Result result = fit(shard, problem(), settings());
      EXPECT_EQ(result.report.status, Status::optimal);
      EXPECT_EQ(result.report.solver, "bm");
      EXPECT_EQ(result.report.data_operator, name(GetParam().form));
      EXPECT_NEAR(result.report.primal, alone.report.primal, 1e-9 * alone.report.primal);
      EXPECT_NEAR(result.report.dual, alone.report.dual, 1e-9 * alone.report.primal);
      EXPECT_NEAR(result.report.beta_max, alone.report.beta_max, 1e-11 * alone.report.beta_max);
      for (std::size_t k = 0; k < alone.network.bias.size(); ++k) EXPECT_NEAR(result.network.bias[k], alone.network.bias[k], 1e-3);
      const Certificate proof = certify(result.network, problem(), shard);
      EXPECT_NEAR(proof.primal, result.report.primal, 1e-12 * proof.primal);
      EXPECT_LE(proof.relative_gap, 1e-10);
    });
    for (const auto& error : errors) EXPECT_EQ(error, nullptr);
    EXPECT_EQ(counts.bytes, 0U) << "samples came together";
    EXPECT_GT(counts.words, 0U);
  }
}

// A rank whose file fails in any pass, while the others wait within a sum, be it of a gradient or of an intercept.
class FailingVisit final : public Source {
 public:
  FailingVisit(const Source& data, int visits) : data_(data), left_(visits) {}
  Index samples() const override { return data_.samples(); }
  Index features() const override { return data_.features(); }
  Index targets() const override { return data_.targets(); }
  void visit(Index samples, const std::function<void(const Chunk&)>& visitor) const override {
    if (left_-- == 0) throw DataError("the file has changed");
    data_.visit(samples, visitor);
  }

 private:
  const Source& data_;
  mutable int left_;
};

TEST_P(DescentOnRanks, EndsTogetherWhereAVisitFails) {
  Random random(42);
  const Dataset all = data(random, 60);
  int visits = 0, step = 1;
  for (bool failed = true; failed; visits += step, step += visits > 20 ? 7 : 0) {
    const auto errors = on_ranks(3, [&](const auto& group) {
      const Dataset part = part_of(all, group->rank(), 3);
      const FailingVisit failing(part, visits);
      Settings settings = this->settings();
      settings.tolerance = 1e-4;
      fit(Shard(group->rank() == 2 ? static_cast<const Source&>(failing) : part, group), problem(), settings);
    });
    failed = errors.front() != nullptr;
    for (const auto& error : errors) {
      ASSERT_EQ(error != nullptr, failed) << "in visit " << visits;
      try {
        if (error != nullptr) std::rethrow_exception(error);
      } catch (const DataError& e) {
        EXPECT_STREQ(e.what(), "rank 2: the file has changed");
      }
    }
  }
  EXPECT_GT(visits, 5);
}

std::vector<Case> every_case() {
  std::vector<Case> cases;
  for (const Loss& loss : every_loss())
    for (const OperatorKind form : {OperatorKind::matrix_free, OperatorKind::streamed})
      if (loss.smooth()) cases.push_back({loss, form});
  return cases;
}
INSTANTIATE_TEST_SUITE_P(All, DescentOnRanks, ::testing::ValuesIn(every_case()), [](const auto& which) {
  std::string text = which.param.loss.name() + '_' + name(which.param.form);
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '-' || c == '.' || c == ':' || c == '='; }, '_');
  return text;
});

// What does come together is seen to.
TEST(CountedRanks, SeeSamplesTravelWhereALossHasKinks) {
  Random random(43);
  const Dataset all = with_labels(random_dataset(random, 60, 5, 1), Loss::hinge);
  Counting::Counts counts;
  on_ranks(2, [&](const auto& group) {
    const Dataset part = part_of(all, group->rank(), 2);
    fit(Shard(part, std::make_shared<Counting>(group, counts)), {.activation = {}, .loss = Loss::hinge, .beta = 2, .bias = true});
  });
  EXPECT_GE(counts.bytes, 30UL * 6 * sizeof(double));
}

}  // namespace
}  // namespace neuspec::test
