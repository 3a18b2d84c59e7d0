#include <algorithm>
#include <cmath>
#include <cstdio>

#include "files.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;

class Csv : public Files {};

TEST_F(Csv, without_header_takes_the_last_column_as_target) {
  const Table table = read_table(write("a.csv", "1,2.5,-3\n4,5e1,.5\n"));
  EXPECT_EQ(table.path, path("a.csv"));
  EXPECT_EQ(table.samples, 2);
  EXPECT_EQ(table.features, 2);
  EXPECT_EQ(table.targets, 1);
  EXPECT_EQ(features_of(table), (Doubles{1, 2.5, 4, 50}));
  EXPECT_EQ(table.y, (Doubles{-3, 0.5}));
  EXPECT_EQ(table.feature_names, (Names{"x0", "x1"}));
  EXPECT_EQ(table.target_names, Names{"y0"});
  EXPECT_EQ(table.image_height, 0);
}

TEST_F(Csv, finds_header_and_delimiter) {
  for (const char delimiter : {',', ';', '\t'}) {
    std::string text = "height,width,y\n1,2,3\n4,5,6\n";
    std::replace(text.begin(), text.end(), ',', delimiter);
    const Table table = read_table(write("a.csv", text));
    EXPECT_EQ(table.feature_names, (Names{"height", "width"}));
    EXPECT_EQ(table.target_names, Names{"y"});
    EXPECT_EQ(features_of(table), (Doubles{1, 2, 4, 5}));
    EXPECT_EQ(table.y, (Doubles{3, 6}));
  }
}

TEST_F(Csv, a_delimiter_inside_names_does_not_mislead) {
  EXPECT_EQ(read_table(write("a.csv", "height, in cm;y\n1;2\n")).feature_names, Names{"height, in cm"});
  EXPECT_EQ(read_table(write("b.csv", "height; in cm,width,y\n1,2,3\n")).feature_names, (Names{"height; in cm", "width"}));
  EXPECT_EQ(read_table(write("c.csv", "\"a;b\",\"c;d\",y\n1,2,3\n")).feature_names, (Names{"a;b", "c;d"}));
}

TEST_F(Csv, line_breaks_blanks_quotes_and_mark_change_nothing) {
  const Doubles x = {1, 2, 4, 5};
  for (const char* text : {"a,b,y\n1,2,3\n4,5,6", "a,b,y\r\n1,2,3\r\n4,5,6\r\n",
                           "\xef\xbb\xbf"
                           "a,b,y\n1,2,3\n4,5,6\n\n",
                           "a,b,y\n1,2,3\n4,5,6\n \r\n\n\r\n", "a , b,  y\n 1 ,2\t,  3\n4, 5,6 \n", "\"a\",\"b\",\"y\"\n\"1\",2,\"3\"\n4,\" 5\",6\n",
                           "a,b,y\n+1,2.,3e0\n4,5,0006\n", "\"a\", \"b\" ,y\r\n\"1\",\"2\",\"3\"\r\n\"4\",\"5\",\"6\""}) {
    const Table table = read_table(write("a.csv", text));
    EXPECT_EQ(features_of(table), x) << text;
    EXPECT_EQ(table.y, (Doubles{3, 6})) << text;
    EXPECT_EQ(table.feature_names, (Names{"a", "b"})) << text;
  }
}

TEST_F(Csv, quoted_names_hold_quotes_delimiters_and_line_feeds) {
  const Table table = read_table(write("a.csv", "\"say \"\"hi\"\"\",\"a,b\",\"two\nlines\",y\n1,2,3,4\n"));
  EXPECT_EQ(table.feature_names, (Names{"say \"hi\"", "a,b", "two\nlines"}));
  EXPECT_EQ(complaint("a.csv", "\"two\nlines\",y\n1,2\n1,x\n"), "a.csv:4:2: 'x' is not a number; only labels of classes may be text (column 2 'y')");
}

TEST_F(Csv, a_quote_inside_a_bare_name_is_a_character) {
  EXPECT_EQ(read_table(write("a.csv", "height 5\",y\n1,2\n3,4\n")).feature_names, Names{"height 5\""});
}

TEST_F(Csv, one_sample_one_column_and_many) {
  EXPECT_EQ(read_table(write("a.csv", "1,2")).samples, 1);
  const Table column = read_table(write("b.csv", "7\n8\n"), {.without_targets = true});
  EXPECT_EQ(features_of(column), (Doubles{7, 8}));
  EXPECT_EQ(column.targets, 0);
  EXPECT_TRUE(column.y.empty());
}

TEST_F(Csv, values_that_underflow_become_zero) {
  EXPECT_EQ(features_of(read_table(write("a.csv", "1e-400,1\n-4.9e-324,1\n"))), (Doubles{0, -4.9e-324}));
}

TEST_F(Csv, names_the_place_of_every_error) {
  EXPECT_EQ(complaint("a.csv", ""), "a.csv: the file is empty");
  EXPECT_EQ(complaint("a.csv", "\n\n \r\n"), "a.csv: the file is empty");
  EXPECT_EQ(complaint("a.csv", "\xef\xbb\xbf"), "a.csv: the file is empty");
  EXPECT_EQ(complaint("a.csv", "a,b\n"), "a.csv:1: a header alone, no samples");
  EXPECT_EQ(complaint("a.csv", "a,b,c\n1,2,3\n1,2\n"), "a.csv:3:3: the row ends after 2 fields; the first line has 3");
  EXPECT_EQ(complaint("a.csv", "1,2,3\n1\r\n1,2,3\n"), "a.csv:2:2: the row ends after 1 field; the first line has 3");
  EXPECT_EQ(complaint("a.csv", "a,b\n1,2\n1,2,3\n"), "a.csv:3:3: the row has more fields than the 2 of the first line");
  EXPECT_EQ(complaint("a.csv", "1,2\n\n3,4\n"), "a.csv:2: a blank line between the samples");
  EXPECT_EQ(complaint("a.csv", "\n1,2\n"), "a.csv:1: the first line is blank");
  EXPECT_EQ(complaint("a.csv", "height,y\n1,2\nfive,4\n"), "a.csv:3:1: 'five' is not a number (column 1 'height')");
  EXPECT_EQ(complaint("a.csv", "1,2,3\n4,5 6,7\n"), "a.csv:2:2: '5 6' is not a number (column 2)");
  EXPECT_EQ(complaint("a.csv", "1,2,3\n4,1e,7\n"), "a.csv:2:2: '1e' is not a number (column 2)");
  EXPECT_EQ(complaint("a.csv", "1,2,3\n4,0x10,7\n"), "a.csv:2:2: '0x10' is not a number (column 2)");
  EXPECT_EQ(complaint("a.csv", "a,y\n1,2\n,4\n"), "a.csv:3:1: the field is empty; missing values are not accepted (column 1 'a')");
  EXPECT_EQ(complaint("a.csv", "1,2,\n3,4,5\n"), "a.csv:1:3: the field is empty; missing values are not accepted (column 3)");
  EXPECT_EQ(complaint("a.csv", "a,y\n1,2\nNaN,4\n"), "a.csv:3:1: 'NaN' is not finite; NaN and infinity are not accepted (column 1 'a')");
  EXPECT_EQ(complaint("a.csv", "1,-inf\n"), "a.csv:1:2: '-inf' is not finite; NaN and infinity are not accepted (column 2)");
  EXPECT_EQ(complaint("a.csv", "1,2\n3,1e999\n"), "a.csv:2:2: '1e999' is not finite; NaN and infinity are not accepted (column 2)");
  EXPECT_EQ(complaint("a.csv", "a,species\n1,setosa\n"),
            "a.csv:2:2: 'setosa' is not a number; only labels of classes may be text (column 2 'species')");
  EXPECT_EQ(complaint("a.csv", "1,2\n\"3,4\n5,6\n"), "a.csv:2:1: a quote is opened here and never closed");
  EXPECT_EQ(complaint("a.csv", "a,b,y\n\"1,2,3\n2,1,4\n"), "a.csv:2:1: a quote is opened here and never closed");
  EXPECT_EQ(complaint("a.csv", "1,2\n3,\"4\n"), "a.csv:2:2: a quote is opened and not closed at the end of the field (column 2)");
  EXPECT_EQ(complaint("a.csv", "1,2\n3,\"4\"5\n"), "a.csv:2:2: a quote is opened and not closed at the end of the field (column 2)");
  EXPECT_EQ(complaint("a.csv", "a,\"b\n1,2\n"), "a.csv:1:2: a quote is opened and not closed at the end of the field");
  EXPECT_EQ(complaint("a.csv", "1,5;2\n1,5;3\n"), "a.csv:1:1: '1,5' is not a number (column 1)");
}

TEST_F(Csv, unprintable_and_endless_fields_are_shown_safely) {
  EXPECT_EQ(complaint("a.csv", "1,2\n\x01z,2\n"), "a.csv:2:1: '\\x01z' is not a number (column 1)");
  EXPECT_EQ(complaint("a.csv", "1,2\n" + std::string(5000, 'z') + ",2\n"), "a.csv:2:1: '" + std::string(40, 'z') + "…' is not a number (column 1)");
}

TEST_F(Csv, a_short_file_with_a_wide_header_claims_no_memory) {
  std::string text = "a";
  for (int i = 1; i < 200000; ++i) text += ",a";
  for (int i = 0; i < 200000; ++i) text += "\n1";  // 320 GB, were every line a row
  EXPECT_EQ(complaint("a.csv", text), "a.csv:2:2: the row ends after 1 field; the first line has 200000");
}

// Large enough for several blocks of the parallel reader.
std::string many_rows(int rows, std::string_view line_end, Doubles& x, Doubles& y) {
  std::string text = "a,b,y" + std::string(line_end);
  char line[128];
  for (int i = 0; i < rows; ++i) {
    const double a = std::sin(i) * std::pow(10, i % 40 - 20), b = i * 0.125;
    std::snprintf(line, sizeof line, "%.17g,%.17g,%d", a, b, i);
    text += line + std::string(line_end);
    x.insert(x.end(), {a, b});
    y.push_back(i);
  }
  return text;
}

TEST_F(Csv, random_numbers_come_back_to_the_last_bit_from_every_block) {
  for (const char* line_end : {"\n", "\r\n"}) {
    Doubles x, y;
    const Table table = read_table(write("a.csv", many_rows(100000, line_end, x, y)));
    EXPECT_EQ(table.samples, 100000);
    EXPECT_EQ(features_of(table), x);
    EXPECT_EQ(table.y, y);
  }
}

TEST_F(Csv, the_first_of_several_errors_in_a_large_file_is_named) {
  Doubles x, y;
  std::string text = many_rows(100000, "\n", x, y);
  const auto spoil_line = [&](int line) {
    std::size_t at = 0;
    for (int i = 1; i < line; ++i) at = text.find('\n', at) + 1;
    text[at] = '?';
  };
  spoil_line(90002);
  EXPECT_THAT(complaint("a.csv", text), HasSubstr("a.csv:90002:1: '?"));
  spoil_line(70001);
  EXPECT_THAT(complaint("a.csv", text), HasSubstr("a.csv:70001:1: '?"));
}

TEST_F(Csv, line_feeds_inside_quotes_of_a_dropped_column_are_no_rows) {
  std::string text = "note,a,y\n";
  for (int i = 0; i < 50000; ++i) text += "\"first\nsecond, with \"\"quotes\"\"\",1," + std::to_string(i) + "\n";
  const Table table = read_table(write("a.csv", text), {.targets = {"note"}, .without_targets = true});
  EXPECT_EQ(table.samples, 50000);
  EXPECT_EQ(table.features, 2);
  EXPECT_EQ(features_of(table).back(), 49999);
  EXPECT_EQ(complaint("b.csv", text + "x,1,?\n", {.targets = {"note"}, .without_targets = true}),
            "b.csv:100002:3: '?' stands for a missing value; missing values are not accepted (column 3 'y')");
}

}  // namespace
}  // namespace neuspec::test
