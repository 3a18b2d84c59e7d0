// HDF5 files of every type and layout give the numbers that they were made of.
#ifdef NEUSPEC_HAS_HDF5
#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>

#include "files.hpp"
#include "neuspec/preprocessing.hpp"
#include "read/file_buffer.hpp"
#include "read/readers.hpp"
#include "support/hdf5_file.hpp"

namespace neuspec::test {
namespace {

using read::FileBuffer;
using read::FileView;
using read::Selection;
using read::TargetRule;

constexpr std::size_t kAll = std::size_t{1} << 30U;

class Hdf5 : public Files {
 protected:
  /// The table of a file of which no more than so many bytes are held.
  static Table read(const std::string& file, const std::string& dataset, std::size_t held, const Selection& selection = {TargetRule::none}) {
    const auto buffer = std::make_shared<FileBuffer>(file, read::is_hdf5, held);
    return read::read_hdf5(FileView(buffer), file + ":" + dataset, dataset, selection);
  }

  /// Held or left in the file, in whole or in pieces.
  static void expect_numbers(const std::string& file, const std::string& dataset, const Doubles& expected, const std::string& what) {
    for (const std::size_t held : {kAll, std::size_t{0}}) {
      const Table table = read(file, dataset, held);
      EXPECT_EQ(std::holds_alternative<std::shared_ptr<const StoredFeatures>>(table.x), held == 0) << what;
      ASSERT_EQ(features_of(table), expected) << what << ", held " << held;
      std::mt19937 random(3);
      for (int k = 0; k < 20; ++k) {
        const Index first = static_cast<Index>(random() % static_cast<unsigned>(table.samples));
        const Index count = 1 + static_cast<Index>(random() % static_cast<unsigned>(table.samples - first));
        Doubles some(static_cast<std::size_t>(count * table.features));
        table.read_features(first, count, some.data());
        const auto begin = expected.begin() + first * table.features;
        ASSERT_EQ(some, Doubles(begin, begin + count * table.features)) << what << ", " << count << " from " << first;
      }
    }
  }

  template <typename T>
  void expect_type(const std::vector<hid_t>& stored, hid_t memory, const std::vector<T>& six, const std::string& what) {
    const Doubles expected(six.begin(), six.end());
    for (const hid_t type : stored) {
      for (const Hdf5Layout& layout : {Hdf5Layout{}, Hdf5Layout{{2, 2}}, Hdf5Layout{{2, 1}, 6, true}, Hdf5Layout{.compact = true}}) {
        Hdf5File(path("a.h5")).dataset("/group/x", {3, 2}, type, memory, six.data(), layout);
        expect_numbers(path("a.h5"), "/group/x", expected, what);
        EXPECT_EQ(read_table(path("a.h5:/group/x")).y, (Doubles{expected[1], expected[3], expected[5]})) << what;
      }
    }
  }
};

TEST_F(Hdf5, reads_every_type_in_either_byte_order) {
  expect_type<double>({H5T_IEEE_F64LE, H5T_IEEE_F64BE}, H5T_NATIVE_DOUBLE, {1.5, -2, 1e300, 4.9e-324, 0, -0.1}, "double");
  expect_type<float>({H5T_IEEE_F32LE, H5T_IEEE_F32BE}, H5T_NATIVE_FLOAT, {1.5, -2, 1e30F, 1e-45F, 0, -0.1F}, "float");
  expect_type<std::int8_t>({H5T_STD_I8LE, H5T_STD_I8BE}, H5T_NATIVE_INT8, {-128, 127, 0, 1, -1, 5}, "int8");
  expect_type<std::int16_t>({H5T_STD_I16LE, H5T_STD_I16BE}, H5T_NATIVE_INT16, {-32768, 32767, 0, 1, -1, 258}, "int16");
  expect_type<std::int32_t>({H5T_STD_I32LE, H5T_STD_I32BE}, H5T_NATIVE_INT32, {-2147483647, 2147483647, 0, 1, -1, 66051}, "int32");
  expect_type<std::int64_t>({H5T_STD_I64LE, H5T_STD_I64BE}, H5T_NATIVE_INT64, {-9007199254740992, 9007199254740992, 0, 1, -1, 7}, "int64");
  expect_type<std::uint8_t>({H5T_STD_U8LE, H5T_STD_U8BE}, H5T_NATIVE_UINT8, {0, 255, 7, 1, 2, 128}, "uint8");
  expect_type<std::uint16_t>({H5T_STD_U16LE, H5T_STD_U16BE}, H5T_NATIVE_UINT16, {0, 65535, 7, 1, 2, 258}, "uint16");
  expect_type<std::uint32_t>({H5T_STD_U32LE, H5T_STD_U32BE}, H5T_NATIVE_UINT32, {0, 4294967295, 7, 1, 2, 66051}, "uint32");
  expect_type<std::uint64_t>({H5T_STD_U64LE, H5T_STD_U64BE}, H5T_NATIVE_UINT64, {0, 1ULL << 63, 7, 1, 2, 283686952306183}, "uint64");
}

TEST_F(Hdf5, reads_types_that_no_processor_has) {
  const hid_t half = H5Tcopy(H5T_IEEE_F32LE), narrow = H5Tcopy(H5T_STD_I32BE), wide = H5Tcopy(H5T_NATIVE_LDOUBLE);
  H5Tset_fields(half, 15, 10, 5, 0, 10);
  H5Tset_size(half, 2);
  H5Tset_ebias(half, 15);
  H5Tset_precision(narrow, 20);
  H5Tset_offset(narrow, 3);
  expect_type<double>({half}, H5T_NATIVE_DOUBLE, {1.5, -2, 65504, 0, 0.25, -0.75}, "half");
  expect_type<std::int32_t>({narrow}, H5T_NATIVE_INT32, {-524288, 524287, 0, 1, -1, 258}, "20 bits");
  expect_type<double>({wide}, H5T_NATIVE_DOUBLE, {1.5, -2, 1e300, 4.9e-324, 0, -0.1}, "long double");
  for (const hid_t type : {half, narrow, wide}) H5Tclose(type);
}

TEST_F(Hdf5, booleans_are_an_enumeration) {
  const hid_t boolean = H5Tenum_create(H5T_NATIVE_INT8);
  const std::int8_t no = 0, yes = 1;
  H5Tenum_insert(boolean, "FALSE", &no);
  H5Tenum_insert(boolean, "TRUE", &yes);
  expect_type<std::int8_t>({boolean}, boolean, {0, 1, 1, 0, 1, 1}, "boolean");
  H5Tclose(boolean);
}

TEST_F(Hdf5, reads_every_layout_across_its_edges) {
  const hsize_t n = 1000, d = 7;
  std::vector<float> values(n * d);
  std::iota(values.begin(), values.end(), 1.0F);
  const Doubles expected(values.begin(), values.end());
  const std::vector<hsize_t> unlimited = {H5S_UNLIMITED, H5S_UNLIMITED};
  for (const std::vector<hsize_t>& chunk :
       std::vector<std::vector<hsize_t>>{{1, 1}, {1, 7}, {64, 7}, {64, 3}, {1000, 7}, {999, 6}, {37, 4}, {1024, 9}}) {
    for (const Hdf5Layout& layout : {Hdf5Layout{chunk}, Hdf5Layout{chunk, 1}, Hdf5Layout{chunk, -1, true, true}}) {
      for (const bool latest : {false, true}) {
        Hdf5Layout grows = layout;
        grows.maximum = unlimited;
        Hdf5File(path("a.h5"), 0, latest).dataset("x", {n, d}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values.data(), grows);
        expect_numbers(path("a.h5"), "x", expected, std::to_string(chunk[0]) + " × " + std::to_string(chunk[1]) + (latest ? ", latest" : ""));
      }
    }
  }
  Hdf5File(path("a.h5"), 512).dataset("x", {n, d}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values.data(), {{100, 7}});
  expect_numbers(path("a.h5"), "x", expected, "chunks behind a block of the user's");
  Hdf5File(path("a.h5"), 1024).dataset("x", {n, d}, H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, values.data());
  expect_numbers(path("a.h5"), "x", expected, "one piece behind a block of the user's");
}

TEST_F(Hdf5, what_was_never_written_is_what_the_file_says) {
  for (const Hdf5Layout& layout : {Hdf5Layout{}, Hdf5Layout{{10, 3}}, Hdf5Layout{{10, 3}, 6}}) {
    Hdf5File(path("a.h5")).dataset("x", {30, 3}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, nullptr, layout);
    expect_numbers(path("a.h5"), "x", Doubles(90, 0.0), "zeros");
  }
}

TEST_F(Hdf5, columns_and_images) {
  std::vector<std::int16_t> values(4 * 2 * 3);
  std::iota(values.begin(), values.end(), std::int16_t{0});
  const Doubles expected(values.begin(), values.end());
  for (const std::vector<hsize_t>& chunk : std::vector<std::vector<hsize_t>>{{}, {3, 2, 3}, {2, 1, 2}}) {
    Hdf5File(path("a.h5")).dataset("images", {4, 2, 3}, H5T_STD_I16BE, H5T_NATIVE_INT16, values.data(), {chunk});
    expect_numbers(path("a.h5"), "images", expected, "images");
    const Table table = read_table(path("a.h5"));
    EXPECT_EQ(table.image_height, 2);
    EXPECT_EQ(table.image_width, 3);
    EXPECT_EQ(table.targets, 0);
  }
  Hdf5File(path("b.h5")).dataset("y", {4}, H5T_STD_I16LE, H5T_NATIVE_INT16, values.data(), {{3}});
  EXPECT_EQ(read_table(path("a.h5"), {.labels_file = path("b.h5:/y")}).y, (Doubles{0, 1, 2, 3}));
}

TEST_F(Hdf5, bytes_of_images_stay_bytes) {
  const std::vector<std::uint8_t> bytes = {1, 2, 3, 4, 5, 6, 7, 8};
  for (const Hdf5Layout& layout : {Hdf5Layout{}, Hdf5Layout{{1, 2, 2}, 9}}) {
    Hdf5File(path("a.h5")).dataset("x", {2, 2, 2}, H5T_STD_U8LE, H5T_NATIVE_UINT8, bytes.data(), layout);
    EXPECT_TRUE(keeps_bytes(read_table(path("a.h5"))));
  }
}

TEST_F(Hdf5, targets_are_chosen_as_in_any_table) {
  const hsize_t n = 3000;
  std::vector<double> values(n * 5);
  std::iota(values.begin(), values.end(), 0.0);
  for (const Hdf5Layout& layout : {Hdf5Layout{}, Hdf5Layout{{100, 2}}, Hdf5Layout{{100, 5}, 1}}) {
    Hdf5File(path("a.h5")).dataset("x", {n, 5}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data(), layout);
    for (const std::size_t held : {kAll, std::size_t{0}}) {
      const Table table = read(path("a.h5"), "x", held, {TargetRule::named, {"3", "0"}});
      ASSERT_EQ(table.features, 3);
      ASSERT_EQ(table.targets, 2);
      const Doubles x = features_of(table);
      for (hsize_t i = 0; i < n; ++i) {
        ASSERT_EQ((Doubles{x[3 * i], x[3 * i + 1], x[3 * i + 2]}), (Doubles{values[5 * i + 1], values[5 * i + 2], values[5 * i + 4]}));
        ASSERT_EQ((Doubles{table.y[2 * i], table.y[2 * i + 1]}), (Doubles{values[5 * i + 3], values[5 * i]}));
      }
    }
  }
}

TEST_F(Hdf5, the_only_array_of_numbers_need_not_be_named) {
  const Doubles values = {1, 2, 3, 4};
  {
    Hdf5File file(path("a.h5"));
    const hid_t text = H5Tcopy(H5T_C_S1);
    file.dataset("deep/down/x", {2, 2}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data());
    file.dataset("note", {3}, text, text, "abc");
    file.dataset("version", {}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data());
    H5Tclose(text);
  }
  const Table table = read_table(path("a.h5"));
  EXPECT_EQ(features_of(table), (Doubles{1, 3}));
  EXPECT_EQ(table.path, path("a.h5") + ":/deep/down/x");
}

TEST_F(Hdf5, names_and_pipes_do_not_matter_to_the_content) {
  const Doubles values = {1, 2, 3, 4};
  Hdf5File(path("a.h5")).dataset("x", {2, 2}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data());
  std::filesystem::rename(path("a.h5"), path("a.bin"));
  EXPECT_EQ(read_table(path("a.bin")).y, (Doubles{2, 4}));
  std::ifstream stream(path("a.bin"), std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(stream), {});
  EXPECT_EQ(read_table(write("a.h5.gz", gzip(bytes)) + ":/x").y, (Doubles{2, 4}));
  write("b.h5:x", "a,y\n1,2\n");
  EXPECT_EQ(read_table(path("b.h5:x")).y, Doubles{2}) << "a file of that very name";
}

TEST_F(Hdf5, two_files_in_memory_at_a_time_are_two) {
  const Doubles one(600, 1.0), two(600, 2.0);
  Hdf5File(path("a.h5")).dataset("x", {200, 3}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, one.data(), {{10, 3}, 1});
  Hdf5File(path("b.h5")).dataset("x", {200, 3}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, two.data(), {{10, 3}, 1});
  const auto open = [&](const std::string& name) {
    std::ifstream stream(path(name), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(stream), {});
    const auto buffer = std::make_shared<FileBuffer>(write(name + ".gz", gzip(bytes)), read::is_hdf5, 0);
    EXPECT_TRUE(buffer->in_memory());
    return read::read_hdf5(FileView(buffer), name, "x", {TargetRule::none});
  };
  const Table a = open("a.h5"), b = open("b.h5");
  EXPECT_EQ(features_of(a), one);
  EXPECT_EQ(features_of(b), two);
}

TEST_F(Hdf5, parts_may_name_their_dataset) {
  for (int k = 0; k < 3; ++k) {
    const Doubles values = {1.0 * k, 10.0 * k, 2.0 * k, 20.0 * k};
    Hdf5File file(path("part-" + std::to_string(k) + ".h5"));
    file.dataset("x", {2, 2}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data());
    file.dataset("z", {1}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data());
  }
  EXPECT_EQ(read_table(path("part-*.h5:/x")).y, (Doubles{0, 0, 10, 20, 20, 40}));
  EXPECT_EQ(read_table(path("part-2.h5:/x") + "," + path("part-1.h5:/x")).y, (Doubles{20, 40, 10, 20}));
  EXPECT_EQ(complaint_of(path("none-*.h5:/x")), "none-*.h5: no file is called so");
  for (int k = 0; k < 2; ++k) {
    std::filesystem::create_directories(path("folder"));
    const Doubles values = {1.0 * k, 10.0 * k};
    Hdf5File(path("folder/" + std::to_string(k) + ".h5")).dataset("x", {1, 2}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data());
  }
  EXPECT_EQ(read_table(path("folder")).y, (Doubles{0, 10}));
}

}  // namespace
}  // namespace neuspec::test
#endif
