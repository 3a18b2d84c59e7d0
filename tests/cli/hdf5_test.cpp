// HDF5 files wherever a data file may be named, and as what predictions are written to.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>

#include "cli/program.hpp"
#ifdef NEUSPEC_HAS_HDF5
#include "support/hdf5_file.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Doubles = std::vector<double>;
using Names = std::vector<std::string>;

class Hdf5Program : public Program {
 protected:
  /// Rows of numbers that a generator makes, few of them different so that they compress; the last is a function of the others.
  static std::vector<float> table(std::size_t rows, std::size_t columns) {
    std::vector<float> values(rows * columns);
    std::uint64_t state = 1;
    for (std::size_t i = 0; i < rows; ++i) {
      float* const row = values.data() + i * columns;
      for (std::size_t j = 0; j + 1 < columns; ++j) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        row[j] = static_cast<float>(state >> 58U) / 32 - 1;
        row[columns - 1] += row[j] * row[(j + 1) % 3];
      }
    }
    return values;
  }
  std::string npy(const std::string& name, std::size_t rows, std::size_t columns, const std::vector<float>& values) const {
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " + std::to_string(columns) + "), }";
    header.resize(117, ' ');
    std::ofstream stream(file(name), std::ios::binary);
    stream << std::string("\x93NUMPY\x01\x00\x76\x00", 10) << header << '\n';
    stream.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
    return file(name);
  }
  std::string hdf5(const std::string& name, std::size_t rows, std::size_t columns, const std::vector<float>& values, const Hdf5Layout& layout) const {
    Hdf5File made(file(name));
    made.dataset("/in/data", {rows, columns}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values.data(), layout);
    made.dataset("/other", {1}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values.data());
    return file(name) + ":/in/data";
  }
  /// All that three commands say of a data set, digit by digit.
  std::string all_of(const std::string& data) const {
    const std::string model = file("model.json");
    const Outcome fit = run("fit " + data + " --standardize --beta-ratio 0.01 --threads 2 --quiet --json --model " + model);
    EXPECT_EQ(fit.code, 0) << fit.err;
    const Outcome certify = run("certify " + model + " " + data + " --threads 2 --json");
    EXPECT_EQ(certify.code, 0) << certify.err;
    const Outcome predict = run("predict " + model + " " + data + " --threads 2 -o " + file("out.h5"));
    EXPECT_EQ(predict.code, 0) << predict.err;
    const auto of_report = nlohmann::json::parse(fit.out), of_certificate = nlohmann::json::parse(certify.out);
    std::string all;
    for (const char* key : {"primal", "dual", "beta_max", "iterations", "samples", "features"}) all += of_report.at(key).dump() + ' ';
    for (const char* key : {"primal", "dual"}) all += of_certificate.at(key).dump() + ' ';
    return all + read(file("out.h5"));
  }
};

TEST_F(Hdf5Program, WhatStaysInTheFileIsWhatStaysInNpy) {
  const std::size_t n = 2200000, d = 8;  // 70 MB, of which nobody holds more than some blocks
  const std::vector<float> values = table(n, d);
  const std::string expected = all_of(npy("data.npy", n, d, values));
  EXPECT_TRUE(all_of(hdf5("data.h5", n, d, values, {})) == expected) << "in one piece";
  EXPECT_TRUE(all_of(hdf5("data.h5", n, d, values, {{2000, 5}})) == expected) << "in chunks";
  EXPECT_TRUE(all_of(hdf5("data.h5", n, d, values, {{5000, 8}, 1, true})) == expected) << "compressed";
}

TEST_F(Hdf5Program, FeaturesAndLabelsMayShareAFile) {
  const std::vector<float> values = table(300, 5);
  std::vector<std::int64_t> labels;
  for (std::size_t i = 0; i < 300; ++i) labels.push_back(values[5 * i] * values[5 * i + 1] > 0 ? 7 : 3);
  {
    Hdf5File made(file("data.h5"));
    made.dataset("X", {300, 5}, H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, values.data(), {{64, 2}});
    made.dataset("y", {300}, H5T_STD_I64BE, H5T_NATIVE_INT64, labels.data());
  }
  const std::string x = file("data.h5") + ":/X", y = file("data.h5") + ":/y", model = file("m.json");
  const Outcome fit = run("fit " + x + " --labels " + y + " --loss logistic --beta-ratio 0.1 --quiet --validation " + x + " --validation-labels " +
                          y + " --model " + model + " --report " + file("r.json"));
  ASSERT_EQ(fit.code, 0) << fit.err;
  EXPECT_EQ(run("certify " + model + " " + x + " --labels " + y).code, 0);
  ASSERT_EQ(run("predict " + model + " " + x + " -o " + file("p.h5") + ":a/b/c").code, 0);
  const auto csv = run("predict " + model + " " + x).out;
  const Hdf5Content content(file("p.h5"));
  EXPECT_EQ(content.shape("/a/b/c"), (std::vector<hsize_t>{300, 1}));
  EXPECT_EQ(content.numbers("/a/b/c"), numbers(csv, 0));
  EXPECT_EQ(content.numbers("/a/b/predicted"), numbers(csv, 1)) << "labels that are numbers";
  EXPECT_EQ(content.texts("/a/b/c", "columns"), Names{"y0"});
}

TEST_F(Hdf5Program, ClassesWithNamesAreText) {
  const std::string data = write("data.csv", "a,b,kind\n1,0,κόσμος\n2,1,no\n3,0,κόσμος\n4,1,no\n5,0,perhaps\n6,3,perhaps\n");
  ASSERT_EQ(run("fit " + data + " --one-vs-rest --beta 0.01 --quiet --model " + file("m.json")).code, 0);
  ASSERT_EQ(run("predict " + file("m.json") + " " + data + " -o " + file("p.hdf5")).code, 0);
  const std::string csv = run("predict " + file("m.json") + " " + data).out;
  Names predicted;
  for (const auto& row : rows(csv)) predicted.push_back(row.back());
  predicted.erase(predicted.begin());
  const Hdf5Content content(file("p.hdf5"));
  EXPECT_EQ(content.shape("predictions"), (std::vector<hsize_t>{6, 3}));
  EXPECT_EQ(content.texts("predictions", "columns"), (Names{"kind=no", "kind=perhaps", "kind=κόσμος"}));
  EXPECT_EQ(content.texts("predicted"), predicted);
  const Doubles all = content.numbers("predictions");
  for (std::size_t k = 0; k < 3; ++k) {
    const Doubles column = numbers(csv, k);
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(all[3 * i + k], column[i]);
  }
}

TEST_F(Hdf5Program, PredictionsReplaceWhatWasThere) {
  const std::string data = real("diabetes.csv.gz"), model = file("m.json");
  ASSERT_EQ(run("fit " + data + " --standardize --beta-ratio 0.1 --quiet --model " + model).code, 0);
  write("p.h5", "whatever was here");
  ASSERT_EQ(run("predict " + model + " " + data + " -o " + file("p.h5")).code, 0);
  const std::string once = read(file("p.h5"));
  ASSERT_EQ(run("predict " + model + " " + data + " -o " + file("p.h5")).code, 0);
  EXPECT_EQ(read(file("p.h5")), once) << "the same predictions are the same file";
  EXPECT_EQ(files(), (std::set<std::string>{"m.json", "p.h5"})) << "nothing is left beside it";
}

TEST_F(Hdf5Program, MistakesAreToldBeforeTheWork) {
  const std::vector<float> values = table(30, 4);
  const std::string data = hdf5("data.h5", 30, 4, values, {}), model = file("m.json");
  ASSERT_EQ(run("fit " + data + " --beta 1 --quiet --model " + model).code, 0);
  const auto expect = [&](const std::string& arguments, int code, const std::string& said) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, code) << arguments;
    EXPECT_THAT(outcome.err, HasSubstr(said)) << arguments;
  };
  expect("fit " + file("data.h5") + " --beta 1", 3, "data.h5: holds several datasets; name one, as in " + file("data.h5") + ":/in/data: ");
  expect("fit " + file("data.h5") + ":/none --beta 1", 3, "data.h5:/none: there is no such dataset; the file has '/in/data' (30 × 4 ");
  expect("fit " + file("none.h5") + ":/x --beta 1", 3, "none.h5: cannot be opened");
  expect("predict " + model + " " + data + " -o " + file("data.h5") + ":/p", 2, "would overwrite an input");
  expect("predict " + model + " " + data + " -o " + file("./data.h5"), 2, "would overwrite an input");
  expect("predict " + model + " " + data + " -o " + file("p.h5") + ":/a/", 2, "the dataset has no name");
  expect("predict " + model + " " + data + " -o " + file("p.h5") + ":/a/predicted", 2, "the predicted classes go there");
  expect("predict " + model + " " + data + " -o " + file("none/p.h5"), 5, "there is no folder");
  std::filesystem::create_directory(file("p.h5"));
  expect("predict " + model + " " + data + " -o " + file("p.h5") + ":/a", 5, "it is a folder");
  const std::string pipe = file("pipe.h5");
  ASSERT_EQ(std::system(("mkfifo " + pipe).c_str()), 0);
  expect("predict " + model + " " + data + " -o " + pipe, 5, "it is no regular file");
  EXPECT_THAT(read(file("data.h5")), StartsWith("\x89HDF"));
}

TEST_F(Hdf5Program, APipeIsAsGoodAsAFile) {
  const std::vector<float> values = table(200, 4);
  Hdf5File(file("data.h5")).dataset("x", {200, 4}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values.data(), {{50, 3}, 4});
  const std::string options = " --beta 1 --quiet --json", report = run("fit " + file("data.h5") + options).out;
  const Outcome piped = run("fit /dev/stdin" + options, "cat " + file("data.h5") + " |");
  ASSERT_EQ(piped.code, 0) << piped.err;
  EXPECT_EQ(nlohmann::json::parse(piped.out).at("primal"), nlohmann::json::parse(report).at("primal"));
}

TEST_F(Hdf5Program, EveryCommandTakesIt) {
  const std::vector<float> values = table(60, 4);
  const std::string data = hdf5("data.h5", 60, 4, values, {{7, 2}, 2}), model = file("m.json");
  const Outcome path = run("path " + data + " --validation " + data + " --quiet --model " + model);
  EXPECT_EQ(path.code, 0) << path.err;
  EXPECT_EQ(run("certify " + model + " " + data).code, 0);
  EXPECT_EQ(run("explain " + model + " " + data + " -o " + file("e.csv")).code, 0);
  EXPECT_EQ(run("accumulate " + data + " --target 2 --quiet -o " + file("d.nsm")).code, 0);
  const std::string moments = run("fit " + file("d.nsm") + " --beta 1 --quiet --model " + model).err;
  EXPECT_EQ(run("certify " + model + " " + data + " --target 2").code, 0) << moments;
  EXPECT_EQ(run("fit " + data + " --target 1 --test " + data + " --beta 1 --quiet").code, 0);
}

// libhdf5 brings thirty libraries, for which no other start waits. What the dynamic linker says of its libraries goes to standard error.
TEST_F(Hdf5Program, LibraryIsLoadedForItsFilesAlone) {
  const std::string text = write("data.csv", "1,2\n3,4\n5,7\n"), data = hdf5("data.h5", 40, 3, table(40, 3), {});
  const Outcome without = run("fit " + text + " --header no --beta 1 --quiet --model " + file("m.json"), "LD_DEBUG=libs");
  EXPECT_EQ(without.code, 0);
  EXPECT_THAT(without.err, HasSubstr("calling init"));
  EXPECT_THAT(without.err, Not(HasSubstr("libhdf5")));
  const Outcome with = run("fit " + data + " --beta 1 --quiet", "LD_DEBUG=libs");
  EXPECT_EQ(with.code, 0);
  EXPECT_THAT(with.err, HasSubstr("libhdf5"));
}

TEST_F(Hdf5Program, ALibraryThatIsAnotherOneIsSaid) {
  Dl_info other{};
  ASSERT_NE(::dladdr(reinterpret_cast<void*>(&::zlibVersion), &other), 0);
  std::filesystem::copy_file(other.dli_fname, file(NEUSPEC_HDF5_SONAME));
  const Outcome fit = run("fit " + hdf5("data.h5", 40, 3, table(40, 3), {}) + " --beta 1 --quiet", "LD_LIBRARY_PATH=" + file(""));
  EXPECT_EQ(fit.code, 5);
  EXPECT_THAT(fit.err, HasSubstr("libhdf5, which HDF5 files need, cannot be loaded"));
}

}  // namespace
}  // namespace neuspec::test
#else
namespace neuspec::test {
namespace {

class Hdf5Program : public Program {};

TEST_F(Hdf5Program, ABuildWithoutLibhdf5SaysWhatToInstall) {
  const Outcome fit = run("fit " + write("data.h5", "\x89HDF\r\n\x1a\n") + ":/x --beta 1");
  EXPECT_EQ(fit.code, 5);
  EXPECT_THAT(fit.err, testing::HasSubstr("libhdf5-dev"));
  const std::string data = write("data.csv", "1,2\n3,4\n5,7\n");
  ASSERT_EQ(run("fit " + data + " --header no --beta 1 --quiet --model " + file("m.json")).code, 0);
  EXPECT_EQ(run("predict " + file("m.json") + " " + data + " --header no -o " + file("p.h5")).code, 5);
}

}  // namespace
}  // namespace neuspec::test
#endif
