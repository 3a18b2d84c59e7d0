#include "files.hpp"
#include "text/utf8.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;

/// Text as it comes: encodings, marks, line ends, blanks, words as labels.
class Text : public Files {};

TEST_F(Text, is_utf8_only_if_every_character_is) {
  for (const char* text : {"", "a", "größe", "€", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text :
       {"\xf6", "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xe2\x82z"})
    EXPECT_FALSE(is_utf8(text));
}

TEST_F(Text, of_any_8_bits_becomes_utf8_and_no_two_become_one) {
  std::set<std::string> all;
  for (int byte = 1; byte < 256; ++byte) {
    const std::string text = utf8_of_windows_1252(std::string(1, static_cast<char>(byte)));
    EXPECT_TRUE(is_utf8(text));
    all.insert(text);
  }
  EXPECT_EQ(all.size(), 255U);
  EXPECT_EQ(utf8_of("gr\xf6\xdf"
                    "e"),
            "größe");
  EXPECT_EQ(utf8_of("\x80\x93\x9f"), "€“Ÿ");
  EXPECT_EQ(utf8_of("größe"), "größe");
}

TEST_F(Text, names_in_latin_1_are_read_as_such_wherever_they_stand) {
  const Table table = read_table(write("a.csv",
                                       "gr\xf6\xdf"
                                       "e,b,\xe4t\xe4\n1,2,3\n"));
  EXPECT_EQ(table.feature_names, (Names{"größe", "b"}));
  EXPECT_EQ(table.target_names, Names{"ätä"});
  ASSERT_EQ(table.notices.size(), 1U);
  EXPECT_THAT(table.notices[0], HasSubstr("a.csv: the names of the columns are not UTF-8: read as Windows-1252 (Latin-1)"));
  for (const char* name : {"größe",
                           "gr\xf6\xdf"
                           "e"})
    EXPECT_EQ(read_table(path("a.csv"), {.targets = {name}}).y, Doubles{1});
  EXPECT_TRUE(read_table(write("b.csv", "größe,y\n1,2\n")).notices.empty());
}

TEST_F(Text, a_byte_order_mark_is_nothing_in_every_format) {
  const std::string mark = "\xef\xbb\xbf";
  EXPECT_EQ(read_table(write("a.svm", mark + "+1 1:0.5 3:1.2\n-1 2:0.3\n")).y, (Doubles{1, -1}));
  EXPECT_EQ(read_table(write("a.csv", mark + "\"a\",\"b\"\r\n1,2\r\n")).feature_names, Names{"a"});
  EXPECT_EQ(read_table(write("b.csv", mark + "1,2\n")).samples, 1);
  EXPECT_EQ(read_table(path("b.csv"), {.labels_file = write("y.csv", mark + "7\n")}).y, Doubles{7});
  EXPECT_EQ(read_table(write("c.data", mark + "1 2\n")).samples, 1);
  for (const char* text : {"\xff\xfe", "\xfe\xff"})
    EXPECT_THAT(complaint("d.csv", std::string(text) + "ab"), HasSubstr("UTF-16 text: save it as UTF-8"));
}

TEST_F(Text, carriage_returns_alone_end_lines_too) {
  const Table table = read_table(write("mac.csv", "a,b,y\r1,2,3\r2,1,4\r"));
  EXPECT_EQ(table.feature_names, (Names{"a", "b"}));
  EXPECT_EQ(table.y, (Doubles{3, 4}));
  EXPECT_EQ(complaint("bad.csv", "a,b\r1,2\r3,x\r"), "bad.csv:3:2: 'x' is not a number; only labels of classes may be text (column 2 'b')");
  EXPECT_EQ(read_table(write("mac.svm", "1 1:2\r0 2:1\r")).samples, 2);
}

TEST_F(Text, blanks_separate_columns_where_nothing_else_does) {
  const Table table = read_table(write("housing.data", " 0.00632  18.00   2.310\n 0.02731   0.00   7.070\r\n 0.02729   0.00   7.070\n\n"));
  EXPECT_EQ(features_of(table), (Doubles{0.00632, 18, 0.02731, 0, 0.02729, 0}));
  EXPECT_EQ(table.y, (Doubles{2.31, 7.07, 7.07}));
  EXPECT_EQ(read_table(write("b.data", "\"the first\"  b y\n1 2 3\n")).feature_names, (Names{"the first", "b"}));
  EXPECT_EQ(complaint("c.data", "1 2 3\n4 5\n"), "c.data:2:3: the row ends after 2 fields; the first line has 3");
  EXPECT_EQ(complaint("d.data", "1 2 3\n4 5 6\n7 8,5 9\n"), "d.data:3:2: '8,5' is not a number (column 2)");
  EXPECT_EQ(read_table(write("e.csv", "two words\n1\n2\n"), {.without_targets = true}).feature_names, Names{"two words"});
}

TEST_F(Text, several_labels_a_sample_are_named_as_the_fault) {
  EXPECT_EQ(complaint("ml.svm", "1,3 1:0.5 2:1.2\n2 2:0.3\n"), "ml.svm:1:1: the sample has several labels, '1,3'; one is expected");
  EXPECT_EQ(complaint("ml.svm", "2 1:0.5 2:1.2\n1,3,5 2:0.3\n"), "ml.svm:2:1: the sample has several labels, '1,3,5'; one is expected");
}

TEST_F(Text, labels_may_be_words_where_classes_are_wanted) {
  const ReadOptions any{.labels = Labels::any};
  const std::string text = "a,b,answer\n1,2,yes\n3,4,\"no\"\n5,6, yes\n";
  const Table table = read_table(write("a.csv", text), any);
  EXPECT_EQ(table.labels, (Names{"no", "yes"}));
  EXPECT_EQ(table.y, (Doubles{1, 0, 1}));
  EXPECT_EQ(features_of(table), (Doubles{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(table.target_line, 2);
  EXPECT_EQ(complaint("a.csv", text), "a.csv:2:3: 'yes' is not a number; only labels of classes may be text (column 3 'answer')");
  EXPECT_EQ(complaint("b.csv", "a,y\nx,yes\n", any), "b.csv:2:1: 'x' is not a number (column 1 'a')");
  EXPECT_EQ(complaint("c.csv", "a,y\n1,yes\n2,NA\n", any),
            "c.csv:3:2: 'NA' stands for a missing label; missing values are not accepted (column 2 'y')");
  EXPECT_EQ(complaint("d.csv", "a,y\n1,1\n2,?\n", any), "d.csv:3:2: '?' stands for a missing value; missing values are not accepted (column 2 'y')");
  EXPECT_EQ(complaint("e.csv", "a,y\n1,yes\n2,\n", any), "e.csv:3:2: the field is empty; missing values are not accepted (column 2 'y')");
  EXPECT_EQ(read_table(write("f.csv", "a,y\n1,1\n2,2\n3,other\n"), any).labels, (Names{"1", "2", "other"})) << "then all of them are text";
  EXPECT_TRUE(read_table(write("g.csv", "a,y\n1,1\n2,2\n"), any).labels.empty());
  EXPECT_EQ(read_table(path("g.csv"), {.labels = Labels::text}).labels, (Names{"1", "2"}));
  EXPECT_EQ(read_table(write("h.csv", "a,y\n1,\xe4\n2,b\n"), any).labels, (Names{"b", "ä"}));
}

TEST_F(Text, labels_of_a_large_file_agree_between_its_blocks) {
  const Names names = {"delta", "alpha", "charlie", "bravo"};
  std::string text = "a,y\n";
  for (int i = 0; i < 200000; ++i) text += std::to_string(i) + ',' + names[static_cast<std::size_t>(i < 100000 ? i % 2 : i % 4)] + '\n';
  const Table table = read_table(write("a.csv", text), {.labels = Labels::any});
  EXPECT_EQ(table.labels, (Names{"alpha", "bravo", "charlie", "delta"}));
  ASSERT_EQ(table.y.size(), 200000U);
  for (std::size_t i = 0; i < table.y.size(); ++i) {
    ASSERT_EQ(table.labels[static_cast<std::size_t>(table.y[i])], names[i < 100000 ? i % 2 : i % 4]) << i;
  }
}

}  // namespace
}  // namespace neuspec::test
