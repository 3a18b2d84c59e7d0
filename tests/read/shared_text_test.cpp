// Text that ranks share out: each reads its own part, and together they have what one process has.
#include "read/shared_text.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <optional>

#include "distribute/ranks.hpp"
#include "files.hpp"
#include "read/part_of_ranks.hpp"
#include "support/thread_ranks.hpp"
#include "threads/parallel.hpp"

namespace neuspec::test {
namespace {

/// What ranks have read, one after the other.
struct Together {
  Doubles x, y;
  Names labels;  // of every sample, where they are text
  std::vector<Index> samples;
  Table first;
  std::string complaint = "no complaint";
  bool in_parts = false;  // nobody read the whole
};

class SharedText : public Files {
 protected:
  /// Bytes that this thread has read.
  static std::size_t bytes_read() {
    std::ifstream counts("/proc/thread-self/io");
    std::string name;
    std::size_t bytes = 0;
    counts >> name >> bytes;
    return bytes;
  }

  static void add(const Table& part, int rank, Together& all) {
    const Doubles x = features_of(part);
    all.x.insert(all.x.end(), x.begin(), x.end());
    all.y.insert(all.y.end(), part.y.begin(), part.y.end());
    for (const double y : part.y) all.labels.push_back(part.labels.empty() ? "" : part.labels[static_cast<std::size_t>(y)]);
    EXPECT_EQ(part.before, std::accumulate(all.samples.begin(), all.samples.end(), Index{0}));
    all.samples.push_back(part.samples);
    if (rank == 0) all.first = part;
  }

  Together read(const std::string& path, int size, const ReadOptions& options = {}) const {
    std::vector<std::optional<Table>> parts(static_cast<std::size_t>(size));
    Together all;
    std::atomic<int> in_parts = 0;
    read::Selection selection;
    selection.labels = options.labels;
    selection.header = options.header;
    on_ranks(size, [&](const auto& communicator) {
      const Ranks ranks(communicator, RankOrder::any);
      ranks.name_ranks(false);
      ranks.together([&] {
        in_parts += read::read_shared_text(path, selection, ranks).has_value() ? 1 : 0;
        return 0;
      });
    });
    all.in_parts = in_parts == size;
    const auto failures = on_ranks(size, [&](const auto& communicator) {
      const Ranks ranks(communicator, RankOrder::any);
      ranks.name_ranks(false);
      parts[static_cast<std::size_t>(ranks.rank())] = ranks.together([&] { return read::read_part(path, options, ranks); });
    });
    for (int rank = 0; rank < size; ++rank) {
      const auto at = static_cast<std::size_t>(rank);
      EXPECT_EQ(failures[at] != nullptr, failures[0] != nullptr);
      if (failures[at] == nullptr) add(*parts[at], rank, all);
      try {
        if (failures[at] != nullptr) std::rethrow_exception(failures[at]);
      } catch (const DataError& error) {
        if (rank > 0) {
          EXPECT_EQ(all.complaint, error.what());
        }
        all.complaint = error.what();
      }
    }
    return all;
  }

  /// One to four ranks have what one process has.
  void expect_the_same(const std::string& path, const ReadOptions& options = {}, bool in_parts = true) const {
    const Table whole = read_table(path, options);
    for (const int size : {1, 2, 3, 4}) {
      SCOPED_TRACE(path + " on " + std::to_string(size));
      const Together all = read(path, size, options);
      ASSERT_EQ(all.complaint, "no complaint");
      EXPECT_EQ(all.in_parts, in_parts);
      EXPECT_EQ(all.x, features_of(whole));
      for (std::size_t i = 0; i < whole.y.size(); ++i) {
        if (whole.labels.empty()) {
          EXPECT_EQ(all.y[i], whole.y[i]);
        } else {
          EXPECT_EQ(all.labels[i], whole.labels[static_cast<std::size_t>(whole.y[i])]);
        }
      }
      EXPECT_EQ(all.first.feature_names, whole.feature_names);
      EXPECT_EQ(all.first.target_names, whole.target_names);
      EXPECT_EQ(all.first.columns.targets, whole.columns.targets);
      EXPECT_EQ(all.first.notices, whole.notices);
      EXPECT_EQ(all.first.path, whole.path);
      EXPECT_EQ(all.first.target_line, whole.target_line);
    }
  }

  /// And what they complain about is what one process does.
  void expect_the_same_complaint(const std::string& path, const ReadOptions& options = {}) const {
    std::string expected;
    try {
      read_table(path, options);
    } catch (const DataError& error) {
      expected = error.what();
    }
    ASSERT_NE(expected, "");
    for (const int size : {1, 2, 3, 4}) EXPECT_EQ(read(path, size, options).complaint, expected) << size;
  }

  static std::string rows(int count, const std::string& end = "\n", const std::string& label = "") {
    std::string text;
    for (int i = 0; i < count; ++i)
      text += std::to_string(i) + ".5," + std::to_string(i * i) + "," + (label.empty() ? std::to_string(i % 7) : label) + end;
    return text;
  }
};

TEST_F(SharedText, CsvIsCutAtLineEnds) {
  expect_the_same(write("plain.csv", rows(100)));
  expect_the_same(write("header.csv", "a,b,y\n" + rows(100)));
  expect_the_same(write("mark.csv",
                        "\xef\xbb\xbf"
                        "a;b;y\r\n1;2;3\r\n4;5;6\r\n7;8;9\r\n10;11;12\r\n13;14;15\r\n\r\n\r\n"));
  std::string open = rows(50);
  open.pop_back();  // no line feed at its end
  expect_the_same(write("open.csv", open), {.header = Header::absent});
  expect_the_same(write("index.csv", ",b,y\n" + rows(100)));
  expect_the_same(write("named.csv", "a,b,y\n" + rows(100)), {.targets = {"a"}});
  std::string uneven;
  for (int i = 1; i < 60; ++i) uneven += std::string(static_cast<std::size_t>(i), '1') + ",2,3\n";
  expect_the_same(write("uneven.csv", uneven));
  std::string quoted = "\"a\",\"the \"\"b\"\"\",y\n";
  for (int i = 0; i < 90; ++i) quoted += "\"" + std::to_string(i) + "\",2," + std::to_string(i) + "\n";
  expect_the_same(write("quoted.csv", quoted));
}

TEST_F(SharedText, ColumnsThatBlanksKeepApartAreCutAtLineEnds) {
  std::string blanks;
  for (int i = 0; i < 60; ++i) blanks += " 1.5  2   " + std::to_string(i) + "\n";
  expect_the_same(write("blanks.txt", blanks));
  expect_the_same(write("named.txt", "a  b y\n" + blanks), {.targets = {"a"}});
  write("some-1.txt", blanks + "1 2 345678");
  write("some-2.txt", blanks);
  expect_the_same(path("some-*.txt"));
  expect_the_same_complaint(write("ragged.txt", blanks + "1 2\n" + blanks));
}

TEST_F(SharedText, LabelsAreThoseOfAllRanks) {
  const ReadOptions any{.labels = Labels::any};
  expect_the_same(write("words.csv", rows(60, "\n", "cat") + rows(60, "\n", "dog")), any);
  expect_the_same(write("last.csv", rows(120) + "1,2,only here\n"), any);
  expect_the_same(write("first.csv", "a,b,y\n1,2,only here\n" + rows(120)), any);
  expect_the_same(write("latin.csv", rows(60, "\n",
                                          "Stra\xdf"
                                          "e") +
                                         rows(60, "\n", "Weg")),
                  any);
}

TEST_F(SharedText, LibsvmIsCutAtLineEnds) {
  std::string narrow;
  for (int i = 0; i < 80; ++i) narrow += std::to_string(i % 2) + " 1:" + std::to_string(i) + " 3:0.5 # no comment\n";
  expect_the_same(write("narrow.svm", narrow));
  expect_the_same(write("wide.svm", narrow + "1 2:1 9:4\n"));
  expect_the_same(write("sparse.svm", "# nothing\n\n" + narrow + "\n\n# nothing\n" + narrow + "1 qid:3 2:1 9:4 qid:4\n"));
  expect_the_same(write("asked.svm", narrow), {.features = 5});
}

TEST_F(SharedText, PartsAreSharedOutByTheirBytes) {
  write("part-1.csv", "a,b,y\n" + rows(3));
  write("part-2.csv", "a,b,y\n" + rows(50, "\r\n"));
  write("part-3.csv", "\"a\",b,y\n" + rows(1));
  write("part-4.csv", "a,b,y\n" + rows(20));
  expect_the_same(path("part-*.csv"));
  const ReadOptions any{.labels = Labels::any};
  write("part-5.csv", "a,b,y\n1,2,word\n");
  expect_the_same(path("part-*.csv"), any);
  write("wide-1.svm", "1 1:1 2:2\n0 1:1\n1 2:5\n0 1:7\n");
  write("wide-2.svm", "1 1:1 2:2\n0 1:1\n1 2:5\n0 1:7\n0 7:1\n");
  write("wide-3.svm.gz", gzip("1 1:1 2:2\n0 1:1\n1 9:5\n0 1:7\n0 7:1\n"));
  expect_the_same(path("wide-*"));
  std::string list;
  for (int i = 0; i < 8; ++i) list += (i > 0 ? "," : "") + write(std::to_string(i) + ".csv.gz", gzip("a,b,y\n" + rows(30)));
  expect_the_same(list);
}

// The cut between two ranks is three bytes before the end of the first file.
TEST_F(SharedText, ALastLineWithoutLineFeedIsWhole) {
  const std::string first = "a,b,y\n" + rows(20) + "1,2,1234567890";
  write("open-1.csv", first);
  std::string second = "a,b,y\n" + rows(18) + "1,2,0";
  second.append(first.size() - 6 - second.size(), '1');
  write("open-2.csv", second);
  expect_the_same(path("open-*.csv"));
}

TEST_F(SharedText, WhatCannotBeCutIsReadWhole) {
  std::string quotes;
  for (int i = 0; i < 60; ++i) quotes += " 1.5  \"2\"   " + std::to_string(i) + "\n";
  expect_the_same(write("quotes.txt", quotes), {}, false);
  expect_the_same(write("one.csv.gz", gzip(rows(60))), {}, false);
  std::string lines = "a,b,y\n";
  for (int i = 0; i < 40; ++i) lines += "1,\"" + std::to_string(i) + "\",\"a\n\nword\n\n\nof lines\n\n\"\n";
  const Together all = read(write("lines.csv", lines), 3, {.labels = Labels::any});
  EXPECT_EQ(all.labels, Names(40, "a\n\nword\n\n\nof lines\n\n"));
  std::string returns = rows(40);
  std::replace(returns.begin(), returns.end(), '\n', '\r');
  expect_the_same(write("mac.csv", returns), {}, false);
}

TEST_F(SharedText, LabelsOfTheirOwnFileAreTheRanksToo) {
  std::string labels, features;
  for (int i = 0; i < 90; ++i) {
    labels += std::to_string(i % 5) + "\n";
    features += std::to_string(i) + "," + std::string(static_cast<std::size_t>(1 + i % 20), '2') + "\n";
  }
  expect_the_same(write("x.csv", features), {.labels_file = write("y.csv", labels)});
  expect_the_same_complaint(write("x.csv", features), {.labels_file = write("few.csv", "1\n2\n3\n")});
}

TEST_F(SharedText, ErrorsNameLineAndColumnOfTheWholeFile) {
  const std::string good = "a,b,y\n" + rows(100);
  for (const char* bad : {"1,x,3\n", "1,NA,3\n", "1,,3\n", "1,2\n", "1,2,3,4\n", "\n", "1,\"2,3\n", "1,1e999,3\n"}) {
    expect_the_same_complaint(write("late.csv", good + bad + rows(3)));
    expect_the_same_complaint(write("early.csv", "a,b,y\n1,2,3\n" + std::string(bad) + rows(100) + bad));
    expect_the_same_complaint(write("last.csv", good + rows(200) + bad + "1,2,3\n"));
  }
  std::string libsvm;
  for (int i = 0; i < 80; ++i) libsvm += std::to_string(i % 2) + " 1:" + std::to_string(i) + " 3:0.5\n";
  for (const char* bad : {"1 3:1 2:1\n", "1 0:1\n", "1 2:x\n", "word 1:1\n", "1 1:1 99:1 2:1\n", "1 100000000:1\n"}) {
    expect_the_same_complaint(write("late.svm", libsvm + bad + "1 1:1\n"));
    expect_the_same_complaint(write("early.svm", "1 1:1\n" + std::string(bad) + libsvm));
  }
  expect_the_same_complaint(write("undecided.csv", "1,NA,3\n" + rows(100)));
  expect_the_same_complaint(path("missing.csv"));
  expect_the_same_complaint(write("empty.csv", ""));
  expect_the_same_complaint(write("label.csv", good + "1,2,word\n" + rows(2)));
}

TEST_F(SharedText, ErrorsOfPartsAreThoseOfTheFirst) {
  write("part-1.csv", "a,b,y\n" + rows(30));
  write("part-2.csv", "a,c,y\n" + rows(30));
  write("part-3.csv", "a,b\n1,2\n3,4\n5,6\n");
  expect_the_same_complaint(path("part-*.csv"));
  write("part-2.csv", "a,b,y\n" + rows(30) + "1,2,x\n");
  expect_the_same_complaint(path("part-*.csv"));
  write("part-3.csv", "a,b,y\n1,2,NA\n" + rows(20));
  expect_the_same_complaint(path("part-*.csv"));
}

TEST_F(SharedText, ARankReadsNoMoreThanItsPart) {
  if (bytes_read() == 0) {
    GTEST_SKIP() << "this kernel does not tell what a thread has read";
  }
  std::string text = "a,b,y\n";
  while (text.size() < (std::size_t{8} << 20U)) text += rows(1000);
  const std::string csv = write("large.csv", text);
  std::string parts;
  for (int i = 0; i < 8; ++i)
    parts += (i > 0 ? "," : "") + write("part-" + std::to_string(i) + ".csv", "a,b,y\n" + text.substr(6, text.rfind('\n', text.size() / 8) - 5));
  for (const std::string& path : {csv, parts}) {
    const int size = 4;
    std::mutex mutex;
    std::size_t most = 0, all = 0;
    on_ranks(size, [&](const auto& communicator) {
      const ThreadScope alone(1);
      const Ranks ranks(communicator, RankOrder::any);
      const std::size_t before = bytes_read();
      ranks.together([&] { EXPECT_GT(read::read_part(path, {}, ranks).samples, 0); });
      const std::size_t own = bytes_read() - before;
      const std::lock_guard lock(mutex);
      most = std::max(most, own);
      all += own;
    });
    const std::size_t beginnings = 2 * 3 * (std::size_t{1} << 17U);  // of the files that a rank reads some of
    EXPECT_LT(most, text.size() / 4 + beginnings);
    EXPECT_GT(all, text.size() * 9 / 10) << "counted";
  }
}

}  // namespace
}  // namespace neuspec::test
