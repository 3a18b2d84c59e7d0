#include <cstdint>
#include <limits>

#include "files.hpp"

namespace neuspec::test {
namespace {

std::string idx_header(char type, const std::vector<std::uint32_t>& shape) {
  std::string header = "\0\0"s + type + static_cast<char>(shape.size());
  for (const std::uint32_t size : shape) header += bytes_of(size, true);
  return header;
}

class Idx : public Files {
 protected:
  template <typename T>
  void expect_type(char type, const std::vector<T>& four) {
    const Table table = read_table(write("a.idx", idx_header(type, {2, 2}) + numbers(four, true)));
    EXPECT_EQ(features_of(table), Doubles(four.begin(), four.end()));
    EXPECT_EQ(table.samples, 2);
    EXPECT_EQ(table.features, 2);
    EXPECT_EQ(table.targets, 0);
    EXPECT_EQ(table.image_height, 0);
  }
};

TEST_F(Idx, reads_every_type) {
  expect_type<std::uint8_t>(0x08, {0, 1, 128, 255});
  expect_type<std::int8_t>(0x09, {0, 1, -128, 127});
  expect_type<std::int16_t>(0x0b, {258, -2, -32768, 32767});
  expect_type<std::int32_t>(0x0c, {66051, -2, -2147483647, 2147483647});
  expect_type<float>(0x0d, {1.5F, -0.1F, 1e30F, 0});
  expect_type<double>(0x0e, {1.5, -0.1, 1e300, 0});
}

TEST_F(Idx, images_and_their_labels) {
  write("images.idx", idx_header(0x08, {2, 2, 3}) + numbers<std::uint8_t>({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  write("labels.idx", idx_header(0x08, {2}) + numbers<std::uint8_t>({9, 3}));
  const Table table = read_table(path("images.idx"), {.labels_file = path("labels.idx")});
  EXPECT_EQ(table.samples, 2);
  EXPECT_EQ(table.features, 6);
  EXPECT_EQ(table.image_height, 2);
  EXPECT_EQ(table.image_width, 3);
  EXPECT_TRUE(keeps_bytes(table));
  EXPECT_EQ(features_of(table), (Doubles{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  EXPECT_EQ(table.y, (Doubles{9, 3}));
  EXPECT_EQ(table.target_names, Names{"y0"});
}

TEST_F(Idx, damage) {
  EXPECT_EQ(complaint("a.idx", "\0\0\x08"s), "a.idx: truncated inside the IDX header");
  EXPECT_EQ(complaint("a.idx", "\0\0\x08\x02\0\0\0\x01"s), "a.idx: truncated inside the IDX header: 12 bytes are promised, the file holds 8");
  EXPECT_EQ(complaint("a.idx", "\0\0\x0a\x01\0\0\0\x01z"s), "a.idx: byte 3 of the IDX header is no element type: 10");
  EXPECT_EQ(complaint("a.idx", idx_header(0x08, {2, 2}) + "abc"), "a.idx: truncated: the header promises 4 bytes of data, the file holds 3");
  EXPECT_EQ(complaint("a.idx", idx_header(0x08, {2, 2}) + "abcde"), "a.idx: 1 bytes too many after the data that the header describes");
  EXPECT_EQ(complaint("a.idx", idx_header(0x0e, {0xffffffff, 0xffffffff, 0xffffffff})), "a.idx: the sizes in the header overflow");
  EXPECT_EQ(complaint("a.idx", idx_header(0x08, {0xffffffff, 0xffffffff})),
            "a.idx: truncated: the header promises 18446744065119617025 bytes of data, the file holds 0");
  EXPECT_EQ(complaint("a.idx", idx_header(0x08, {0, 28, 28})), "a.idx: the array is empty");
  EXPECT_EQ(complaint("a.idx", idx_header(0x08, {})), "a.idx: the array has 0 dimensions; 1, 2 or 3 are understood");
  EXPECT_EQ(complaint("a.idx", idx_header(0x08, {1, 1, 1, 1}) + "a"), "a.idx: the array has 4 dimensions; 1, 2 or 3 are understood");
  EXPECT_EQ(complaint("a.idx", idx_header(0x0d, {1, 2}) + numbers<float>({1, std::numeric_limits<float>::quiet_NaN()}, true)),
            "a.idx: sample 1, column 'x1': nan is not finite");
}

TEST_F(Idx, has_no_target_columns) {
  const std::string table = idx_header(0x08, {1, 2}) + "ab";
  const std::string images = idx_header(0x08, {1, 1, 2}) + "ab";
  EXPECT_EQ(complaint("a.idx", table, {.targets = {"1"}}), "a.idx: the format has no target columns; give the labels in a file of their own");
  EXPECT_EQ(complaint("a.idx", images, {.targets = {"1"}}), "a.idx: images have no target columns; give the labels in a file of their own");
  EXPECT_EQ(complaint("a.idx", images, {.labels_file = path("a.idx")}), "a.idx: holds images, not labels");
  EXPECT_EQ(read_table(path("a.idx"), {.targets = {"y0"}, .without_targets = true}).features, 2);
}

// The package dataset-fashion-mnist, where it is installed.
TEST_F(Idx, fashion_mnist) {
  const std::string folder = "/usr/share/datasets/fashion-mnist/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  const Table table = read_table(folder + "t10k-images-idx3-ubyte.gz", {.labels_file = folder + "t10k-labels-idx1-ubyte.gz"});
  EXPECT_EQ(table.samples, 10000);
  EXPECT_EQ(table.image_height, 28);
  EXPECT_EQ(table.image_width, 28);
  Doubles per_class(10);
  for (const double label : table.y) ++per_class.at(static_cast<std::size_t>(label));
  EXPECT_EQ(per_class, Doubles(10, 1000));
}

}  // namespace
}  // namespace neuspec::test
