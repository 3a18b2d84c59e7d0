#include "files.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;

/// What may be a header or a sample: taken for what it surely is, announced where it is all but sure, else refused.
class FirstLine : public Files {
 protected:
  std::string notice(const Table& table) const {
    EXPECT_EQ(table.notices.size(), 1U);
    return table.notices.empty() ? "" : table.notices.front().substr(folder_.string().size() + 1);
  }
};

TEST_F(FirstLine, with_a_missing_value_is_not_taken_for_names) {
  for (const char* mark : {"?", "NA", "null", ".", "#N/A"}) {
    const std::string text = "5," + std::string(mark) + ",3\n4,1,2\n3,1,1\n";
    EXPECT_EQ(complaint("a.csv", text),
              "a.csv:1: a header or a sample? The line holds numbers and marks of missing values: say which (--header yes or no)");
    EXPECT_EQ(complaint("a.csv", text, {.header = Header::absent}),
              "a.csv:1:2: '" + std::string(mark) + "' stands for a missing value; missing values are not accepted (column 2)");
    EXPECT_EQ(read_table(path("a.csv"), {.header = Header::present}).feature_names, (Names{"5", mark}));
  }
  EXPECT_THAT(complaint("a.csv", "?,?\n1,2\n"), HasSubstr("marks of missing values alone"));
  EXPECT_THAT(complaint("a.csv", "4,1,2\n5,?,3\n"), HasSubstr("a.csv:2:2: '?' stands for a missing value"));
}

TEST_F(FirstLine, of_words_names_the_columns_even_if_one_is_a_mark) {
  const Table table = read_table(write("glass.csv", "RI,NA,MG,TYPE\n1,2,3,4\n"));
  EXPECT_EQ(table.feature_names, (Names{"RI", "NA", "MG"}));
  EXPECT_TRUE(table.columns.named);
  EXPECT_TRUE(table.notices.empty());
}

TEST_F(FirstLine, of_words_and_years_is_announced_as_names) {
  const Table table = read_table(write("a.csv", "id,2019,2020,y\n7,1.5,2.5,3\n8,1.5,2.5,4\n"));
  EXPECT_EQ(table.samples, 2);
  EXPECT_EQ(table.feature_names, (Names{"id", "2019", "2020"}));
  EXPECT_EQ(notice(table), "a.csv: the first line is taken for the names of the columns, though it holds numbers: 'id', '2019', '2020', 'y'");
  EXPECT_THAT(complaint("b.csv", "5.1,x,3\n4,1,2\n"), HasSubstr("b.csv:1: a header or a sample? The line holds numbers and text"));
}

TEST_F(FirstLine, of_numbers_from_0_is_refused_until_told) {
  const std::string text = "0,1\n1.62,0.75\n1.62,-0.96\n";
  EXPECT_EQ(complaint("a.csv", text),
            "a.csv:1: a header or a sample? The line holds 0, 1, … as pandas names columns: say which (--header yes or no)");
  const Table named = read_table(path("a.csv"), {.header = Header::present});
  EXPECT_EQ(named.samples, 2);
  EXPECT_EQ(named.feature_names, Names{"0"});
  EXPECT_EQ(read_table(path("a.csv"), {.header = Header::absent}).samples, 3);
  EXPECT_EQ(read_table(write("b.csv", "0,1\n")).samples, 1) << "a header needs something below it";
  EXPECT_EQ(read_table(write("c.csv", "0,0\n0,1\n")).samples, 2);
  EXPECT_EQ(read_table(write("d.csv", "0,1.0\n2,3\n")).samples, 2) << "names are integers";
  EXPECT_EQ(read_table(write("e.csv", "\"1\",\"2\"\n5,6\n")).feature_names, Names{"1"}) << "quotes around all of the first line and nothing else";
}

TEST_F(FirstLine, of_labels_is_judged_by_their_number) {
  write("x.csv", "5,6\n7,8\n");
  const auto labels = [&](const std::string& text, Labels kind = Labels::numbers) {
    return read_table(path("x.csv"), {.labels_file = write("y.csv", text), .labels = kind});
  };
  EXPECT_EQ(labels("0\n1\n").y, (Doubles{0, 1}));
  EXPECT_EQ(labels("0\n3\n4\n").y, (Doubles{3, 4}));
  EXPECT_EQ(labels("0,1\n3,4\n5,6\n").target_names, (Names{"0", "1"}));
  EXPECT_EQ(labels("0,1\n3,4\n").y, (Doubles{0, 1, 3, 4}));
  EXPECT_EQ(labels("yes\nno\n", Labels::any).labels, (Names{"no", "yes"}));
  EXPECT_EQ(labels("answer\nyes\nno\n", Labels::any).labels, (Names{"no", "yes"}));
  EXPECT_EQ(labels("answer\nyes\nno\n", Labels::any).target_names, Names{"answer"});
  EXPECT_EQ(complaint_of(path("x.csv"), {.labels_file = write("y.csv", "label\n7\n"), .labels = Labels::any}),
            "y.csv: 1 label for the 2 samples of x.csv");
}

TEST_F(FirstLine, without_the_first_name_begins_with_an_index_that_is_left_out) {
  for (const char* text :
       {",a,b,y\n0,1,2,3\n1,4,5,6\n", "\"\",\"a\",\"b\",\"y\"\n\"r1\",1,2,3\n\"r2\",4,5,6\n", "Unnamed: 0,a,b,y\n17,1,2,3\n3,4,5,6\n"}) {
    const Table table = read_table(write("a.csv", text));
    EXPECT_EQ(features_of(table), (Doubles{1, 2, 4, 5})) << text;
    EXPECT_EQ(table.columns.left_out, (std::vector<Index>{0}));
    EXPECT_EQ(table.columns.targets, (std::vector<Index>{3}));
    EXPECT_EQ(table.columns.count, 4);
    EXPECT_THAT(notice(table), HasSubstr("a.csv: the first column has no name of its own"));
  }
  const Table numbered = read_table(write("b.csv", ",0,1,2\n0,1.5,2,3\n1,4,5,6\n"));
  EXPECT_EQ(numbered.feature_names, (Names{"0", "1"}));
  EXPECT_EQ(features_of(numbered), (Doubles{1.5, 2, 4, 5}));
  EXPECT_EQ(read_table(path("b.csv"), {.targets = {"0"}}).y, (Doubles{1.5, 4})) << "a name goes before a position";
  EXPECT_EQ(read_table(write("c.csv", ",a\n5,1\n6,2\n"), {.targets = {"0"}}).y, (Doubles{5, 6})) << "asked for, it is no index";
  EXPECT_EQ(read_table(write("x.csv", "5\n7\n"), {.labels_file = write("y.csv", ",0\n0,8\n1,9\n")}).y, (Doubles{8, 9}));
}

TEST_F(FirstLine, with_a_label_where_the_second_has_one_is_a_sample) {
  const Table table = read_table(write("iris.data", "5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n7.0,3.2,Iris-versicolor\n"), {.labels = Labels::any});
  EXPECT_EQ(table.samples, 3);
  EXPECT_EQ(table.labels, (Names{"Iris-setosa", "Iris-versicolor"}));
  EXPECT_EQ(table.y, (Doubles{0, 0, 1}));
  EXPECT_EQ(notice(table), "iris.data: no header: the first line is taken for a sample, as it has text where the second has");
}

}  // namespace
}  // namespace neuspec::test
