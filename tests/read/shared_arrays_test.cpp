// Binary arrays that ranks share out: each reads its own rows, and together they have what one process has.
#include "read/shared_arrays.hpp"

#include <limits>
#include <mutex>
#include <optional>

#include "distribute/ranks.hpp"
#include "files.hpp"
#include "read/learn.hpp"
#include "read/part_of_ranks.hpp"
#include "read/readers.hpp"
#include "read/scaling.hpp"
#include "support/thread_ranks.hpp"

namespace neuspec::test {
namespace {

class SharedArrays : public Files {
 protected:
  /// Samples first … first + count − 1 of three features and a target.
  static std::string table(Index first, Index count) {
    std::vector<float> values;
    for (Index i = first; i < first + count; ++i) values.insert(values.end(), {static_cast<float>(i * i), 0.1F, 1e6F + static_cast<float>(i % 7), 3});
    return npy("<f4", false, std::to_string(count) + ", 4", numbers(values));
  }
  std::string parts() const { return write("a.npy", table(0, 11)) + "," + write("b.npy", table(11, 1)) + "," + write("c.npy", table(12, 8)); }

  template <class Body>
  static void on(int size, const Body& body, std::vector<std::exception_ptr>* failed = nullptr) {
    const auto failures = on_ranks(size, [&](const auto& communicator) {
      const Ranks ranks(communicator, RankOrder::any);
      ranks.name_ranks(false);
      ranks.together([&] { body(ranks); });
    });
    if (failed != nullptr) *failed = failures;
    for (const std::exception_ptr& failure : failures) EXPECT_EQ(failure != nullptr, failed != nullptr);
  }

  /// Of one process, and of one to four ranks: features, targets, and what they are called.
  static void expect_the_same(const std::string& path, const ReadOptions& options = {}) {
    const Table whole = read_table(path, options);
    const Doubles x = features_of(whole);
    for (const int size : {1, 2, 3, 4}) {
      SCOPED_TRACE(path + " on " + std::to_string(size));
      std::mutex mutex;
      Doubles all(x.size()), y(whole.y.size());
      on(size, [&](const Ranks& ranks) {
        const Table part = read::read_part(path, options, ranks);
        const std::lock_guard lock(mutex);
        const Doubles own = features_of(part);
        EXPECT_EQ(part.before, whole.samples * ranks.rank() / size);
        std::copy(own.begin(), own.end(), all.begin() + part.before * whole.features);
        std::copy(part.y.begin(), part.y.end(), y.begin() + part.before * whole.targets);
        EXPECT_EQ(part.path, whole.path);
        EXPECT_EQ(part.target_path, whole.target_path);
        EXPECT_EQ(part.feature_names, whole.feature_names);
        EXPECT_EQ(part.image_height, whole.image_height);
        EXPECT_EQ(keeps_bytes(part), keeps_bytes(whole));
      });
      EXPECT_EQ(all, x);
      EXPECT_EQ(y, whole.y);
    }
  }

  static std::string message_of(const std::vector<std::exception_ptr>& failures) {
    for (const std::exception_ptr& failure : failures) {
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& error) {
        return error.what();
      }
    }
    return "no complaint";
  }
};

TEST_F(SharedArrays, OneFileAndMany) {
  expect_the_same(write("x.npy", table(0, 21)));
  expect_the_same(parts());
}

TEST_F(SharedArrays, OfEitherOrderAndOfImages) {
  std::vector<double> values(60);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  expect_the_same(write("columns.npy", npy(">f8", true, "12, 5", numbers(values, true))));
  const ReadOptions without{.without_targets = true};
  expect_the_same(write("images.npy", npy("<f8", true, "5, 3, 4", numbers(values))), without);
  std::string bytes(60, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(200 + i);
  const ReadOptions labelled{.labels_file = write("labels.npy", npy("<f8", false, "5", numbers(Doubles{1, 2, 3, 4, 5})))};
  expect_the_same(write("images.idx", "\0\0\x08\x03\0\0\0\x05\0\0\0\x03\0\0\0\x04"s + bytes), labelled);
}

TEST_F(SharedArrays, ThatStayInTheirFileAreReadInPart) {
  const std::string path = write("x.npy", table(0, 3000));
  const Table whole = read::read_file(path, {});
  const Doubles x = features_of(whole);
  for (const auto& [first, count] : {std::pair<Index, Index>(0, 3000), {1, 1}, {1030, 1500}, {2999, 1}}) {
    const Table part = read::read_file(path, {.rows = read::Stretch{first, count}}, 0);
    EXPECT_EQ(features_of(part), Doubles(x.begin() + first * 3, x.begin() + (first + count) * 3));
    EXPECT_EQ(part.before, first);
    ASSERT_EQ(part.stored_type(), NumberType::float32);
    std::vector<float> stored(static_cast<std::size_t>(count * 3));
    part.read_stored(0, count, stored.data());
    EXPECT_EQ(Doubles(stored.begin(), stored.end()), features_of(part));
    const auto& features = std::get<std::shared_ptr<const StoredFeatures>>(part.x);
    ASSERT_NE(features->deviations(), nullptr);
    EXPECT_EQ(features->deviations()->samples, static_cast<double>(count)) << "nobody has looked at others";
  }
}

TEST_F(SharedArrays, AreStandardisedFromWhatEachRankHasSeen) {
  const std::string paths = parts();
  const Preprocessing expected = read::learn(read_table(paths), {.standardize = true}, nullptr);
  on(3, [&](const Ranks& ranks) {
    const std::optional<Table> part = read::read_shared_arrays(paths, {}, ranks, 0);
    ASSERT_TRUE(part.has_value());
    EXPECT_NE(read::seen_deviations(*part), nullptr);
    const Preprocessing actual = read::learn(*part, {.standardize = true}, &ranks);
    for (std::size_t j = 0; j < 3; ++j) {
      EXPECT_NEAR(actual.mean[j], expected.mean[j], 1e-14 * (1 + expected.mean[j]));
      EXPECT_NEAR(actual.scale[j], expected.scale[j], 1e-14 * expected.scale[j]);
    }
  });
}

TEST_F(SharedArrays, NothingOfThemWhereOneIsSomethingElse) {
  const std::string mixed = parts() + "," + write("d.csv", "1,2,3,4\n5,6,7,8\n");
  on(3, [&](const Ranks& ranks) { EXPECT_FALSE(read::read_shared_arrays(mixed, {}, ranks).has_value()); });
}

TEST_F(SharedArrays, ErrorsAreThoseOfOneProcess) {
  std::string broken = table(0, 20);
  const float infinite = std::numeric_limits<float>::infinity();
  std::memcpy(broken.data() + broken.size() - 3 * 16, &infinite, sizeof infinite);
  const std::string far = write("far.npy", broken);
  const std::string other = write("other.npy", npy("<f4", false, "2, 3", numbers(std::vector<float>(6))));
  const std::string cut = write("cut.npy", table(0, 20).substr(0, 200));
  for (const std::string& path : {far, parts() + "," + other, cut, "missing.npy"s}) {
    std::string expected = "no complaint";
    try {
      read_table(path);
    } catch (const std::exception& error) {
      expected = error.what();
    }
    std::vector<std::exception_ptr> failures;
    on(3, [&](const Ranks& ranks) { read::read_part(path, {}, ranks); }, &failures);
    EXPECT_EQ(message_of(failures), expected);
    EXPECT_NE(expected, "no complaint");
  }
  std::vector<std::exception_ptr> failures;
  on(3, [&](const Ranks& ranks) { read::read_part(other, {}, ranks); }, &failures);
  EXPECT_EQ(message_of(failures), other + ": 2 samples cannot be shared out among 3 ranks");
}

}  // namespace
}  // namespace neuspec::test
