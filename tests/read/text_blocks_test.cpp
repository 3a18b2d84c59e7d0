// Text files read in one block by one thread and in many by several: the same table or the same complaint. Files are made of cells whose values are
// known, with faults at known places.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "files.hpp"
#include "read/readers.hpp"
#include "threads/parallel.hpp"

namespace neuspec::test {
namespace {

using read::Selection;

struct Expected {
  Doubles x, y;
  Names labels;
  std::string complaint = {};  // without the file's name; empty for a file without faults
  bool operator==(const Expected&) const = default;
};

template <typename Reader>
Expected outcome(const Reader& reader, const std::string& text, const Selection& selection, std::size_t block_bytes) {
  try {
    const Table table = reader(text, "f", selection, block_bytes);
    return {features_of(table), table.y, table.labels};
  } catch (const DataError& error) {
    return {{}, {}, {}, std::string(error.what()).substr(1)};
  }
}

template <typename Reader>
void expect(const Reader& reader, const std::string& text, const Selection& selection, const Expected& expected) {
  for (const int threads : {1, 4}) {
    const ThreadScope scope(threads);
    for (const std::size_t block_bytes : {std::size_t{1}, std::size_t{7}, std::size_t{50}, read::kBlockBytes}) {
      const Expected found = outcome(reader, text, selection, block_bytes);
      ASSERT_EQ(found.complaint, expected.complaint) << threads << " threads, blocks of " << block_bytes << ":\n" << text;
      ASSERT_EQ(found, expected) << threads << " threads, blocks of " << block_bytes << ":\n" << text;
    }
  }
}

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

 protected:
  unsigned below(unsigned count) { return static_cast<unsigned>(random_() % count); }
  template <typename T, unsigned N>
  T one_of(const T (&values)[N]) {
    return values[below(N)];
  }

  // A number as text, and its value by strtod.
  std::string number(double& value) {
    static const char* const formats[] = {"%.17g", "%.6g", "%.0f", "%+.3f", "%.18e", "%.25f", "%.3e"};
    char text[400];
    std::snprintf(text, sizeof text, one_of(formats), std::ldexp(static_cast<double>(random_()) - 2e9, static_cast<int>(below(60)) - 50));
    value = std::strtod(text, nullptr);
    return text;
  }

  std::mt19937 random_;
};

// A header, a column without a name of its own, which is left out, numbers, and a target that may be words.
class CsvMaker : Maker {
 public:
  CsvMaker(unsigned seed, bool faulty) : Maker(seed), columns_(2 + below(5)), words_(below(3) == 0), faulty_(faulty) {
    rows_ = 1 + below(40);
    bad_row_ = below(rows_);
    bad_column_ = 1 + below(columns_);
    text = "Unnamed: 0";
    for (unsigned c = 1; c < columns_; ++c) text += delimiter_ + name(c);
    text += delimiter_ + ("y" + end_);
    for (unsigned row = 0; row < rows_; ++row) add_row(row);
    if (below(2) == 0) text.resize(text.size() - end_.size());
    if (words_) number_labels();
    if (faulty_) expected = {{}, {}, {}, expected.complaint};
  }

  std::string text;
  Expected expected;

 private:
  static std::string name(unsigned c) { return std::string("x").append(std::to_string(c)); }

  void add_row(unsigned row) {
    const bool bad = faulty_ && row == bad_row_;
    const unsigned line = line_;  // of a field: the row's first, plus the line feeds of the note
    const std::string written = note();
    const auto feeds = static_cast<unsigned>(std::count(written.begin(), written.end(), '\n'));
    line_ += 1 + feeds;
    text += written;
    for (unsigned c = 1; c <= columns_; ++c) {
      text += delimiter_;
      if (bad && c == bad_column_) {
        add_fault(c, line + feeds);
      } else if (c == columns_ && words_) {
        words_read_.push_back(std::string("w").append(1, static_cast<char>('a' + below(5))));
        text += dressed(words_read_.back());
      } else {
        double value = 0;
        text += dressed(number(value));
        (c == columns_ ? expected.y : expected.x).push_back(value);
      }
    }
    text += end_;
  }

  // Anything that a field may be.
  std::string note() {
    static const char* const bare[] = {"", "5\"", "a \"b\" c", "7", "it\"\"s", " x ", "\xe4"};
    static const char* const quoted[] = {"\"\"",     "\"a\n\nb\"", "\"say \"\"hi\"\"\"", " \"x,;\ty\" ",
                                         "\"\r\n\"", "\"\"\"\n\"", "\"a\"b\"\n\"",       "\"1\n2\n3\n4\n5\n6,7\n8\""};
    return below(2) == 0 ? one_of(bare) : one_of(quoted);
  }

  std::string dressed(const std::string& content) {
    const std::string blanks[] = {"", "", "", " ", "  "};
    const std::string before = one_of(blanks), after = one_of(blanks);
    return before + (below(4) == 0 ? "\"" + content + "\"" : content) + after;
  }

  void add_fault(unsigned c, unsigned line) {
    const std::string place = ":" + std::to_string(line) + ":" + std::to_string(c + 1) + ": ";
    const std::string of_column = " (column " + std::to_string(c + 1) + " '" + (c == columns_ ? "y" : name(c)) + "')";
    const bool target = c == columns_;
    const unsigned kind = below(target && words_ ? 2 : 5);
    if (kind == 0) {
      expected.complaint = place + "the field is empty; missing values are not accepted" + of_column;
    } else if (kind == 1) {
      text += "NA";
      expected.complaint = place + "'NA' stands for a missing " + (target && words_ && bad_row_ > 0 ? "label" : "value") +
                           "; missing values are not accepted" + of_column;
    } else if (kind == 2) {
      text += "1e999";
      expected.complaint = place + "'1e999' is not finite; NaN and infinity are not accepted" + of_column;
    } else if (kind == 3) {
      text += "\"1\"2";
      expected.complaint = place + "a quote is opened and not closed at the end of the field" + of_column;
    } else {
      const std::string message = "the row has more fields than the " + std::to_string(columns_ + 1) + " of the first line";
      if (c < columns_) {
        text += "1.5x";
        expected.complaint = place + "'1.5x' is not a number" + of_column;
      } else {
        text += "1" + std::string(1, delimiter_) + "2";
        expected.complaint = ":" + std::to_string(line) + ":" + std::to_string(columns_ + 2) + ": " + message;
      }
    }
  }

  void number_labels() {
    expected.labels = words_read_;
    std::sort(expected.labels.begin(), expected.labels.end());
    expected.labels.erase(std::unique(expected.labels.begin(), expected.labels.end()), expected.labels.end());
    for (const std::string& word : words_read_) {
      expected.y.push_back(static_cast<double>(std::find(expected.labels.begin(), expected.labels.end(), word) - expected.labels.begin()));
    }
  }

  const char delimiter_ = one_of({',', ';', '\t'});
  const std::string end_ = below(2) == 0 ? "\n" : "\r\n";
  unsigned columns_, rows_ = 0, bad_row_ = 0, bad_column_ = 0, line_ = 2;
  bool words_, faulty_;
  Names words_read_;
};

// Samples whose indices ascend, between comments and blank lines.
class LibsvmMaker : Maker {
 public:
  LibsvmMaker(unsigned seed, bool faulty) : Maker(seed) {
    const unsigned samples = 1 + below(40), bad = below(samples);
    std::vector<Doubles> rows;
    std::size_t features = 1;
    for (unsigned sample = 0; sample < samples; ++sample) {
      while (below(5) == 0) add_line(one_of({"", "  ", "# 1 2:3", " \t# x"}));
      double label = 0;
      column_ = 1;
      std::string content = one_of({"", " "}) + number(label);
      expected.y.push_back(label);
      rows.push_back(pairs(content));
      features = std::max(features, rows.back().size());
      if (faulty && sample == bad) add_fault(content, rows.back().size());
      content += one_of({"", " ", "#", " # 9:9", " qid:4"});
      add_line(content);
    }
    for (Doubles& row : rows) {
      row.resize(features);
      expected.x.insert(expected.x.end(), row.begin(), row.end());
    }
    if (faulty) expected = {{}, {}, {}, expected.complaint};
  }

  std::string text;
  Expected expected;

 private:
  // The last one is no zero by accident of the maker: the row ends with it.
  Doubles pairs(std::string& content) {
    Doubles row;
    for (unsigned count = 1 + below(6), index = 1 + below(4); count > 0; --count, index += 1 + below(5)) {
      if (below(6) == 0) add_word(content, "qid:" + std::to_string(below(9)));
      row.resize(index);
      const std::string value = number(row.back());
      add_word(content, (below(8) == 0 ? "00" : "") + std::to_string(index) + ":" + value);
    }
    return row;
  }

  void add_word(std::string& content, const std::string& word) {
    content += one_of({" ", "  ", "\t", " \r"}) + word;
    ++column_;
  }

  void add_fault(std::string& content, std::size_t last) {
    const std::string index = std::to_string(last), next = std::to_string(last + 1);
    const unsigned kind = below(6);
    add_word(content, kind == 0   ? index + ":1"
                      : kind == 1 ? "0:1"
                      : kind == 2 ? next + ":x"
                      : kind == 3 ? next
                      : kind == 4 ? next + ":"
                                  : next + ":-inf");
    const std::string complaints[] = {"the index '" + index + "' does not ascend after " + index,
                                      "the index '0' is below 1; indices count from 1",
                                      "the value 'x' is not a number",
                                      "'" + next + "' is not of the form index:value",
                                      "the value '' is not a number",
                                      "the value '-inf' is not finite"};
    expected.complaint = ":" + std::to_string(line_) + ":" + std::to_string(column_) + ": " + complaints[kind];
  }

  void add_line(const std::string& content) {
    text += content + "\n";
    ++line_;
  }

  unsigned line_ = 1, column_ = 1;
};

TEST(TextBlocks, csv_is_the_same_however_it_is_cut) {
  Selection selection;
  selection.labels = Labels::any;
  for (unsigned seed = 0; seed < 1500; ++seed) {
    const CsvMaker made(seed, seed % 2 == 1);
    ASSERT_NO_FATAL_FAILURE(expect(read::read_csv, made.text, selection, made.expected)) << seed;
  }
}

TEST(TextBlocks, libsvm_is_the_same_however_it_is_cut) {
  for (unsigned seed = 0; seed < 1500; ++seed) {
    const LibsvmMaker made(seed, seed % 2 == 1);
    ASSERT_NO_FATAL_FAILURE(expect(read::read_libsvm, made.text, Selection{}, made.expected)) << seed;
  }
}

// Blanks become delimiters block by block.
TEST(TextBlocks, blank_separated_columns_are_the_same_however_they_are_cut) {
  std::mt19937 random(4);
  for (int i = 0; i < 300; ++i) {
    std::string text = "a  b c y\r\n";
    Expected expected;
    const auto rows = 1 + random() % 30;
    for (unsigned row = 0; row < rows; ++row) {
      for (int c = 0; c < 4; ++c) {
        const double value = static_cast<double>(random() % 2000) / 8 - 100;
        const bool bare = row == 0 || random() % 2 == 0;  // a second line of bare numbers tells that blanks are delimiters
        char cell[40];
        std::snprintf(cell, sizeof cell, bare ? " %8.3f" : " \"%.3f\"", value);
        text += cell;
        (c == 3 ? expected.y : expected.x).push_back(value);
      }
      text += random() % 2 == 0 ? " \n" : "\n";
    }
    ASSERT_NO_FATAL_FAILURE(expect(read::read_csv, text, Selection{}, expected));
  }
}

}  // namespace
}  // namespace neuspec::test
