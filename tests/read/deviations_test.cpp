// Whoever looks through arrays and text that stay in their files knows means and deviations then: nobody reads them once more to standardise.
#include <algorithm>
#include <filesystem>
#include <random>

#include "distribute/ranks.hpp"
#include "files.hpp"
#include "neuspec/preprocessing.hpp"
#include "read/learn.hpp"
#include "read/parts.hpp"
#include "read/readers.hpp"
#include "read/rows.hpp"
#include "read/scaling.hpp"
#include "read/shared_text.hpp"
#include "support/thread_ranks.hpp"

namespace neuspec::test {
namespace {

using read::Selection;
using read::TargetRule;

/// Features that must not be read again.
class Unreadable final : public StoredFeatures {
 public:
  explicit Unreadable(std::shared_ptr<const StoredFeatures> read) : read_(std::move(read)) {}
  void read(Index /*first*/, Index /*count*/, double* /*to*/) const override { ADD_FAILURE() << "read once more"; }
  bool in_range() const override { return true; }
  const read::Deviations* deviations() const override { return read_->deviations(); }

 private:
  std::shared_ptr<const StoredFeatures> read_;
};

class SeenDeviations : public Files {
 protected:
  static Table held(const std::string& path, const Selection& selection = {}) { return read::read_file(path, selection); }
  static Table stored(const std::string& path, const Selection& selection = {}) { return read::read_file(path, selection, 0); }
  static std::optional<Table> stored_text(const std::string& path, Selection selection, std::size_t piece_bytes) {
    selection.memory = 0;
    const auto file = std::make_shared<read::FileBuffer>(path, [](std::string_view) { return true; }, 0);
    return read::read_stored_text(file, path, selection, piece_bytes);
  }
  static Preprocessing standard(const Table& table, const Ranks* ranks = nullptr) { return read::learn(table, {.standardize = true}, ranks); }
  static Table not_to_be_read(Table table) {
    table.x = std::make_shared<const Unreadable>(std::get<std::shared_ptr<const StoredFeatures>>(table.x));
    return table;
  }
  static void expect_near(const Preprocessing& actual, const Preprocessing& expected) {
    ASSERT_EQ(actual.mean.size(), expected.mean.size());
    for (std::size_t j = 0; j < expected.mean.size(); ++j) {
      EXPECT_NEAR(actual.mean[j], expected.mean[j], 1e-14 * expected.scale[j]) << j;
      EXPECT_NEAR(actual.scale[j], expected.scale[j], 1e-14 * expected.scale[j]) << j;
    }
  }
  std::string text(Index rows) const {
    std::mt19937 random(11);
    std::string lines = "a,b,constant,label\n";
    for (Index i = 0; i < rows; ++i)
      lines += std::to_string(static_cast<double>(random()) / 1e6 - 2000) + ",\"" + std::to_string(random() % 7) + "\",0.1," + std::to_string(i % 3) +
               "\n";
    return write("x.csv", lines);
  }
};

TEST_F(SeenDeviations, OfAnArrayAreTheBitsOfAPass) {
  const Index n = 20000;
  std::mt19937 random(3);
  std::vector<float> values;
  for (Index i = 0; i < n; ++i) {
    values.push_back(static_cast<float>(random() % 1000));
    values.push_back(0.1F);                                              // the same everywhere
    values.push_back(1e6F + static_cast<float>(random() % 7));           // far from zero
    values.push_back(i < n / 2 ? -5e5F : 5e5F + static_cast<float>(i));  // far from where it began
    values.push_back(0);
  }
  const std::string file = write("x.npy", npy("<f4", false, std::to_string(n) + ", 5", numbers(values)));
  const Preprocessing expected = standard(held(file));
  EXPECT_EQ(expected.scale[1], 1);
  const Preprocessing actual = standard(not_to_be_read(stored(file)));
  EXPECT_EQ(actual.mean, expected.mean);
  EXPECT_EQ(actual.scale, expected.scale);
  const Table some = read::rows_of(stored(file), 5, 100);
  EXPECT_EQ(std::get<std::shared_ptr<const StoredFeatures>>(some.x)->deviations(), nullptr) << "of all, and not of some";
}

TEST_F(SeenDeviations, OfPartsAreThoseOfAll) {
  const Index n = 3000;
  const Selection all{.rule = TargetRule::none, .names = {}};
  std::mt19937 random(4);
  std::vector<double> values;
  for (Index at = 0; at < n; ++at) {
    values.push_back(1e6 * static_cast<double>(at / 1000) + static_cast<double>(random() % 100));  // the parts lie far from each other
    values.push_back(0.1);
  }
  const auto numbers_of = [&](Index first, Index last) {
    return numbers(std::vector<double>(values.begin() + 2 * first, values.begin() + 2 * last));
  };
  const std::string whole = write("x.npy", npy("<f8", false, "3000, 2", numbers_of(0, n)));
  std::vector<Table> parts;
  for (const auto& [first, last] : {std::pair<Index, Index>(0, 1100), {1100, 1111}, {1111, n}}) {
    parts.push_back(stored(write("part.npy", npy("<f8", false, std::to_string(last - first) + ", 2", numbers_of(first, last))), all));
    std::filesystem::remove(path("part.npy"));
  }
  const Preprocessing expected = standard(held(whole, all));
  const Preprocessing actual = standard(not_to_be_read(read::stacked("parts", std::move(parts))));
  expect_near(actual, expected);
  EXPECT_EQ(actual.mean[1], 0.1);
  EXPECT_EQ(actual.scale[1], 1);
}

TEST_F(SeenDeviations, DoNotDependOnHowSamplesCome) {
  const Index n = 5000, d = 3;
  std::mt19937 random(5);
  std::vector<double> x;
  for (Index at = 0; at < n * d; ++at) x.push_back(static_cast<double>(random()) / 1e7);
  const auto deviations = [&](Index step) {
    read::RunningDeviations running(d);
    for (Index first = 0; first < n; first += step) running.add(x.data() + first * d, std::min(step, n - first));
    return running.finish();
  };
  const read::Deviations expected = deviations(n);
  EXPECT_EQ(expected.samples, n);
  for (const Index step : {1, 7, 1000, 1024, 1025, 3000}) {
    const read::Deviations actual = deviations(step);
    EXPECT_EQ(actual.mean, expected.mean) << step;
    EXPECT_EQ(actual.squares, expected.squares) << step;
  }
}

TEST_F(SeenDeviations, OfTextAreThoseOfAPass) {
  const std::string file = text(5000);
  const Preprocessing expected = standard(held(file));
  EXPECT_EQ(expected.scale[2], 1);
  for (const std::size_t piece_bytes : {std::size_t{1000}, std::size_t{70000}, std::size_t{1000000}}) {
    const std::optional<Table> table = stored_text(file, {}, piece_bytes);
    ASSERT_TRUE(table.has_value());
    const Preprocessing actual = standard(not_to_be_read(*table));
    expect_near(actual, expected);
    EXPECT_EQ(actual.mean[2], 0.1);
    EXPECT_EQ(actual.scale[2], 1);
  }
}

TEST_F(SeenDeviations, OfSparseTextAreThoseOfAPass) {
  std::mt19937 random(12);
  std::string lines;
  for (Index i = 0; i < 3000; ++i) {
    lines += std::to_string(i % 2) + (i % 3 == 0 ? "" : " 1:" + std::to_string(1e5 + static_cast<double>(random() % 9)));
    lines += " 3:0.1" + (i % 5 == 0 ? " 7:" + std::to_string(random() % 1000) : "") + (i % 100 == 0 ? "\n\n" : "\n");
  }
  const std::string file = write("x.libsvm", lines);
  const Preprocessing expected = standard(held(file));
  EXPECT_EQ(expected.scale[1], 1) << "of what no line has";
  for (const std::size_t piece_bytes : {std::size_t{1000}, std::size_t{1000000}}) {
    const std::optional<Table> table = stored_text(file, {}, piece_bytes);
    ASSERT_TRUE(table.has_value());
    const Preprocessing actual = standard(not_to_be_read(*table));
    expect_near(actual, expected);
    EXPECT_EQ(actual.mean[2], 0.1);
  }
}

TEST_F(SeenDeviations, AreNotLookedForWhereNobodyWantsThem) {
  const auto known = [](const Table& table) { return read::seen_deviations(table) != nullptr; };
  for (const bool wanted : {true, false}) {
    Selection selection;
    selection.deviations = wanted;
    EXPECT_EQ(known(stored(write("x.npy", npy("<f8", false, "3, 2", numbers(std::vector<double>(6)))), selection)), wanted);
    EXPECT_EQ(known(stored_text(text(20), selection, 100000).value()), wanted);
    EXPECT_EQ(known(stored_text(write("x.svm", "1 1:2\n0 2:3\n"), selection, 100000).value()), wanted);
  }
}

TEST_F(SeenDeviations, OfTextOnRanksAreThoseOfOne) {
  const std::string file = text(5000);
  const Preprocessing expected = standard(held(file));
  Selection selection;
  selection.memory = 0;
  const auto failures = on_ranks(3, [&](const auto& communicator) {
    const Ranks ranks(communicator, RankOrder::any);
    expect_near(ranks.together([&] {
      const std::optional<Table> part = read::read_shared_text(file, selection, ranks, 1000);
      return standard(not_to_be_read(part.value()), &ranks);
    }),
                expected);
  });
  for (const std::exception_ptr& failure : failures) EXPECT_EQ(failure, nullptr);
}

}  // namespace
}  // namespace neuspec::test
