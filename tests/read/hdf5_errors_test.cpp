// What cannot be read of HDF5 files is told by file and dataset, and libhdf5's own state stays as it was.
#include "files.hpp"
#ifdef NEUSPEC_HAS_HDF5
#include <complex>
#include <cstdint>
#include <limits>
#include <thread>

#include "read/file_buffer.hpp"
#include "read/readers.hpp"
#include "support/hdf5_file.hpp"
#include "threads/parallel.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Hdf5Errors : public Files {
 protected:
  static std::string bytes_in(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  }
  void make(const std::string& name, hid_t type, const std::vector<hsize_t>& shape, const void* data = nullptr, const Hdf5Layout& layout = {}) const {
    Hdf5File(path("a.h5")).dataset(name, shape, type, type, data, layout);
  }
};

TEST_F(Hdf5Errors, names_that_are_not_there_are_answered_by_those_that_are) {
  {
    Hdf5File file(path("a.h5"));
    file.dataset("x", {30, 3}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, nullptr);
    file.dataset("group/y", {30}, H5T_STD_I64LE, H5T_NATIVE_INT64, nullptr);
  }
  const std::string all = "'/group/y' (30 integers), '/x' (30 × 3 floating-point numbers)";
  EXPECT_EQ(complaint_of(path("a.h5")), "a.h5: holds several datasets; name one, as in a.h5:/group/y: " + all);
  EXPECT_EQ(complaint_of(path("a.h5:/z")), "a.h5:/z: there is no such dataset; the file has " + all);
  EXPECT_EQ(complaint_of(path("a.h5:/group")), "a.h5:/group: there is no such dataset; the file has " + all);
  EXPECT_EQ(complaint_of(path("a.h5:/group/x")), "a.h5:/group/x: there is no such dataset; the file has " + all);
  {
    const Hdf5File empty(path("b.h5"));
  }
  EXPECT_EQ(complaint_of(path("b.h5")), "b.h5: there is no dataset in it");
  EXPECT_EQ(complaint_of(path("b.h5:/x")), "b.h5:/x: there is no such dataset");
  EXPECT_THAT(complaint_of(path("none.h5:/x")), StartsWith("none.h5: cannot be opened: "));
}

TEST_F(Hdf5Errors, elements_that_are_no_numbers) {
  const auto complaint_about = [&](hid_t type) {
    make("x", type, {3, 2});
    H5Tclose(type);
    EXPECT_THAT(complaint_of(path("a.h5")), StartsWith("a.h5: holds no array of numbers of 1 to 3 dimensions, but '/x' (3 × 2 "));
    return complaint_of(path("a.h5:/x"));
  };
  const hid_t complex = H5Tcreate(H5T_COMPOUND, 16);
  H5Tinsert(complex, "r", 0, H5T_NATIVE_DOUBLE);
  H5Tinsert(complex, "i", 8, H5T_NATIVE_DOUBLE);
  const std::string end = "; integers and floating-point numbers are understood";
  EXPECT_EQ(complaint_about(complex), "a.h5:/x: holds compound values (complex numbers are such)" + end);
  EXPECT_EQ(complaint_about(H5Tcopy(H5T_C_S1)), "a.h5:/x: holds text" + end);
  EXPECT_EQ(complaint_about(H5Tcopy(H5T_STD_B8LE)), "a.h5:/x: holds bit fields" + end);
  EXPECT_EQ(complaint_about(H5Tcopy(H5T_STD_REF_OBJ)), "a.h5:/x: holds references" + end);
  EXPECT_EQ(complaint_about(H5Tvlen_create(H5T_NATIVE_INT)), "a.h5:/x: holds sequences of varying length" + end);
  const hsize_t three = 3;
  EXPECT_EQ(complaint_about(H5Tarray_create2(H5T_NATIVE_INT, 1, &three)), "a.h5:/x: holds arrays" + end);
  EXPECT_EQ(complaint_about(H5Tcreate(H5T_OPAQUE, 5)), "a.h5:/x: holds values of a type of its own" + end);
  const hid_t wide = H5Tcopy(H5T_STD_I64LE);
  H5Tset_size(wide, 12);
  make("x", wide, {3, 2});
  H5Tclose(wide);
  EXPECT_EQ(complaint_of(path("a.h5:/x")), "a.h5:/x: holds integers of 12 bytes; at most 8 are understood");
}

TEST_F(Hdf5Errors, shapes_that_are_no_table) {
  make("x", H5T_IEEE_F64LE, {});
  EXPECT_EQ(complaint_of(path("a.h5:/x")), "a.h5:/x: the array has 0 dimensions; 1, 2 or 3 are understood");
  make("x", H5T_IEEE_F64LE, {1, 2, 1, 2});
  EXPECT_EQ(complaint_of(path("a.h5:/x")), "a.h5:/x: the array has 4 dimensions; 1, 2 or 3 are understood");
  make("x", H5T_IEEE_F64LE, {0, 3});
  EXPECT_EQ(complaint_of(path("a.h5")), "a.h5:/x: the array is empty");
}

TEST_F(Hdf5Errors, what_is_in_other_files) {
  const Doubles values = {1, 2, 3, 4};
  Hdf5File(path("other.h5")).dataset("x", {2, 2}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data());
  {
    const Hdf5File file(path("a.h5"));
    const hsize_t shape[2] = {2, 2};
    const hid_t space = H5Screate_simple(2, shape, nullptr), virtually = H5Pcreate(H5P_DATASET_CREATE), externally = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_virtual(virtually, space, path("other.h5").c_str(), "x", space);
    H5Pset_external(externally, path("raw").c_str(), 0, 32);
    for (const auto& [name, created] : {std::pair("virtual", virtually), std::pair("external", externally)}) {
      H5Dclose(Hdf5File::check(H5Dcreate2(file.id(), name, H5T_IEEE_F64LE, space, H5P_DEFAULT, created, H5P_DEFAULT)));
      H5Pclose(created);
    }
    H5Sclose(space);
    Hdf5File::check(H5Lcreate_external(path("other.h5").c_str(), "x", file.id(), "link", H5P_DEFAULT, H5P_DEFAULT));
    Hdf5File::check(H5Lcreate_soft("/virtual", file.id(), "soft", H5P_DEFAULT, H5P_DEFAULT));
  }
  EXPECT_EQ(complaint_of(path("a.h5:/virtual")), "a.h5:/virtual: is a virtual dataset, of others in other files; name these, as parts");
  EXPECT_EQ(complaint_of(path("a.h5:/soft")), "a.h5:/soft: is a virtual dataset, of others in other files; name these, as parts");
  EXPECT_EQ(complaint_of(path("a.h5:/external")), "a.h5:/external: keeps its numbers in another file, which is not read");
  EXPECT_THAT(complaint_of(path("a.h5:/link")), testing::AnyOf("a.h5:/link: is a link to another file; name that one",
                                                               StartsWith("a.h5:/link: there is no such dataset; the file has ")));
  const auto buffer = std::make_shared<read::FileBuffer>(path("a.h5"), read::is_hdf5, 0);
  try {
    read::read_hdf5(read::FileView(buffer), "a.h5", "link", {});
    ADD_FAILURE();
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(), "a.h5: is a link to another file; name that one");
  }
}

TEST_F(Hdf5Errors, values_that_are_not_finite_are_named) {
  Doubles values(6000, 1.0);
  values[3001] = -std::numeric_limits<double>::infinity();
  values[5999] = std::numeric_limits<double>::quiet_NaN();
  for (const Hdf5Layout& layout : {Hdf5Layout{}, Hdf5Layout{{100, 1}}, Hdf5Layout{{100, 2}, 3}}) {
    make("x", H5T_NATIVE_DOUBLE, {3000, 2}, values.data(), layout);
    EXPECT_EQ(complaint_of(path("a.h5")), "a.h5:/x: sample 1501, column 'y0': -inf is not finite");
  }
}

TEST_F(Hdf5Errors, files_that_are_damaged_or_something_else) {
  EXPECT_EQ(complaint_of(write("a.h5", "a,y\n1,2\n") + ":/x"), "a.h5: is no HDF5 file");
  EXPECT_THAT(complaint("a.h5", "\x89HDF\r\n\x1a\n"), StartsWith("a.h5: libhdf5 cannot open it: "));
  const Doubles values(3000, 1.0);
  for (const Hdf5Layout& layout : {Hdf5Layout{}, Hdf5Layout{{100, 3}}, Hdf5Layout{{100, 3}, 0}}) {
    make("x", H5T_NATIVE_DOUBLE, {1000, 3}, values.data(), layout);
    const std::string whole = bytes_in(path("a.h5"));
    for (std::size_t left = 8; left < whole.size(); left += 997) {
      EXPECT_THAT(complaint("b.h5", whole.substr(0, left)), StartsWith("b.h5: libhdf5 cannot open it: ")) << left;
    }
  }
}

TEST_F(Hdf5Errors, damaged_chunks_are_found_by_their_checksums) {
  const Doubles values(3000, 1.0);
  make("x", H5T_NATIVE_DOUBLE, {1000, 3}, values.data(), {{100, 3}, -1, false, true});
  std::string bytes = bytes_in(path("a.h5"));
  bytes[bytes.rfind(bytes_of(1.0))] ^= 1;
  EXPECT_THAT(complaint("b.h5", bytes), StartsWith("b.h5:/x: libhdf5 cannot read it: "));
}

TEST_F(Hdf5Errors, a_filter_that_is_not_there_is_named) {
  constexpr H5Z_filter_t kOwn = 300;
  const auto pass = [](unsigned, std::size_t, const unsigned*, std::size_t bytes, std::size_t*, void**) { return bytes; };
  const H5Z_class2_t filter = {H5Z_CLASS_T_VERS, kOwn, 1, 1, "a filter of our own", nullptr, nullptr, pass};
  const Doubles values(30, 1.0);
  H5Zregister(&filter);
  {
    const Hdf5File file(path("a.h5"));
    const hid_t created = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t shape[2] = {10, 3};
    H5Pset_chunk(created, 2, shape);
    H5Pset_filter(created, kOwn, 0, 0, nullptr);
    const hid_t space = H5Screate_simple(2, shape, nullptr);
    const hid_t made = H5Dcreate2(file.id(), "x", H5T_IEEE_F64LE, space, H5P_DEFAULT, created, H5P_DEFAULT);
    EXPECT_GE(H5Dwrite(made, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
    H5Dclose(made);
    H5Sclose(space);
    H5Pclose(created);
  }
  EXPECT_EQ(complaint_of(path("a.h5")), "no complaint");
  H5Zunregister(kOwn);
  EXPECT_EQ(complaint_of(path("a.h5")), "a.h5:/x: needs filter 300 ('a filter of our own'), which libhdf5 does not have here");
}

TEST_F(Hdf5Errors, a_file_that_changes_is_an_error) {
  const ThreadScope one(1);  // which keeps two blocks
  const Doubles values(900000, 1.0);
  for (const Hdf5Layout& layout : {Hdf5Layout{}, Hdf5Layout{{100, 3}}, Hdf5Layout{{100, 3}, 1}}) {
    make("x", H5T_NATIVE_DOUBLE, {300000, 3}, values.data(), layout);
    const auto buffer = std::make_shared<read::FileBuffer>(path("a.h5"), read::is_hdf5, 0);
    ASSERT_FALSE(buffer->in_memory());
    const Table table = read::read_hdf5(read::FileView(buffer), "a.h5", "x", {read::TargetRule::none});
    std::filesystem::last_write_time(path("a.h5"), std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
    Doubles x(30);
    EXPECT_THROW(table.read_features(0, 10, x.data()), DataError);
  }
}

TEST_F(Hdf5Errors, the_host_programs_handler_stays) {
  static int calls = 0;
  const auto handler = [](hid_t, void*) -> herr_t { return ++calls, 0; };
  H5E_auto2_t before = nullptr, after = nullptr;
  void *data = nullptr, *data_after = nullptr;
  H5Eget_auto2(H5E_DEFAULT, &before, &data);
  H5Eset_auto2(H5E_DEFAULT, handler, &calls);
  EXPECT_NE(complaint("a.h5", "\x89HDF\r\n\x1a\n"), "no complaint");
  EXPECT_EQ(calls, 0);
  H5Eget_auto2(H5E_DEFAULT, &after, &data_after);
  EXPECT_EQ(after, static_cast<H5E_auto2_t>(handler));
  EXPECT_EQ(data_after, &calls);
  EXPECT_LT(H5Fopen(path("none.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), 0);
  EXPECT_EQ(calls, 1);
  H5Eset_auto2(H5E_DEFAULT, before, data);
}

TEST_F(Hdf5Errors, nothing_stays_open) {
  const ssize_t before = H5Fget_obj_count(static_cast<hid_t>(H5F_OBJ_ALL), H5F_OBJ_ALL);
  const Doubles values(3000, std::numeric_limits<double>::infinity());
  for (const Hdf5Layout& layout : {Hdf5Layout{}, Hdf5Layout{{100, 3}}, Hdf5Layout{{100, 3}, 1}}) {
    make("x", H5T_NATIVE_DOUBLE, {1000, 3}, values.data(), layout);
    EXPECT_THAT(complaint_of(path("a.h5:/x")), HasSubstr("not finite"));
    EXPECT_THAT(complaint_of(path("a.h5:/y")), HasSubstr("no such dataset"));
  }
  EXPECT_EQ(H5Fget_obj_count(static_cast<hid_t>(H5F_OBJ_ALL), H5F_OBJ_ALL), before);
}

TEST_F(Hdf5Errors, several_threads_may_read_several_files) {
  const Doubles values(9000, 1.5);
  for (int k = 0; k < 4; ++k) {
    Hdf5File(path(std::to_string(k) + ".h5"))
        .dataset("x", {3000, 3}, H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, values.data(), {{100, 2}, k % 2 == 0 ? 1 : -1});
  }
  std::vector<std::thread> threads;
  std::vector<int> right(4, 0);
  for (int k = 0; k < 4; ++k) {
    threads.emplace_back([&, k] {
      for (int again = 0; again < 10; ++again) {
        if (features_of(read_table(path(std::to_string(k) + ".h5"), {.without_targets = true})) == values) ++right[static_cast<std::size_t>(k)];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, std::vector<int>(4, 10));
}

}  // namespace
}  // namespace neuspec::test
#else
namespace neuspec::test {
namespace {

class Hdf5Errors : public Files {};

TEST_F(Hdf5Errors, a_build_without_libhdf5_says_so) {
  const std::string file = write("a.h5", "\x89HDF\r\n\x1a\n");
  try {
    read_table(file + ":/x");
    ADD_FAILURE();
  } catch (const NotCompiled& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("a.h5:/x: is HDF5"));
    EXPECT_THAT(error.what(), testing::HasSubstr("libhdf5-dev"));
  }
}

}  // namespace
}  // namespace neuspec::test
#endif
