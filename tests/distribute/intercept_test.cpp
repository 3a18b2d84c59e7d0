// Intercepts and balanced dual vectors of samples that ranks share out are those of all samples.
#include "loss/intercept.hpp"

#include <gtest/gtest.h>

#include "neuspec/error.hpp"
#include "support/naive_loss.hpp"
#include "support/random_architecture.hpp"
#include "support/thread_ranks.hpp"

namespace neuspec::test {
namespace {

using Numbers = std::vector<double>;

Ranks ranks_of(const std::shared_ptr<const Communicator>& communicator) { return {communicator, RankOrder::any}; }
Grid<const double> rows_of(const Numbers& values, Index C) { return by_samples(values.data(), std::ssize(values) / C, C); }

/// Samples whose features are predictions.
struct Samples {
  Dataset all;

  Samples(Random& random, const Loss& loss, Index n, Index C, double scale, bool weighted) : all(with_labels(random_dataset(random, n, C, C), loss)) {
    Numbers f = all.x();
    for (double& value : f) value *= scale;
    all = {n, C, C, std::move(f), all.y(), all.weights()};
    if (weighted) all = with_weights(all, random);
  }
  static Intercepts best(const Loss& loss, const Dataset& samples, std::span<const double> start = {}, const Ranks* ranks = nullptr) {
    const Index C = samples.targets();
    return best_intercepts(loss, rows_of(samples.x(), C), rows_of(samples.y(), C), samples.weights(), start, ranks);
  }
};

/// Σ w ℓ(f + b, y) of every output.
Numbers losses(const Loss& loss, const Dataset& samples, const Numbers& b) {
  Numbers sums(b.size());
  for (std::size_t at = 0; at < samples.y().size(); ++at) {
    const std::size_t i = at / b.size(), k = at % b.size();
    sums[k] += (samples.weights().empty() ? 1.0 : samples.weights()[i]) * naive::loss_value(loss, samples.x()[at] + b[k], samples.y()[at]);
  }
  return sums;
}

void expect_near(const Numbers& actual, const Numbers& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t at = 0; at < actual.size(); ++at) EXPECT_NEAR(actual[at], expected[at], tolerance * (1 + std::abs(expected[at]))) << at;
}

/// This rank's rows of numbers that belong to samples.
Numbers own_rows(const Numbers& all, Index C, int rank, int size) {
  const Index n = std::ssize(all) / C;
  return part_of({n, C, C, all, all, {}}, rank, size).x();
}

TEST(InterceptOfRanks, IsThatOfAllSamples) {
  Random random(21);
  for (const Loss& loss : every_loss()) {
    for (const double scale : {0.0, 1.0, 30.0}) {
      for (const bool weighted : {false, true}) {
        const Index C = 4;
        const Samples samples(random, loss, 61, C, scale, weighted);  // of an even number Huber's best b may be an interval too
        const Intercepts alone = Samples::best(loss, samples.all);
        for (const int size : {1, 2, 3, 5}) {
          Numbers of_first;
          on_ranks(size, [&](const auto& communicator) {
            const Ranks ranks = ranks_of(communicator);
            const Intercepts best = Samples::best(loss, part_of(samples.all, communicator->rank(), size), {}, &ranks);
            if (loss.smooth()) {
              expect_near(best.b, alone.b, 1e-11);
              expect_near(best.v, own_rows(alone.v, C, communicator->rank(), size), 1e-11);
            } else {  // whose best b may be an interval
              expect_near(losses(loss, samples.all, best.b), losses(loss, samples.all, alone.b), 1e-13);
            }
            expect_near(best.coupling, alone.coupling, 1e-11);
            expect_near(best.levels, alone.levels, 1e-11);
            Numbers b = best.b;
            ranks.broadcast(std::span(b));
            EXPECT_EQ(best.b, b) << "the same bits on every rank";
          });
        }
      }
    }
  }
}

// From far off, where the coupling is all but gone and every class's own sum is brought to zero instead.
TEST(InterceptOfRanks, StartsFromAnywhere) {
  Random random(22);
  const Index C = 4;
  const Samples samples(random, Loss::softmax, 60, C, 5, true);
  const Intercepts alone = Samples::best(Loss::softmax, samples.all);
  for (const double scale : {1e-9, 1.0, 100.0, 1e4}) {
    Numbers start = random.normals(C);
    for (double& level : start) level *= scale;
    on_ranks(3, [&](const auto& communicator) {
      const Ranks ranks = ranks_of(communicator);
      expect_near(Samples::best(Loss::softmax, part_of(samples.all, communicator->rank(), 3), start, &ranks).b, alone.b, 1e-9);
    });
  }
}

// Labels as samples of one rank, of another, and of none: what a rank has of a class says nothing about the class.
TEST(InterceptOfRanks, ClassesOfOneRankOrNone) {
  Random random(23);
  const Index C = 4, n = 36;
  Numbers y;
  for (Index i = 0; i < n; ++i) {
    const Index label = i < n / 3 ? 0 : i % 2 == 0 ? 1 : 3;
    for (Index k = 0; k < C; ++k) y.push_back(k == label ? 1 : 0);
  }
  const Dataset all(n, C, C, random.normals(n * C), y);
  const Intercepts alone = Samples::best(Loss::softmax, all);
  EXPECT_LT(alone.b[2], -700);
  on_ranks(3, [&](const auto& communicator) {
    const Ranks ranks = ranks_of(communicator);
    const Intercepts best = Samples::best(Loss::softmax, part_of(all, communicator->rank(), 3), {}, &ranks);
    expect_near(best.b, alone.b, 1e-12);
    expect_near(best.v, own_rows(alone.v, C, communicator->rank(), 3), 1e-12);
  });
}

TEST(BalanceOfRanks, IsThatOfAllSamples) {
  Random random(24);
  const Index n = 60, C = 4;
  for (const Loss& loss : {Loss(Loss::logistic), Loss(Loss::softmax)}) {
    for (int trial = 0; trial < 20; ++trial) {
      Numbers v = random.normals(n * C);
      for (Index i = 0; loss.coupled() && i < n; ++i) {  // a row's others sum up to its label's
        const Index label = random.index(0, C - 1);
        double others = 0;
        for (Index k = 0; k < C; ++k) {
          double& entry = v[static_cast<std::size_t>(i * C + k)];
          entry = std::abs(entry);
          others += k == label ? 0 : entry;
        }
        v[static_cast<std::size_t>(i * C + label)] = -others;
      }
      Numbers alone = v;
      balance(loss, by_samples(alone.data(), n, C));
      EXPECT_NE(alone, v);
      const auto errors = on_ranks(3, [&](const auto& communicator) {
        const Ranks ranks = ranks_of(communicator);
        Numbers own = own_rows(v, C, communicator->rank(), 3);
        balance(loss, by_samples(own.data(), std::ssize(own) / C, C), &ranks);
        expect_near(own, own_rows(alone, C, communicator->rank(), 3), 1e-14);
        Numbers sums(2 * C);
        for (std::size_t at = 0; at < own.size(); ++at) {
          sums[at % C] += own[at];
          sums[C + at % C] += std::abs(own[at]);
        }
        ranks.sum(sums);
        for (std::size_t k = 0; k < C; ++k) EXPECT_LE(std::abs(sums[k]), 1e-15 * static_cast<double>(n) * sums[C + k]);
      });
      for (const auto& error : errors) EXPECT_EQ(error, nullptr);
    }
  }
}

/// Fails on its own instead of beginning one more than so many collectives, as a rank does whose memory is short. They begin with sums of one length.
class Failing final : public Communicator {
 public:
  Failing(std::shared_ptr<const Communicator> group, int sums) : group_(std::move(group)), left_(sums) {}
  int rank() const override { return group_->rank(); }
  int size() const override { return group_->size(); }
  void sum(double* values, std::size_t count) const override {
    if (beginning_ == 0) beginning_ = count;
    if (count == beginning_ && left_-- == 0) throw EnvironmentError("full");
    group_->sum(values, count);
  }
  void broadcast(void* bytes, std::size_t count) const override { group_->broadcast(bytes, count); }
  void send(const void* bytes, std::size_t count, int to) const override { group_->send(bytes, count, to); }
  void receive(void* bytes, std::size_t count, int from) const override { group_->receive(bytes, count, from); }

 private:
  std::shared_ptr<const Communicator> group_;
  mutable int left_;
  mutable std::size_t beginning_ = 0;
};

TEST(InterceptOfRanks, ARankThatFailsBetweenSumsEndsAll) {
  Random random(25);
  for (const Loss& loss : {Loss(Loss::logistic), Loss(Loss::softmax)}) {
    const Samples samples(random, loss, 30, 3, 2, false);
    int failed = 0;
    for (int sums = 0; failed == sums; ++sums) {
      const auto errors = on_ranks(3, [&](const std::shared_ptr<const Communicator>& group) {
        const auto communicator = group->rank() == 1 ? std::make_shared<Failing>(group, sums) : group;
        const Ranks ranks = ranks_of(communicator);
        ranks.together([&] { Samples::best(loss, part_of(samples.all, group->rank(), 3), {}, &ranks); });
      });
      for (const auto& error : errors) {
        EXPECT_EQ(error == nullptr, errors.front() == nullptr) << "behind " << sums << " sums";
        try {
          if (error != nullptr) std::rethrow_exception(error);
        } catch (const EnvironmentError& e) {
          EXPECT_STREQ(e.what(), "rank 1: full");
        }
      }
      failed += errors.front() == nullptr ? 0 : 1;
    }
    EXPECT_GT(failed, 5) << "sums of a search";
  }
}

}  // namespace
}  // namespace neuspec::test
