// Text that stays in its file holds the numbers of text that is held, however it is cut, and the same is wrong with it.
#include "read/stored_text.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <random>

#include "files.hpp"
#include "read/readers.hpp"
#include "read/shared_text.hpp"
#include "support/thread_ranks.hpp"

namespace neuspec::test {
namespace {

using read::Selection;
using read::TargetRule;

class StoredText : public Files {
 protected:
  static std::optional<Table> stored(const std::string& path, Selection selection, std::size_t piece_bytes) {
    selection.memory = 0;
    const auto file = std::make_shared<read::FileBuffer>(path, [](std::string_view) { return true; }, 0);
    return read::read_stored_text(file, path, selection, piece_bytes);
  }

  /// `name` says what the file is where its lines do not. In small pieces it may be that its lines cannot be cut apart.
  void expect_same(const std::string& name, const std::string& text, const Selection& selection = {}, bool in_any_pieces = true) const {
    const std::string file = write(name, text);
    const Table whole = read::read_file(file, selection);
    for (const std::size_t piece_bytes : {std::size_t{40}, std::size_t{111}, std::size_t{1000}}) {
      SCOPED_TRACE(name + " in pieces of " + std::to_string(piece_bytes));
      const std::optional<Table> table = stored(file, selection, piece_bytes);
      if (!table && (!in_any_pieces || text.size() <= piece_bytes)) continue;
      ASSERT_TRUE(table.has_value());
      ASSERT_TRUE(std::holds_alternative<std::shared_ptr<const StoredFeatures>>(table->x));
      const Doubles all = features_of(whole);
      EXPECT_EQ(features_of(*table), all);
      EXPECT_EQ(table->y, whole.y);
      EXPECT_EQ(table->labels, whole.labels);
      EXPECT_EQ(table->feature_names, whole.feature_names);
      EXPECT_EQ(table->target_names, whole.target_names);
      EXPECT_EQ(table->columns.targets, whole.columns.targets);
      EXPECT_EQ(table->notices, whole.notices);
      EXPECT_EQ(table->path, whole.path);
      EXPECT_EQ(table->target_path, whole.target_path);
      EXPECT_EQ(table->target_line, whole.target_line);
      for (const Index first : {Index{0}, Index{1}, whole.samples / 2, whole.samples - 1}) {
        const Index count = std::min<Index>(7, whole.samples - first);
        Doubles some(static_cast<std::size_t>(count * whole.features), -1.0);
        table->read_features(first, count, some.data());
        EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin() + first * whole.features)) << first;
      }
    }
  }

  void expect_same_complaint(const std::string& name, const std::string& text) const {
    const std::string file = write(name, text), expected = complaint_of(file);
    ASSERT_NE(expected, "no complaint");
    for (const std::size_t piece_bytes : {std::size_t{40}, std::size_t{300}}) {
      std::string found = "no complaint";
      try {
        if (!stored(file, {}, piece_bytes)) found = expected;  // left to who reads the whole
      } catch (const DataError& error) {
        found = error.what();
      }
      EXPECT_TRUE(found.ends_with(expected)) << found;
    }
  }
};

std::string csv(Index rows, const std::string& end, bool words, bool quotes) {
  std::mt19937 random(11);
  std::string text = "a,\"b, c\",label,d" + end;
  for (Index i = 0; i < rows; ++i) {
    const auto number = [&] { return std::to_string(static_cast<double>(random()) / 1e6 - 2000); };
    const std::string label = words ? (quotes && i % 5 == 0 ? "\"of two\nlines\"" : i % 3 == 0 ? "red" : "blue") : std::to_string(random() % 3);
    text += number() + (quotes && i % 2 == 0 ? ", \"" + number() + "\"," : "," + number() + ",") + label + "," + number() + end;
  }
  return text;
}

TEST_F(StoredText, OfCsvIsThatWhichIsHeld) {
  Selection label{TargetRule::named, {"label"}};
  for (const char* const end : {"\n", "\r\n"}) {
    for (const bool words : {false, true}) {
      label.labels = words ? Labels::any : Labels::numbers;
      expect_same("x.csv", csv(60, end, words, false), label);
      expect_same("x.csv", csv(60, end, words, words), label, !words);
    }
    expect_same("last.csv", csv(60, end, false, true));
    expect_same("none.csv", csv(60, end, false, true), Selection{TargetRule::none, {"a", "d"}});
    expect_same("several.csv", csv(60, end, false, false), Selection{TargetRule::named, {"d", "a"}});
    expect_same("no_end.csv", csv(60, end, false, false) + "1,2,3,4567");
    expect_same("blank_end.csv", csv(60, end, false, false) + "1,2,3,4\n\n", {}, false);
  }
}

TEST_F(StoredText, OfColumnsThatBlanksKeepApartIsThatWhichIsHeld) {
  for (const std::string end : {"\n", "\r\n", "  \n"}) {
    std::string rows;
    for (int i = 0; i < 90; ++i)
      rows += std::string(static_cast<std::size_t>(i % 3), ' ') + std::to_string(i) + ".5  " + std::to_string(i * i) + " -1e-3   7" + end;
    expect_same("plain.txt", rows);
    expect_same("header.txt", " a b  c   d" + end + rows);
    expect_same("open.txt", rows + "1 2  3 4567");
  }
}

TEST_F(StoredText, MakesAllLabelsTextWhereOnePieceHasWords) {
  std::string text = csv(40, "\n", false, false);
  text += "1,2,seven,3\n" + csv(40, "\n", false, false).substr(text.find('\n') + 1);
  Selection label{TargetRule::named, {"label"}};
  label.labels = Labels::any;
  expect_same("mixed.csv", text, label);
}

TEST_F(StoredText, OfLibsvmIsThatWhichIsHeld) {
  std::mt19937 random(3);
  std::string text = "# made\n";
  for (int i = 0; i < 80; ++i) {
    text += i % 2 == 0 ? "+1" : "-1";
    if (i % 7 == 0) text += " qid:" + std::to_string(i);
    for (int j = 1; j <= 9; ++j) {
      if (random() % 3 == 0) text += " " + std::to_string(j) + ":" + std::to_string(static_cast<double>(random()) / 1e8);
    }
    text += i % 11 == 0 ? " # a comment\n\n" : "\n";
  }
  text += "1 12:3\n";
  expect_same("x.svm", text);
  Selection wide;
  wide.features = 20;
  expect_same("x.svm", text, wide);
  expect_same("x.svm", text, Selection{TargetRule::none});
}

TEST_F(StoredText, IsRefusedForWhatHeldTextIs) {
  const std::string good = csv(30, "\n", false, false);
  for (const char* const row : {"1,2,3\n", "1,2,3,4,5\n", "1,2,,4\n", "1,nan,3,4\n", "1,x,3,4\n", "\n1,2,3,4\n", "1,2,3,\"4\n"}) {
    expect_same_complaint("x.csv", good + row + "5,6,7,8\n");
  }
  expect_same_complaint("x.svm", "1 1:2 3:4\n-1 2:1\n1 1:1\n1 1:2 3:4\n-1 2:1\n1 3:1 2:2\n1 1:1\n");
}

/// Rows of a few columns, among them what breaks rows, of all that the formats know.
std::string random_text(std::mt19937& random) {
  const auto below = [&](unsigned count) { return static_cast<unsigned>(random() % count); };
  static const char* const rare[] = {"\"", "\"a\nb\"", "#", " ", "x", ";", "\t", "\n", "\r", "nan", "\"\"", "qid:1 ", "1:", "1e70"};
  static const char* const ends[] = {"\n", "\r\n", " \n"};
  const bool libsvm = below(4) == 0;
  const char* const delimiter = libsvm || below(3) == 0 ? " " : ",";
  const char* const end = ends[below(3)];
  const unsigned rows = 2 + below(12), columns = 1 + below(4);
  std::string text = below(4) == 0 ? "\xef\xbb\xbf" : "";
  if (!libsvm && below(2) == 0) text += columns == 1 ? std::string("a") + end : "a" + std::string(delimiter) + "b" + end;
  for (unsigned row = 0; row < rows; ++row) {
    for (unsigned c = 0; c < columns + 1; ++c) {
      if (c > 0) text += delimiter;
      if (libsvm && c > 0) text += std::to_string(2 * c - below(2)) + ":";
      text += below(60) == 0 ? rare[below(14)] : std::to_string(below(2000));
    }
    text += below(40) == 0 ? rare[below(14)] : "";
    text += row + 1 < rows || below(2) == 0 ? end : "";
  }
  return text + (below(5) == 0 ? "\n \n" : "");
}

TEST_F(StoredText, OfAnyKindIsThatWhichIsHeldOrIsRefusedAsThat) {
  std::mt19937 random(17);
  int compared = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    const std::string text = random_text(random), file = write("any", text);
    Selection selection;
    selection.labels = trial % 2 == 0 ? Labels::any : Labels::numbers;
    std::optional<Table> whole, table;
    std::string complaint, found;
    try {
      whole = read::read_file(file, selection);
    } catch (const DataError& error) {
      complaint = error.what();
    }
    try {
      table = stored(file, selection, 5 + random() % 60);
    } catch (const DataError& error) {
      found = error.what();
    }
    if (!table && found.empty()) continue;  // left to who reads the whole
    ++compared;
    ASSERT_EQ(found, complaint) << text;
    if (!table) continue;
    ASSERT_EQ(features_of(*table), features_of(*whole)) << text;
    ASSERT_EQ(table->y, whole->y) << text;
    ASSERT_EQ(table->labels, whole->labels) << text;
    if (whole->target_line > 0) {  // which LIBSVM loses by a blank end
      ASSERT_EQ(table->target_line, whole->target_line) << text;
    }
    ASSERT_EQ(table->feature_names, whole->feature_names) << text;
  }
  EXPECT_GT(compared, 500);
}

TEST_F(StoredText, IsHeldWhereItFitsOrCannotBeCut) {
  const std::string file = write("x.csv", csv(60, "\n", false, false));
  const auto open = std::make_shared<read::FileBuffer>(file, [](std::string_view) { return true; }, 0);
  Selection selection;
  const auto bytes = static_cast<double>(std::filesystem::file_size(file));
  selection.memory = bytes + 80 * 4 * sizeof(double);
  EXPECT_FALSE(read::read_stored_text(open, file, selection, 100).has_value());
  selection.memory = bytes + 45 * 4 * sizeof(double);
  EXPECT_TRUE(read::read_stored_text(open, file, selection, 100).has_value());
  EXPECT_FALSE(stored(write("cr.csv", csv(60, "\r", false, false)), {}, 100).has_value());
  const std::string blanks = "1 2  3\n4 5 6\n7 8 9\n";
  EXPECT_FALSE(stored(write("quotes.txt", blanks + "\"1\" 2 3\n"), {}, 100).has_value());
}

TEST_F(StoredText, KnowsWhetherItsNumbersCanBeUsed) {
  const auto in_range = [&](const std::string& name, const std::string& text) {
    const std::optional<Table> table = stored(write(name, text), {}, 20);
    return std::get<std::shared_ptr<const StoredFeatures>>(table->x)->in_range();
  };
  const std::string rows = "1,2,3\n4,5,6\n7,8,9\n10,11,12\n13,14,15\n";
  EXPECT_TRUE(in_range("x.csv", rows));
  EXPECT_FALSE(in_range("x.csv", rows + "1e61,2,3\n" + rows));
  EXPECT_TRUE(in_range("x.svm", "1 1:2\n2 2:3\n1 1:2\n2 2:3\n1 1:2\n"));
  EXPECT_FALSE(in_range("x.svm", "1 1:2\n2 2:3\n1 1:2\n2 2:-3e60\n1 1:2\n"));
}

TEST_F(StoredText, OfRanksIsTogetherThatWhichOneHolds) {
  const std::string body = csv(70, "\n", false, false);
  write("part-1.csv", body + "1,2,3,456");
  write("part-2.csv", csv(3, "\n", false, false));
  write("part-3.csv", csv(90, "\r\n", false, false));
  for (const std::string& files : {path("part-*.csv"), path("part-3.csv")}) {
    const Table whole = read_table(files);
    for (const int size : {1, 2, 3}) {
      std::vector<std::optional<Table>> parts(static_cast<std::size_t>(size));
      on_ranks(size, [&](const auto& communicator) {
        const Ranks ranks(communicator, RankOrder::any);
        Selection selection;
        selection.memory = 0;
        parts[static_cast<std::size_t>(ranks.rank())] = ranks.together([&] { return read::read_shared_text(files, selection, ranks, 100); });
      });
      Doubles x, y;
      for (const std::optional<Table>& part : parts) {
        ASSERT_TRUE(part.has_value());
        EXPECT_TRUE(std::holds_alternative<std::shared_ptr<const StoredFeatures>>(part->x));
        const Doubles own = features_of(*part);
        x.insert(x.end(), own.begin(), own.end());
        y.insert(y.end(), part->y.begin(), part->y.end());
      }
      EXPECT_EQ(x, features_of(whole)) << files << " on " << size;
      EXPECT_EQ(y, whole.y);
    }
  }
}

TEST_F(StoredText, IsAnErrorOnceTheFileIsAnother) {
  const std::string file = write("x.csv", csv(60, "\n", false, false));
  const std::optional<Table> table = stored(file, {}, 300);
  ASSERT_TRUE(table.has_value());
  write("x.csv", "1,2,3,4\n");
  Doubles x(static_cast<std::size_t>(table->features));
  EXPECT_THROW(table->read_features(3, 1, x.data()), DataError);
}

}  // namespace
}  // namespace neuspec::test
