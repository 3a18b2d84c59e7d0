#include "files.hpp"

namespace neuspec::test {
namespace {

using testing::StartsWith;

constexpr const char* kSheet = "a,b,c,d\n1,2,3,4\n5,6,7,8\n";

class TableOf : public Files {};

TEST_F(TableOf, named_targets_come_in_the_order_of_their_names) {
  for (const Names& targets : {Names{"c", "a"}, Names{"2", "0"}, Names{"c", "0"}}) {
    const Table table = read_table(write("a.csv", kSheet), {.targets = targets});
    EXPECT_EQ(table.targets, 2);
    EXPECT_EQ(table.y, (Doubles{3, 1, 7, 5}));
    EXPECT_EQ(features_of(table), (Doubles{2, 4, 6, 8}));
    EXPECT_EQ(table.target_names, (Names{"c", "a"}));
    EXPECT_EQ(table.feature_names, (Names{"b", "d"}));
  }
}

TEST_F(TableOf, positions_count_from_0_and_a_name_goes_first) {
  const Table plain = read_table(write("a.csv", "1,2,3\n4,5,6\n"), {.targets = {"0"}});
  EXPECT_EQ(plain.y, (Doubles{1, 4}));
  EXPECT_EQ(plain.feature_names, (Names{"x0", "x1"}));
  EXPECT_EQ(read_table(write("b.csv", "2,b,0\n1,2,3\n"), {.targets = {"0"}}).y, Doubles{3});
}

TEST_F(TableOf, targets_that_cannot_be_found) {
  EXPECT_EQ(complaint("a.csv", kSheet, {.targets = {"z"}}), "a.csv:1: no column is named 'z': the columns are 'a', 'b', 'c', 'd'");
  EXPECT_EQ(complaint("a.csv", kSheet, {.targets = {"4"}}), "a.csv:1: no column is named '4': the columns are 'a', 'b', 'c', 'd'");
  EXPECT_EQ(complaint("a.csv", "1,2\n", {.targets = {"y"}}), "a.csv: no column is named 'y': the file has no header and 2 columns, counted from 0");
  EXPECT_EQ(complaint("a.csv", kSheet, {.targets = {"a", "0"}}), "a.csv:1: the target '0' is given twice");
  EXPECT_EQ(complaint("a.csv", "a,a,b\n1,2,3\n", {.targets = {"a"}}), "a.csv:1: several columns are named 'a'; give the position instead");
  EXPECT_EQ(read_table(write("a.csv", "a,a,b\n1,2,3\n"), {.targets = {"1"}}).y, Doubles{2});
  EXPECT_EQ(complaint("a.csv", kSheet, {.targets = {"a", "b", "c", "d"}}), "a.csv:1: no column is left for the features: the file has 4 columns");
  EXPECT_EQ(complaint("a.csv", "1\n2\n"), "a.csv: no column is left for the features: the file has 1 column");
}

TEST_F(TableOf, prediction_drops_named_targets_unread) {
  const ReadOptions options{.targets = {"d", "absent"}, .without_targets = true};
  const Table with = read_table(write("a.csv", "a,d,b\n1,setosa,3\n5,,7\n"), options);
  EXPECT_EQ(with.features, 2);
  EXPECT_EQ(with.targets, 0);
  EXPECT_EQ(features_of(with), (Doubles{1, 3, 5, 7}));
  EXPECT_EQ(with.feature_names, (Names{"a", "b"}));
  EXPECT_EQ(read_table(write("a.csv", "a,b\n1,3\n"), options).features, 2);
}

TEST_F(TableOf, labels_in_a_file_of_their_own) {
  write("x.csv", "1,2\n3,4\n");
  const Table one = read_table(path("x.csv"), {.labels_file = write("y.csv", "label\n7\n8\n")});
  EXPECT_EQ(features_of(one), (Doubles{1, 2, 3, 4}));
  EXPECT_EQ(one.y, (Doubles{7, 8}));
  EXPECT_EQ(one.target_names, Names{"label"});
  const Table two = read_table(path("x.csv"), {.labels_file = write("y.csv", "7,1\n8,2\n")});
  EXPECT_EQ(two.targets, 2);
  EXPECT_EQ(two.y, (Doubles{7, 1, 8, 2}));
  EXPECT_EQ(two.target_names, (Names{"y0", "y1"}));
  EXPECT_EQ(complaint_of(path("x.csv"), {.labels_file = write("y.csv", "7\n")}), "y.csv: 1 label for the 2 samples of x.csv");
  EXPECT_EQ(complaint_of(path("x.csv"), {.labels_file = write("y.csv", "7\nx\n")}),
            "y.csv:2:1: 'x' is not a number; only labels of classes may be text (column 1)");
  EXPECT_EQ(complaint_of(path("x.csv"), {.labels_file = write("y.svm", "1 1:1\n")}), "y.svm: a LIBSVM file cannot serve as a file of labels");
  EXPECT_EQ(read_table(path("x.csv"), {.labels_file = path("absent"), .without_targets = true}).targets, 0);
}

TEST_F(TableOf, contradicting_options) {
  EXPECT_THROW(read_table(write("x.csv", kSheet), {.targets = {"a"}, .labels_file = path("x.csv")}), UsageError);
  EXPECT_THROW(read_table(path("x.csv"), {.features = -1}), UsageError);
}

TEST_F(TableOf, every_format_compressed) {
  const std::string npy_text = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }\n";
  const std::string npy = "\x93NUMPY\x01"s + '\0' + bytes_of(static_cast<std::uint16_t>(npy_text.size())) + npy_text + bytes_of(5.0) + bytes_of(6.0);
  for (const auto& [name, bytes] : {std::pair{"a.csv.gz"s, "5,6\n"s}, {"a.npy.gz"s, npy}, {"a.libsvm.gz"s, "6 1:5\n"s}}) {
    const Table table = read_table(write(name, gzip(bytes)));
    EXPECT_EQ(features_of(table), Doubles{5}) << name;
    EXPECT_EQ(table.y, Doubles{6}) << name;
  }
  const Table idx = read_table(write("a.idx.gz", gzip("\0\0\x08\x02\0\0\0\x01\0\0\0\x02\x05\x06"s)));
  EXPECT_EQ(features_of(idx), (Doubles{5, 6}));
  EXPECT_EQ(complaint("b.csv.gz", gzip("1,2\n3,x,4\n")), "b.csv.gz:2:3: the row has more fields than the 2 of the first line");
  EXPECT_EQ(complaint("c.svm.gz", gzip("1\n")), "c.svm.gz: no line has a feature");
}

TEST_F(TableOf, other_formats_are_told_apart) {
  EXPECT_EQ(complaint("a.npz", "PK\x03\x04\0\0"s), "a.npz: neither CSV, NPY, HDF5, LIBSVM nor IDX (a zip archive, perhaps .npz: unpack it first)");
  EXPECT_EQ(complaint("a.csv",
                      "\xff\xfe"
                      "1\0,\0"s),
            "a.csv: neither CSV, NPY, HDF5, LIBSVM nor IDX (UTF-16 text: save it as UTF-8)");
  EXPECT_EQ(complaint("a.bin", "\x01\0\0"s), "a.bin: neither CSV, NPY, HDF5, LIBSVM nor IDX");
}

}  // namespace
}  // namespace neuspec::test
