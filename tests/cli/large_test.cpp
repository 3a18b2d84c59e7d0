// Arrays larger than what is held of a file: no command keeps their features in memory.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>

#include "cli/program.hpp"
#include "support/sanitizers.hpp"

namespace neuspec::test {
namespace {

constexpr std::int64_t kRows = 1500000, kColumns = 16;  // of float32: 96 MB in the file, 180 MB as doubles

class LargeArray : public Program {
 protected:
  /// Fifteen features, and a function of them as the target.
  std::string array(const std::string& name) const {
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(kRows) + ", " + std::to_string(kColumns) + "), }";
    header.resize(117, ' ');
    std::ofstream stream(file(name), std::ios::binary);
    stream << std::string("\x93NUMPY\x01\x00\x76\x00", 10) << header << '\n';
    std::vector<float> row(kColumns);
    std::uint64_t state = 1;
    for (std::int64_t i = 0; i < kRows; ++i) {
      float sum = 0;
      for (std::size_t j = 0; j + 1 < row.size(); ++j) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        row[j] = static_cast<float>(state >> 40U) * 0x1p-23F - 1;
        sum += row[j] * row[(j + 1) % 3];
      }
      row.back() = sum;
      stream.write(reinterpret_cast<const char*>(row.data()), static_cast<std::streamsize>(row.size() * sizeof(float)));
    }
    return file(name);
  }
  /// The most memory that any program started here has held.
  static long megabytes() {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    return usage.ru_maxrss / 1024;
  }
};

TEST_F(LargeArray, IsFittedProvenAndPredictedFromItsFile) {
  const std::string data = array("data.npy"), model = file("model.json"), report = file("report.json");
  const Outcome fit = run("fit " + data + " --standardize --bias --beta-ratio 0.01 --quiet --model " + model + " --report " + report);
  ASSERT_EQ(fit.code, 0) << fit.err;
  EXPECT_EQ(json(report).at("samples"), kRows);
  const Outcome certify = run("certify " + model + " " + data + " --json");
  EXPECT_EQ(certify.code, 0) << certify.err;
  EXPECT_NEAR(nlohmann::json::parse(certify.out).at("primal").get<double>(), json(report).at("primal").get<double>(),
              1e-9 * json(report).at("primal").get<double>());
  const Outcome accumulate = run("accumulate " + data + " --quiet -o " + file("data.nsm"));
  EXPECT_EQ(accumulate.code, 0) << accumulate.err;
  EXPECT_EQ(run("certify " + model + " " + file("data.nsm")).code, 0) << "the standardised network on moments of the raw features";
  const Outcome predict = run("predict " + model + " " + data + " -o " + file("predictions.csv"));
  EXPECT_EQ(predict.code, 0) << predict.err;
  if (address_space_is_reserved) return;  // sanitizers hold more
  EXPECT_LT(megabytes(), 150);            // the file's features as doubles take 180 MB; targets, predictions and residuals 12 MB each
}

// 70 MB of text, which would be 34 MB of numbers.
TEST_F(LargeArray, AsTextIsReadAgainWhereMemoryDoesNotHoldIt) {
  constexpr int rows = 350000, columns = 12;
  std::string line;
  std::ofstream stream(file("data.csv"));
  for (std::int64_t i = 0; i < rows; ++i) {
    line.clear();
    for (std::int64_t j = 0; j + 1 < columns; ++j) line += "0.0000000000" + std::to_string((i * (7 + 2 * j) + i / 3 * j * j) % 1009 + 1000) + "e10,";
    stream << line << (i % 7 < 3 ? "one\n" : "zero\n");
  }
  stream.close();
  const std::string model = file("model.json");
  const Outcome fit =
      run("fit " + file("data.csv") + " --quiet --header no --one-vs-rest --standardize --beta-ratio 0.1 --memory-limit 120M --model " + model);
  ASSERT_EQ(fit.code, 0) << fit.err;
  if (!address_space_is_reserved) {
    EXPECT_LT(megabytes(), 100);  // the text alone takes 70 MB, the labels 3 MB
  }
  const Outcome certify = run("certify " + model + " " + file("data.csv"));
  EXPECT_EQ(certify.code, 0) << certify.err;
}

// Small text is held: what it takes is no longer there for the solve.
TEST_F(Program, MemoryLimitCountsTheSamplesHeld) {
  constexpr int rows = 60000, columns = 12;
  std::string text;
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j + 1 < columns; ++j) text += std::to_string((i * (7 + 2 * j) + i / 3 * j * j) % 101 - 50) + ",";
    text += i % 7 < 3 ? "1\n" : "0\n";
  }
  const std::string data = write("data.csv", text), report = file("report.json");
  const auto operator_within = [&](const std::string& limit) {
    const Outcome fit = run("fit " + data + " --header no --loss logistic --beta-ratio 0.5 --max-iterations 1 --quiet --memory-limit " + limit +
                            " --report " + report);
    EXPECT_TRUE(fit.code == 0 || fit.code == 4) << fit.err;
    return fit.code == 0 || fit.code == 4 ? json(report).at("operator").get<std::string>() : "";
  };
  const std::string choice = operator_within("0") == "matrix-free" ? json(report).at("choice").get<std::string>() : "about 0";
  const double needed = std::stod(choice.substr(choice.rfind(' ', choice.size() - 5) + 1));  // "... about 22 Gflop and 61 MiB"
  const double held = rows * columns * 8 / 1048576.0;
  ASSERT_GT(needed, held);
  if (!address_space_is_reserved) {  // sanitizers hold more
    EXPECT_EQ(operator_within(std::to_string(static_cast<int>(needed + 0.8 * held)) + "M"), "streamed");
  }
  EXPECT_EQ(operator_within(std::to_string(static_cast<int>(needed + held + (address_space_is_reserved ? 4000 : 120))) + "M"), "matrix-free");
}

}  // namespace
}  // namespace neuspec::test
