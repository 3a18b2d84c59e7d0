#include <cstdint>
#include <limits>

#include "files.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;

std::string npy_header(const std::string& dictionary, int version = 1) {
  const std::string text = dictionary + std::string(7, ' ') + "\n";
  const std::string length = version == 1 ? bytes_of(static_cast<std::uint16_t>(text.size())) : bytes_of(static_cast<std::uint32_t>(text.size()));
  return "\x93NUMPY" + std::string(1, static_cast<char>(version)) + '\0' + length + text;
}

std::string dictionary(const std::string& type, const std::string& shape, bool fortran = false) {
  return "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': (" + shape + "), }";
}

class Npy : public Files {
 protected:
  template <typename T>
  void expect_type(const std::string& type, const std::vector<T>& six) {
    const Doubles expected(six.begin(), six.end());
    for (const bool big_endian : {false, true}) {
      const std::string mark = sizeof(T) == 1 ? "|" : big_endian ? ">" : "<";
      const std::string file = npy_header(dictionary(mark + type, "3, 2")) + numbers(six, big_endian);
      EXPECT_EQ(features_of(read_table(write("a.npy", file), {.without_targets = true})), expected) << mark << type;
      EXPECT_EQ(read_table(path("a.npy")).y, (Doubles{expected[1], expected[3], expected[5]})) << mark << type;
    }
  }
};

TEST_F(Npy, reads_every_type_in_either_byte_order) {
  expect_type<double>("f8", {1.5, -2, 1e300, 4.9e-324, 0, -0.1});
  expect_type<float>("f4", {1.5, -2, 1e30F, 1e-45F, 0, -0.1F});
  expect_type<std::int8_t>("i1", {-128, 127, 0, 1, -1, 5});
  expect_type<std::int16_t>("i2", {-32768, 32767, 0, 1, -1, 258});
  expect_type<std::int32_t>("i4", {-2147483647, 2147483647, 0, 1, -1, 66051});
  expect_type<std::int64_t>("i8", {-9007199254740992, 9007199254740992, 0, 1, -1, 283686952306183});
  expect_type<std::uint8_t>("u1", {0, 255, 7, 1, 2, 128});
  expect_type<std::uint16_t>("u2", {0, 65535, 7, 1, 2, 258});
  expect_type<std::uint32_t>("u4", {0, 4294967295, 7, 1, 2, 66051});
  expect_type<std::uint64_t>("u8", {0, 1ULL << 63, 7, 1, 2, 283686952306183});
  expect_type<std::uint8_t>("b1", {0, 1, 1, 0, 1, 1});
}

TEST_F(Npy, reads_every_version) {
  for (const int version : {1, 2, 3}) {
    const Table table = read_table(write("a.npy", npy_header(dictionary("<f8", "2, 2"), version) + numbers<double>({1, 2, 3, 4})));
    EXPECT_EQ(features_of(table), (Doubles{1, 3}));
    EXPECT_EQ(table.y, (Doubles{2, 4}));
    EXPECT_EQ(table.feature_names, Names{"x0"});
    EXPECT_EQ(table.target_names, Names{"y0"});
  }
}

TEST_F(Npy, fortran_order_of_tables_and_images) {
  const Table table = read_table(write("a.npy", npy_header(dictionary("<i4", "2, 3", true)) + numbers<std::int32_t>({1, 4, 2, 5, 3, 6})));
  EXPECT_EQ(features_of(table), (Doubles{1, 2, 4, 5}));
  EXPECT_EQ(table.y, (Doubles{3, 6}));
  // a(i, r, c) = 100 i + 10 r + c, first index fastest
  Doubles stored, expected;
  for (int c = 0; c < 3; ++c)
    for (int r = 0; r < 2; ++r)
      for (int i = 0; i < 4; ++i) stored.push_back(100 * i + 10 * r + c);
  for (int i = 0; i < 4; ++i)
    for (int r = 0; r < 2; ++r)
      for (int c = 0; c < 3; ++c) expected.push_back(100 * i + 10 * r + c);
  const Table images = read_table(write("b.npy", npy_header(dictionary("<f8", "4, 2, 3", true)) + numbers(stored)));
  EXPECT_EQ(images.image_height, 2);
  EXPECT_EQ(images.image_width, 3);
  EXPECT_EQ(features_of(images), expected);
  EXPECT_EQ(images.targets, 0);
  const std::vector<std::uint8_t> bytes = {1, 3, 2, 4};
  EXPECT_EQ(features_of(read_table(write("c.npy", npy_header(dictionary("|u1", "2, 2", true)) + numbers(bytes)), {.without_targets = true})),
            (Doubles{1, 2, 3, 4}));
}

TEST_F(Npy, more_samples_than_one_tile) {
  Doubles stored, expected;
  for (int j = 0; j < 3; ++j)
    for (int i = 0; i < 5000; ++i) stored.push_back(10 * i + j);
  for (int i = 0; i < 5000; ++i)
    for (int j = 0; j < 3; ++j) expected.push_back(10 * i + j);
  EXPECT_EQ(features_of(read_table(write("a.npy", npy_header(dictionary("<f8", "5000, 3", true)) + numbers(stored)), {.without_targets = true})),
            expected);
}

TEST_F(Npy, images_of_bytes_stay_bytes) {
  const std::vector<std::uint8_t> bytes = {1, 2, 3, 4, 5, 6, 7, 8};
  const Table table = read_table(write("a.npy", npy_header(dictionary("|u1", "2, 2, 2")) + numbers(bytes)));
  EXPECT_TRUE(keeps_bytes(table));
  EXPECT_EQ(features_of(table), (Doubles{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST_F(Npy, one_dimension_is_a_column) {
  const std::string file = npy_header(dictionary("<i8", "3,")) + numbers<std::int64_t>({7, 8, 9});
  EXPECT_EQ(features_of(read_table(write("a.npy", file), {.without_targets = true})), (Doubles{7, 8, 9}));
  EXPECT_EQ(complaint("a.npy", file), "a.npy: no column is left for the features: the file has 1 column");
}

TEST_F(Npy, other_writers_headers) {
  for (const char* text :
       {"{\"shape\":(1,2),\"fortran_order\":False,\"descr\":\"<f8\"}", "{ 'fortran_order' : False , 'shape' : ( 1L , 2L ) , 'descr' : '=f8' }"}) {
    EXPECT_EQ(features_of(read_table(write("a.npy", npy_header(text) + numbers<double>({3, 4})))), Doubles{3}) << text;
  }
}

TEST_F(Npy, damaged_headers) {
  const auto header_complaint = [&](const std::string& text) { return complaint("a.npy", npy_header(text) + numbers<double>({1, 2})); };
  EXPECT_EQ(complaint("a.npy", "\x93NUMPY\x01"), "a.npy: truncated inside the NPY header");
  EXPECT_EQ(complaint("a.npy", "\x93NUMPY\x04"s + std::string(20, '\0')), "a.npy: NPY version 4 is not known; 1, 2 and 3 are");
  EXPECT_EQ(complaint("a.npy", "\x93NUMPY\x02"s + '\0' + "\xff\xff\xff\xff{}"),
            "a.npy: truncated inside the NPY header: its 4294967295 bytes reach beyond the end of the file");
  EXPECT_EQ(header_complaint("{'descr': '<f8', 'fortran_order': False}"),
            "a.npy: NPY header, byte 59: 'descr', 'fortran_order' or 'shape' is missing");
  EXPECT_EQ(header_complaint("{'colour': 1}"), "a.npy: NPY header, byte 21: unexpected key 'colour'");
  EXPECT_EQ(header_complaint("{'descr': '<f8', 'descr': '<f8'}"), "a.npy: NPY header, byte 36: unexpected key 'descr'");
  EXPECT_EQ(header_complaint("{'descr': [('a', '<f8')]}"), "a.npy: NPY header, byte 21: structured arrays are not supported, only plain numbers");
  EXPECT_EQ(header_complaint("{'descr': '<f8"), "a.npy: NPY header, byte 21: a string is expected");
  EXPECT_EQ(header_complaint("{'fortran_order': Maybe}"), "a.npy: NPY header, byte 29: True or False is expected");
  EXPECT_EQ(header_complaint("{'shape': (-1, 2)}"), "a.npy: NPY header, byte 22: a size is expected");
  EXPECT_EQ(header_complaint("{'shape': (99999999999999999999, 2)}"), "a.npy: NPY header, byte 22: a size overflows");
  EXPECT_EQ(header_complaint("{'shape': (1 2)}"), "a.npy: NPY header, byte 24: ')' expected");
  EXPECT_EQ(header_complaint("['shape']"), "a.npy: NPY header, byte 11: '{' expected");
  EXPECT_EQ(header_complaint(dictionary("<f8", "1, 2") + "x"), "a.npy: NPY header, byte 70: text after the dictionary");
  for (const char* type : {"<c16", "<f2", "|O", "<U3", "f8", ""}) {
    EXPECT_EQ(header_complaint(dictionary(type, "1, 2")),
              "a.npy: NPY: elements of type '" + std::string(type) + "' are not supported; boolean, integers, f4 and f8 are");
  }
}

TEST_F(Npy, damaged_data) {
  const auto file = [](const std::string& shape, std::size_t bytes) { return npy_header(dictionary("<f8", shape)) + std::string(bytes, '\0'); };
  EXPECT_EQ(complaint("a.npy", file("2, 2", 31)), "a.npy: truncated: the header promises 32 bytes of data, the file holds 31");
  EXPECT_EQ(complaint("a.npy", file("2, 2", 33)), "a.npy: 1 bytes too many after the data that the header describes");
  EXPECT_EQ(complaint("a.npy", file("4294967296, 4294967296", 8)), "a.npy: the sizes in the header overflow");
  EXPECT_EQ(complaint("a.npy", file("1000000000000, 1", 8)), "a.npy: truncated: the header promises 8000000000000 bytes of data, the file holds 8");
  EXPECT_EQ(complaint("a.npy", file("0, 5", 0)), "a.npy: the array is empty");
  EXPECT_EQ(complaint("a.npy", file("5, 0", 0)), "a.npy: the array is empty");
  EXPECT_EQ(complaint("a.npy", file("", 8)), "a.npy: the array has 0 dimensions; 1, 2 or 3 are understood");
  EXPECT_EQ(complaint("a.npy", file("1, 1, 1, 1", 8)), "a.npy: the array has 4 dimensions; 1, 2 or 3 are understood");
}

TEST_F(Npy, values_that_are_not_finite_are_named) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(complaint("a.npy", npy_header(dictionary("<f8", "2, 3")) + numbers<double>({1, 2, 3, 4, nan, nan})),
            "a.npy: sample 2, column 'x1': nan is not finite");
  EXPECT_EQ(complaint("a.npy", npy_header(dictionary("<f4", "2, 2", true)) + numbers<float>({1, 2, 3, -infinity})),
            "a.npy: sample 2, column 'y0': -inf is not finite");
}

}  // namespace
}  // namespace neuspec::test
