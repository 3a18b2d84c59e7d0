// Sums over ranks, and one end for all of them.
#include "distribute/ranks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>

#include "distribute/gathered_source.hpp"
#include "distribute/share.hpp"
#include "neuspec/error.hpp"
#include "support/random_problem.hpp"
#include "support/small_chunks.hpp"
#include "support/thread_ranks.hpp"

namespace neuspec::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Ranks ranks_of(const std::shared_ptr<const Communicator>& communicator) { return {communicator, RankOrder::any}; }

TEST(Ranks, SumShortAndLongNumbers) {
  for (const std::size_t count : {0UL, 1UL, 30UL, 31UL, 1000UL}) {
    const auto errors = on_ranks(3, [&](const auto& communicator) {
      std::vector<double> values(count, communicator->rank() + 0.5);
      ranks_of(communicator).sum(values);
      EXPECT_EQ(values, std::vector<double>(count, 4.5));
    });
    for (const auto& error : errors) EXPECT_EQ(error, nullptr);
  }
}

TEST(Ranks, TellEachOther) {
  on_ranks(4, [&](const auto& communicator) {
    const Ranks ranks = ranks_of(communicator);
    const double own = communicator->rank();
    EXPECT_THAT(ranks.all(std::span(&own, 1)), ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(ranks.largest(own), 3);
    EXPECT_EQ(ranks.smallest(own), 0);
    std::string text = own == 0 ? "all of it" : "";
    ranks.broadcast(text);
    EXPECT_EQ(text, "all of it");
    const std::vector<double> mine(static_cast<std::size_t>(own), own), all = gather(ranks, mine);
    if (own == 0) {
      EXPECT_THAT(all, ElementsAre(1, 2, 2, 3, 3, 3));
    }
    EXPECT_EQ(scatter(ranks, all, mine.size()), mine);
  });
}

template <class Thrown>
std::string message_of(const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const Thrown& e) {
    return e.what();
  } catch (...) {
    return "another exception";
  }
  return "no exception";
}

TEST(Ranks, EndTogetherWithTheFirstException) {
  const auto errors = on_ranks(4, [&](const auto& communicator) {
    const Ranks ranks = ranks_of(communicator);
    ranks.together([&] {
      if (communicator->rank() == 2) throw DataError("line 7: no number \xE4");
      if (communicator->rank() == 3) throw std::bad_alloc();
      std::vector<double> values(100);
      for (int step = 0; step < 3; ++step) ranks.sum(values);
    });
  });
  for (const auto& error : errors) EXPECT_EQ(message_of<DataError>(error), "rank 2: line 7: no number \xE4");
}

TEST(Ranks, GoOnAfterAnEnd) {
  on_ranks(2, [&](const auto& communicator) {
    const Ranks ranks = ranks_of(communicator);
    for (int round = 0; round < 3; ++round) {
      EXPECT_THROW(ranks.together([&] {
        if (communicator->rank() == 1) throw UsageError("no");
        ranks.meet();
      }),
                   UsageError);
      EXPECT_EQ(ranks.together([&] { return ranks.broadcast(communicator->rank() + 5.0); }), 5);
    }
  });
}

TEST(Ranks, AFailureBehindTheLastSumIsEveryones) {
  const auto errors = on_ranks(3, [&](const auto& communicator) {
    ranks_of(communicator).together([&] {
      if (communicator->rank() == 1) throw EnvironmentError("full");
    });
  });
  for (const auto& error : errors) EXPECT_EQ(message_of<EnvironmentError>(error), "rank 1: full");
}

TEST(Ranks, WhoseCallsDisagreeEnd) {
  const auto errors = on_ranks(2, [&](const auto& communicator) {
    const Ranks ranks = ranks_of(communicator);
    std::vector<double> values(communicator->rank() == 0 ? 3 : 4);
    ranks.sum(values);
  });
  for (const auto& error : errors) EXPECT_THAT(message_of<EnvironmentError>(error), HasSubstr("disagree"));
}

/// Fails in a visit.
class Broken final : public Source {
 public:
  explicit Broken(const Source& data) : data_(data) {}
  Index samples() const override { return data_.samples(); }
  Index features() const override { return data_.features(); }
  Index targets() const override { return data_.targets(); }
  void visit(Index samples, const std::function<void(const Chunk&)>& visitor) const override {
    Index chunks = 0;
    data_.visit(samples, [&](const Chunk& chunk) {
      if (++chunks > 2) throw DataError("the file has changed");
      visitor(chunk);
    });
  }

 private:
  const Source& data_;
};

TEST(GatheredSource, IsTheSamplesInTheirOrderInFullChunks) {
  Random random(1);
  const Dataset data = random_dataset(random, 57, 3, 2);
  for (const int size : {1, 2, 4}) {
    on_ranks(size, [&](const auto& communicator) {
      const Dataset part = part_of(data, communicator->rank(), size);
      const SmallChunks small(part, 4);
      const Shard shard(small, communicator);
      std::vector<double> x, y;
      std::vector<Index> chunks;
      const bool first = on_first_rank(shard, [&](const Source& all) {
        EXPECT_EQ(all.samples(), 57);
        all.visit_targets(10, [](const Chunk& chunk) { EXPECT_EQ(chunk.x, nullptr); });
        all.visit(10, [&](const Chunk& chunk) {
          EXPECT_EQ(chunk.first, std::ssize(y) / 2);
          chunks.push_back(chunk.samples);
          x.insert(x.end(), chunk.x, chunk.x + chunk.samples * 3);
          y.insert(y.end(), chunk.y, chunk.y + chunk.samples * 2);
        });
      });
      EXPECT_EQ(first, communicator->rank() == 0);
      if (!first) return;
      EXPECT_EQ(x, data.x());
      EXPECT_EQ(y, data.y());
      EXPECT_THAT(chunks, ElementsAre(10, 10, 10, 10, 10, 7));
    });
  }
}

TEST(GatheredSource, EndsAllWhereAVisitFails) {
  Random random(2);
  const Dataset data = random_dataset(random, 60, 3, 1);
  for (const int broken : {0, 1, 2}) {
    const auto errors = on_ranks(3, [&](const auto& communicator) {
      const Dataset part = part_of(data, communicator->rank(), 3);
      const Broken failing(part);
      const Shard shard(communicator->rank() == broken ? static_cast<const Source&>(failing) : part, communicator);
      shard.ranks()->together([&] { on_first_rank(shard, [](const Source& all) { all.visit(4, [](const Chunk&) {}); }); });
    });
    for (const auto& error : errors)
      EXPECT_EQ(message_of<DataError>(error), (broken > 0 ? "rank " + std::to_string(broken) + ": " : "") + "the file has changed");
  }
  const auto errors = on_ranks(3, [&](const auto& communicator) {
    const Dataset part = part_of(data, communicator->rank(), 3);
    const Shard shard(part, communicator);
    shard.ranks()->together([&] { on_first_rank(shard, [](const Source& all) { all.visit(4, [](const Chunk&) { throw UsageError("enough"); }); }); });
  });
  for (const auto& error : errors) EXPECT_EQ(message_of<UsageError>(error), "enough");
}

}  // namespace
}  // namespace neuspec::test
