#include "files.hpp"

namespace neuspec::test {
namespace {

class Libsvm : public Files {};

TEST_F(Libsvm, fills_absent_features_with_zeros) {
  const Table table = read_table(write("a", "# made by hand\n+1 1:0.5 3:-2e1 # a comment 9:9\n\n-1 qid:7 2:.25\r\n2.5\n"));
  EXPECT_EQ(table.samples, 3);
  EXPECT_EQ(table.features, 3);
  EXPECT_EQ(table.targets, 1);
  EXPECT_EQ(features_of(table), (Doubles{0.5, 0, -20, 0, 0.25, 0, 0, 0, 0}));
  EXPECT_EQ(table.y, (Doubles{1, -1, 2.5}));
  EXPECT_EQ(table.feature_names, (Names{"x0", "x1", "x2"}));
  EXPECT_EQ(table.target_names, Names{"y0"});
}

TEST_F(Libsvm, is_known_by_its_content_then_by_its_name) {
  EXPECT_EQ(read_table(write("a.csv", "1 1:2\n")).features, 1);
  EXPECT_EQ(read_table(write("b.txt", "1\n2\n3 4:1\n")).features, 4);
  EXPECT_EQ(read_table(write("c.txt", "1\tqid:1\t2:1\n")).features, 2);
  for (const char* labels : {"1\n2\n", " 1\n\t7 \n"}) EXPECT_EQ(complaint("d.svm", labels), "d.svm: no line has a feature");
  EXPECT_EQ(read_table(write("e.csv", "1\n2\n"), {.without_targets = true}).features, 1);
  EXPECT_EQ(complaint("f.txt", "5 10:30, 3\n"), "f.txt:1: a header alone, no samples");
}

TEST_F(Libsvm, the_number_of_features_may_be_given) {
  const Table table = read_table(write("a", "1 1:1\n0 2:1\n"), {.features = 4});
  EXPECT_EQ(table.features, 4);
  EXPECT_EQ(features_of(table), (Doubles{1, 0, 0, 0, 0, 1, 0, 0}));
  EXPECT_EQ(complaint("a", "1 1:1\n0 5:1\n", {.features = 4}), "a:2:2: the index '5' exceeds the 4 features expected");
  EXPECT_EQ(read_table(write("b.libsvm", "1\n"), {.features = 4}).features, 4);
}

TEST_F(Libsvm, labels_are_left_out_for_prediction) {
  const Table table = read_table(write("a", "1 1:1\n0 2:1\n"), {.targets = {"y0"}, .without_targets = true});
  EXPECT_EQ(table.targets, 0);
  EXPECT_TRUE(table.y.empty());
  EXPECT_EQ(table.features, 2);
}

TEST_F(Libsvm, names_the_place_of_every_error) {
  const std::string good = "1 1:1\n";
  EXPECT_EQ(complaint("a", good + "x 1:1\n"), "a:2:1: the label 'x' is not a number");
  EXPECT_EQ(complaint("a", good + "nan 1:1\n"), "a:2:1: the label 'nan' is not finite");
  EXPECT_EQ(complaint("a", good + "1 1:1 2:x\n"), "a:2:3: the value 'x' is not a number");
  EXPECT_EQ(complaint("a", good + "1 1:1 2:\n"), "a:2:3: the value '' is not a number");
  EXPECT_EQ(complaint("a", good + "1 1:inf\n"), "a:2:2: the value 'inf' is not finite");
  EXPECT_EQ(complaint("a", good + "1 0:1\n"), "a:2:2: the index '0' is below 1; indices count from 1");
  EXPECT_EQ(complaint("a", good + "1 -3:1\n"), "a:2:2: the index '-3' is below 1; indices count from 1");
  EXPECT_EQ(complaint("a", good + "1 qid:1 2:1 2:1\n"), "a:2:4: the index '2' does not ascend after 2");
  EXPECT_EQ(complaint("a", good + "1 1.5:1\n"), "a:2:2: the index '1.5' is not an integer");
  EXPECT_EQ(complaint("a", good + "1 99999999999999999999:1\n"), "a:2:2: the index '99999999999999999999' overflows");
  EXPECT_EQ(complaint("a", good + "1 word\n"), "a:2:2: 'word' is not of the form index:value");
  EXPECT_EQ(complaint("a.svm", "# nothing\n\n"), "a.svm: the file holds no samples");
}

TEST_F(Libsvm, one_large_index_claims_no_memory) {
  EXPECT_EQ(complaint("a", "1 1:1\n1 1:1 1000000000000:1\n"),
            "a:2:3: the index 1000000000000 makes the table of 2 samples too large to be held densely");
  EXPECT_EQ(complaint("a", "1 1:1\n", {.features = 1000000000000}),
            "a: the number of features asked for, 1000000000000, makes the table of 1 sample too large to be held densely");
}

}  // namespace
}  // namespace neuspec::test
