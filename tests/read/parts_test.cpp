// Folders, patterns and lists of files are one table.
#include "read/parts.hpp"

#include <algorithm>

#include "files.hpp"
#include "neuspec/preprocessing.hpp"

namespace neuspec::test {
namespace {

class Parts : public Files {
 protected:
  Parts() {
    write("part-2.csv", "a,b,y\n5,6,3\n");
    write("part-1.csv", "a,b,y\n1,2,1\n3,4,2\n");
    write("part-10.csv", "a,b,y\n7,8,4\n9,10,5\n");
  }
  std::string in_folder(const std::string& list) const {
    std::string paths;
    for (std::size_t at = 0; at < list.size();) {
      const std::size_t end = std::min(list.find(',', at), list.size());
      paths.append(at == 0 ? "" : ",").append(path(list.substr(at, end - at)));
      at = end + 1;
    }
    return paths;
  }
};

TEST_F(Parts, of_a_pattern_or_folder_come_by_name) {
  for (const std::string& name : {path("part-*.csv"), folder_.string(), path("part-[0-9]*.csv")}) {
    const Table table = read_table(name);
    EXPECT_EQ(table.samples, 5) << name;
    EXPECT_EQ(table.path, name);
    EXPECT_EQ(features_of(table), (Doubles{1, 2, 3, 4, 7, 8, 9, 10, 5, 6})) << "part-1, part-10, part-2";
    EXPECT_EQ(table.y, (Doubles{1, 2, 4, 5, 3}));
    EXPECT_EQ(table.feature_names, (Names{"a", "b"}));
  }
}

TEST_F(Parts, of_a_list_come_as_it_says) {
  const Table table = read_table(in_folder("part-2.csv,part-1.csv"));
  EXPECT_EQ(features_of(table), (Doubles{5, 6, 1, 2, 3, 4}));
  EXPECT_EQ(table.y, (Doubles{3, 1, 2}));
}

TEST_F(Parts, are_read_across_their_ends) {
  const Table table = read_table(path("part-*.csv"));
  for (Index first = 0; first < table.samples; ++first) {
    for (Index count = 1; first + count <= table.samples; ++count) {
      Doubles x(static_cast<std::size_t>(2 * count));
      table.read_features(first, count, x.data());
      const Doubles all = features_of(table);
      EXPECT_EQ(x, Doubles(all.begin() + 2 * first, all.begin() + 2 * (first + count)));
    }
  }
}

TEST_F(Parts, make_one_data_set) {
  const Table table = read_table(path("part-*.csv"));
  const Preprocessing map = learn_preprocessing(table, {.standardize = true});
  EXPECT_EQ(map.mean, (Doubles{5, 6}));
  EXPECT_EQ(map.dataset_of(table).samples(), 5);
}

TEST_F(Parts, hidden_files_of_a_folder_are_none) {
  write("_SUCCESS", "");
  write(".part-0.csv.crc", "\0\1"s);
  EXPECT_EQ(read::parts_of(folder_.string()).size(), 3);
}

TEST_F(Parts, a_file_of_that_very_name_is_itself) {
  write("part-*.csv", "a,b,y\n0,0,0\n");
  write("x,y.csv", "a,b,y\n0,0,0\n");
  EXPECT_EQ(read_table(path("part-*.csv")).samples, 1);
  EXPECT_EQ(read_table(path("x,y.csv")).samples, 1);
}

TEST_F(Parts, of_other_columns_are_refused_by_name) {
  write("part-3.csv", "a,c,y\n1,2,1\n");
  EXPECT_EQ(complaint_of(in_folder("part-1.csv,part-3.csv")), "part-3.csv: column 'c' where part-1.csv has 'b'");
  write("part-3.csv", "a,y\n1,2\n");
  EXPECT_EQ(complaint_of(in_folder("part-1.csv,part-3.csv")), "part-3.csv: 1 column where part-1.csv has 2");
  write("part-3.csv", "a,b,z\n1,2,1\n");
  EXPECT_EQ(complaint_of(in_folder("part-1.csv,part-3.csv")), "part-3.csv: column 'z' where part-1.csv has 'y'");
}

TEST_F(Parts, errors_name_the_part) {
  write("part-3.csv", "a,b,y\n1,2,1\n1,,1\n");
  EXPECT_THAT(complaint_of(path("part-*.csv")), testing::StartsWith("part-3.csv:3:2: "));
  EXPECT_EQ(complaint_of(path("none-*.csv")), "none-*.csv: no file is called so");
  EXPECT_EQ(complaint_of(path("part-1.csv") + ","), "part-1.csv,: an empty name in a list of files");
  EXPECT_THAT(complaint_of(in_folder("part-1.csv,part-7.csv")), testing::StartsWith("part-7.csv: cannot be opened"));
}

TEST_F(Parts, have_labels_of_one_kind) {
  write("l-1.csv", "a,y\n1,no\n2,yes\n");
  write("l-2.csv", "a,y\n1,maybe\n2,no\n");
  write("l-3.csv", "a,y\n1,7\n");
  ReadOptions options;
  options.labels = Labels::any;
  const Table table = read_table(path("l-*.csv"), options);
  EXPECT_EQ(table.labels, (Names{"7", "maybe", "no", "yes"})) << "one part with text makes those of all text";
  EXPECT_EQ(table.y, (Doubles{2, 3, 1, 2, 0}));
}

TEST_F(Parts, of_libsvm_have_the_widest_ones_features) {
  write("s-1.svm", "1 1:2\n-1 2:3\n");
  write("s-2.svm", "1 3:4\n");
  const Table table = read_table(path("s-*.svm"));
  EXPECT_EQ(table.features, 3);
  EXPECT_EQ(features_of(table), (Doubles{2, 0, 0, 0, 3, 0, 0, 0, 4}));
}

TEST_F(Parts, may_have_labels_in_parts) {
  write("x-1.csv", "a,b\n1,2\n3,4\n");
  write("x-2.csv", "a,b\n5,6\n");
  write("y-1.csv", "y\n1\n2\n");
  write("y-2.csv", "y\n3\n");
  ReadOptions options;
  options.labels_file = path("y-*.csv");
  EXPECT_EQ(read_table(path("x-*.csv"), options).y, (Doubles{1, 2, 3}));
}

}  // namespace
}  // namespace neuspec::test
