#include "files.hpp"
#include "neuspec/preprocessing.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;

/// Files that are read as the one that a model was trained on.
class Trained : public Files {
 protected:
  Preprocessing trained_on(const std::string& text, const Names& targets = {}) const {
    return learn_preprocessing(read_table(write("train.csv", text), {.targets = targets}), {});
  }
  Table table(const Preprocessing& like, const std::string& text, const Names& targets = {}) const {
    return read_table(write("new.csv", text), {.targets = targets, .like = &like});
  }
  Table features(const Preprocessing& like, const std::string& text, const Names& targets = {}) const {
    return read_table(write("new.csv", text), {.targets = targets, .without_targets = true, .like = &like});
  }
  std::string refusal(const Preprocessing& like, const std::string& text, const Names& targets = {}) const {
    return complaint("new.csv", text, {.targets = targets, .like = &like});
  }
};

TEST_F(Trained, without_a_header_keep_the_targets_where_they_were) {
  for (const auto& [target, text] : {std::pair<std::string, std::string>{"0", "9,1,2\n8,3,4\n"}, {"1", "1,9,2\n3,8,4\n"}, {"2", "1,2,9\n3,4,8\n"}}) {
    const Preprocessing like = trained_on(text, {target});
    EXPECT_EQ(like.columns.count, 3);
    EXPECT_EQ(like.columns.targets, (std::vector<Index>{std::stol(target)}));
    EXPECT_FALSE(like.columns.named);
    for (const Table& read : {table(like, text), table(like, "p,q,r\n" + text)}) {
      EXPECT_EQ(features_of(read), (Doubles{1, 2, 3, 4})) << target;
      EXPECT_EQ(read.y, (Doubles{9, 8})) << target;
    }
    EXPECT_EQ(features_of(features(like, text)), (Doubles{1, 2, 3, 4})) << target;
    EXPECT_EQ(features_of(features(like, "1,2\n3,4\n")), (Doubles{1, 2, 3, 4})) << "the features alone";
    EXPECT_EQ(table(like, "1,2\n3,4\n").targets, 0);
    EXPECT_EQ(features(like, "7,1,2\n", {"0"}).y, Doubles{});
    EXPECT_EQ(features_of(features(like, "7,1,2\n", {"0"})), (Doubles{1, 2})) << "what is said goes before what is known";
  }
}

TEST_F(Trained, refuses_any_other_number_of_columns) {
  const Preprocessing like = trained_on("9,1,2\n", {"0"});
  EXPECT_EQ(refusal(like, "1,2,3,4\n"),
            "new.csv: 4 columns, of which 4 would be features; the model has 2 and was trained on a file of 3 columns, the targets "
            "at 0; say which columns are no features (--target)");
  EXPECT_THAT(refusal(like, "1\n"), HasSubstr("1 column, of which 1 would be features; the model has 2"));
  EXPECT_THAT(refusal(like, "1,2\n", {"0"}), HasSubstr("2 columns, of which 1 would be features"));
}

TEST_F(Trained, several_targets_keep_their_order) {
  const Preprocessing like = trained_on("7,1,8,2\n", {"2", "0"});
  EXPECT_EQ(table(like, "7,1,8,2\n").y, (Doubles{8, 7}));
  EXPECT_EQ(features_of(table(like, "7,1,8,2\n")), (Doubles{1, 2}));
}

TEST_F(Trained, arrays_are_as_files_without_a_header) {
  const std::string text = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 3), }\n";
  const std::string npy = "\x93NUMPY\x01"s + '\0' + bytes_of(static_cast<std::uint16_t>(text.size())) + text + numbers<double>({9, 1, 2});
  const Preprocessing like = trained_on("9,1,2\n", {"0"});
  const Table read = read_table(write("a.npy", npy), {.like = &like});
  EXPECT_EQ(features_of(read), (Doubles{1, 2}));
  EXPECT_EQ(read.y, Doubles{9});
}

TEST_F(Trained, with_names_find_columns_by_them) {
  // Names that look like those given to columns without any are names all the same.
  const Preprocessing like = trained_on("y0,x1,x0\n9,1,2\n", {"y0"});
  EXPECT_TRUE(like.columns.named);
  for (const char* text : {"y0,x1,x0\n9,1,2\n", "x0,y0,x1\n2,9,1\n", "x0,x1,y0\n2,1,9\n"}) {
    const Table read = table(like, text);
    EXPECT_EQ(features_of(read), (Doubles{1, 2})) << text;
    EXPECT_EQ(read.y, Doubles{9}) << text;
    EXPECT_TRUE(read.notices.empty());
  }
  EXPECT_EQ(features_of(features(like, "x0,x1\n2,1\n")), (Doubles{1, 2}));
  EXPECT_EQ(features_of(features(like, "9,1,2\n")), (Doubles{1, 2})) << "without a header by position";
  EXPECT_EQ(table(like, "x1,other,x0\n1,9,2\n", {"other"}).y, Doubles{9});
}

TEST_F(Trained, columns_that_training_did_not_have_are_left_out_and_told) {
  const Preprocessing like = trained_on("a,b,y\n1,2,9\n");
  const Table read = table(like, "note,b,y,a,more\nhello,2,9,1,5\n");
  EXPECT_EQ(features_of(read), (Doubles{1, 2}));
  EXPECT_EQ(read.y, Doubles{9});
  ASSERT_EQ(read.notices.size(), 1U);
  EXPECT_THAT(read.notices[0], HasSubstr("new.csv: 2 columns that the training data did not have, left out: 'note', 'more'"));
  EXPECT_EQ(features_of(features(like, "b,more,a\n2,5,1\n", {"more"})), (Doubles{1, 2}));
}

TEST_F(Trained, names_that_are_missing_or_repeated_are_refused) {
  const Preprocessing like = trained_on("a,b,y\n1,2,9\n");
  EXPECT_EQ(refusal(like, "a,c,y\n1,2,9\n"), "new.csv:1: the feature 'b' of the training data is missing: the columns are 'a', 'c', 'y'");
  EXPECT_EQ(refusal(like, "a,b\n1,2\n"), "new.csv:1: the target 'y' of the training data is missing: the columns are 'a', 'b'");
  EXPECT_EQ(refusal(like, "a,b,b,y\n1,2,3,9\n"), "new.csv:1: several columns are named 'b', as one feature of the training data is");
  EXPECT_EQ(refusal(like, "a,b,y,y\n1,2,9,9\n"), "new.csv:1: several columns are named 'y'; give the position instead");
  EXPECT_EQ(refusal(like, "a,b,y\n1,2,9\n", {"b"}), "new.csv:1: 'b' is a feature of the training data and cannot be a target");
  EXPECT_EQ(refusal(like, "a,b,y\n1,2,9\n", {"z"}), "new.csv:1: no column is named 'z': the columns are 'a', 'b', 'y'");
  const Preprocessing twins = trained_on("a,a,y\n1,2,9\n");
  EXPECT_EQ(features_of(table(twins, "y,a,a\n9,1,2\n")), (Doubles{1, 2}));
  EXPECT_THAT(refusal(twins, "a,b,y\n1,2,9\n"), HasSubstr("several features of the training data have one name"));
}

TEST_F(Trained, an_index_may_be_there_or_not) {
  const Preprocessing like = trained_on(",a,b,y\n0,1,2,9\n1,1,2,9\n");
  for (const char* text : {",a,b,y\n0,1,2,9\n", "a,b,y\n1,2,9\n", "0,1,2,9\n5,1,2,9\n"}) {
    const Table read = table(like, text);
    EXPECT_EQ(features_of(read)[0], 1) << text;
    EXPECT_EQ(read.features, 2) << text;
    EXPECT_EQ(read.y[0], 9) << text;
  }
}

TEST_F(Trained, names_decide_what_a_first_line_of_numbers_is) {
  const Preprocessing like = learn_preprocessing(read_table(write("train.csv", "0,1,2\n5,6,7\n"), {.header = Header::present}), {});
  EXPECT_EQ(features_of(table(like, "1,0,2\n6,5,7\n")), (Doubles{5, 6}));
  EXPECT_EQ(features_of(features(like, "0,1\n5,6\n")), (Doubles{5, 6}));
}

TEST_F(Trained, labels_of_their_own_leave_no_targets_in_the_data) {
  write("x.csv", "1,2\n3,4\n");
  const Preprocessing like = learn_preprocessing(read_table(path("x.csv"), {.labels_file = write("y.csv", "label\n7\n8\n")}), {});
  EXPECT_EQ(like.columns.count, 2);
  EXPECT_TRUE(like.columns.targets.empty());
  EXPECT_EQ(read_table(path("x.csv"), {.labels_file = path("y.csv"), .like = &like}).y, (Doubles{7, 8}));
  EXPECT_THAT(refusal(like, "1,2,3\n"), HasSubstr("3 columns, of which 3 would be features")) << "which one is the target is not known";
  EXPECT_EQ(table(like, "1,2,3\n", {"2"}).y, Doubles{3});
}

TEST_F(Trained, models_of_older_versions_take_the_last_columns_and_say_so) {
  Preprocessing like = trained_on("1,2,9\n");
  like.columns = {};
  const Table read = table(like, "1,2,9\n");
  EXPECT_EQ(read.y, Doubles{9});
  ASSERT_EQ(read.notices.size(), 1U);
  EXPECT_THAT(read.notices[0], HasSubstr("does not say where its targets stood"));
  EXPECT_TRUE(features(like, "1,2\n").notices.empty());
}

TEST_F(Trained, text_labels_stay_text) {
  const Preprocessing like =
      learn_preprocessing(read_table(write("train.csv", "a,y\n1,1\n2,x\n"), {.labels = Labels::any}), {.encoding = Encoding::binary});
  EXPECT_EQ(like.dataset_of(table(like, "a,y\n3,1\n4,1\n")).y(), (Doubles{-1, -1})) << "all of them look like numbers here";
  EXPECT_EQ(like.dataset_of(table(like, "y,a\nx,3\n")).y(), Doubles{1});
  try {
    like.dataset_of(table(like, "a,y\n3,x\n4,2\n"));
    ADD_FAILURE();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("new.csv:3: the label '2' is not one of the classes 1, x"));
  }
}

}  // namespace
}  // namespace neuspec::test
