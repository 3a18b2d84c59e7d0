// Streamed moments S = Σ w ā āᵀ and r = Σ w y ā against the sum over explicit lifted samples.
#include <utility>

#include "lift/moment_plan.hpp"
#include "support/backend.hpp"
#include "support/stored_samples.hpp"
#include "threads/parallel.hpp"

namespace neuspec::test {
namespace {

constexpr Activation sigma{0.3, -0.7, 0.47};

template <class B>
class Moments : public Conformance<B> {
 protected:
  using typename Conformance<B>::Matrix;

  struct Sums {
    Host S, r;
  };
  void make(Index n, Index d, Index C, bool weighted) {
    x_ = random_host(this->random_, d, n);  // column i is sample i, as a row-major source has it
    y_ = random_host(this->random_, C, n);
    weights_.clear();
    for (Index i = 0; weighted && i < n; ++i) weights_.push_back(i % 4 == 0 ? 0.0 : this->random_.uniform(0, 2));
  }
  Sums streamed(const std::vector<Index>& chunks) {
    const auto accumulator = this->device_.moment_accumulator(x_.rows, y_.rows);
    Index first = 0;
    for (const Index count : chunks) {
      accumulator->add({.first = first,
                        .samples = count,
                        .x = x_.values.data() + first * x_.rows,
                        .y = y_.values.data() + first * y_.rows,
                        .weights = weights_.empty() ? nullptr : weights_.data() + first});
      first += count;
    }
    const Index p = packed_size(x_.rows + 1);
    const Matrix S(this->device_, p, p), r(this->device_, p, y_.rows);
    accumulator->finish(sigma, S, r);
    return {S.host(), r.host()};
  }
  Sums naive() const {
    const Index p = packed_size(x_.rows + 1);
    Sums sums{Host(p, p), Host(p, y_.rows)};
    for (Index i = 0; i < x_.columns; ++i) {
      const double w = weights_.empty() ? 1 : weights_[static_cast<std::size_t>(i)];
      const Host a = packed_of(without_trace(lifted_sample(sigma, x_, i, 1)));
      for (Index column = 0; column < p; ++column)
        for (Index row = 0; row < p; ++row) sums.S(row, column) += w * a(row, 0) * a(column, 0);
      for (Index k = 0; k < y_.rows; ++k)
        for (Index row = 0; row < p; ++row) sums.r(row, k) += w * y_(k, i) * a(row, 0);
    }
    return sums;
  }
  void check(Index n, Index d, Index C, bool weighted, const std::vector<Index>& chunks) {
    SCOPED_TRACE("n " + std::to_string(n) + ", N " + std::to_string(d + 1));
    make(n, d, C, weighted);
    const Sums actual = streamed(chunks), expected = naive();
    this->expect_near(actual.S, expected.S, 100);
    this->expect_near(actual.r, expected.r, 100);
  }

  Host x_, y_;
  std::vector<double> weights_;
};
TYPED_TEST_SUITE(Moments, Backends, BackendName);

// 13 is the last N with one block of the plan, 33 the first whose blocks take at least two indices.
TYPED_TEST(Moments, AreTheSumsOverLiftedSamplesForEverySize) {
  for (const Index N : {2, 3, 5, 12, 13, 14, 15, 17, 31, 32, 33, 34}) this->check(37, N - 1, 2, N % 2 == 0, {37});
  this->check(7, 49, 1, true, {7});
}

TYPED_TEST(Moments, TakeChunksOfAnySize) {
  this->check(1, 4, 1, false, {1});
  this->check(1111, 3, 3, true, {1, 700, 0, 10, 400});
  this->check(1025, 4, 1, false, {512, 513});
  this->check(1600, 2, 2, true, {1600});
}

TYPED_TEST(Moments, OfNoSamplesAreZero) {
  this->make(0, 3, 2, false);
  for (const std::vector<Index>& chunks : {std::vector<Index>{}, {0}}) {
    const auto sums = this->streamed(chunks);
    this->expect_near(sums.S, Host(10, 10));
    EXPECT_EQ(largest(sums.r), 0);
  }
}

TYPED_TEST(Moments, OfStoredNumbersAreThoseOfTheFeaturesMadeOfThem) {
  const Index n = 1500, d = 5, p = packed_size(d + 1);
  on_stored_samples(this->random_, n, d, 2, [&](const auto& stored) {
    const auto sums = [&](const StoredForm& form, bool visited) {
      const auto accumulator = this->device_.moment_accumulator(d, 2);
      stored.visit(700, [&](Chunk chunk) {
        if (!visited) chunk.x = nullptr;
        accumulator->add(chunk, form);
      });
      const typename TestFixture::Matrix S(this->device_, p, p), r(this->device_, p, 2);
      accumulator->finish(sigma, S, r);
      return std::pair(S.host().values, r.host().values);
    };
    EXPECT_EQ(sums(stored.stored_form(), false), sums({}, true));
  });
}

// The sums themselves, by the plan's positions, and those of what comes after a drain alone.
TYPED_TEST(Moments, AreDrained) {
  for (const bool weighted : {false, true}) {
    this->make(1234, 4, 2, weighted);
    const MomentPlan plan(5);
    const auto accumulator = this->device_.moment_accumulator(4, 2);
    for (const auto& [first, count] : {std::pair<Index, Index>{0, 700}, {700, 534}}) {
      accumulator->add({.first = first,
                        .samples = count,
                        .x = this->x_.values.data() + first * 4,
                        .y = this->y_.values.data() + first * 2,
                        .weights = weighted ? this->weights_.data() + first : nullptr});
      // Drained sums are added to what is there.
      std::vector<double> moments(static_cast<std::size_t>(plan.buffer_size), 10), targets(static_cast<std::size_t>(2 * plan.pairs), 20);
      const Index longest = accumulator->drain(moments, targets);
      EXPECT_GE(longest * threads(), std::min<Index>(count, 512));
      EXPECT_LE(longest, count + threads());
      const auto feature = [&](Index j, Index sample) { return j < 4 ? this->x_(j, sample) : 1.0; };
      for (Index l = 0; l < 5; ++l)
        for (Index k = 0; k <= l; ++k)
          for (Index j = 0; j <= k; ++j)
            for (Index i = 0; i <= j; ++i) {
              double sum = 10;
              for (Index s = first; s < first + count; ++s)
                sum += (weighted ? this->weights_[static_cast<std::size_t>(s)] : 1) * feature(i, s) * feature(j, s) * feature(k, s) * feature(l, s);
              EXPECT_NEAR(moments[static_cast<std::size_t>(plan.position(i, j, k, l))], sum, 1e-9);
            }
      for (Index output = 0; output < 2; ++output)
        for (Index j = 0; j < 5; ++j)
          for (Index i = 0; i <= j; ++i) {
            double sum = 20;
            for (Index s = first; s < first + count; ++s)
              sum += (weighted ? this->weights_[static_cast<std::size_t>(s)] : 1) * this->y_(output, s) * feature(i, s) * feature(j, s);
            EXPECT_NEAR(targets[static_cast<std::size_t>(output * plan.pairs + MomentPlan::pair(i, j))], sum, 1e-9);
          }
    }
    EXPECT_GE(accumulator->lot(), 1);
  }
}

TYPED_TEST(Moments, AreTheSameBitsEveryTime) {
  this->make(1300, 6, 2, true);
  for (const int threads : {1, 2, 3}) {
    const ThreadScope scope(threads);
    const auto first = this->streamed({900, 400});
    const Host r = first.r, S = first.S;
    for (int repetition = 0; repetition < 3; ++repetition) {
      const auto again = this->streamed({900, 400});
      EXPECT_EQ(again.r.values, r.values);
      EXPECT_EQ(again.S.values, S.values);
    }
  }
}

}  // namespace
}  // namespace neuspec::test
