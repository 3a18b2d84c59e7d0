// Tables with far more columns than rows, as of genomes: every command that trains, proves, predicts and explains works without matrices of columns ×
// columns.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <sstream>

#include "cli/program.hpp"
#include "support/random.hpp"

namespace neuspec::test {
namespace {

constexpr Index kRows = 12, kColumns = 20000;
constexpr long kKilobytes = 1 << 20;  // a third of what one such matrix takes

class WideTable : public Program {
 protected:
  /// Columns of class or number last; every third class is the third one.
  std::string table(const std::string& name, const std::vector<double>& last) const {
    Random random(1);
    std::ostringstream text;
    for (Index i = 0; i < kRows; ++i) {
      for (Index j = 0; j < kColumns; ++j) text << random.normal() << ',';
      text << last[static_cast<std::size_t>(i) % last.size()] << '\n';
    }
    return write(name, text.str());
  }
  /// The most memory that any program started here has held.
  static long kilobytes() {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    return usage.ru_maxrss;
  }
};

TEST_F(WideTable, IsFittedAndProven) {
  const std::string classes = table("classes.csv", {1, -1, -1}), numbers_of = table("numbers.csv", {0.5, -2, 1, 3}),
                    three = table("three.csv", {0, 1, 2});
  const std::string model = file("model.json"), report = file("report.json");
  for (const std::string& arguments :
       {numbers_of + " --beta-ratio 0.1", numbers_of + " --beta-ratio 0.1 --bias --standardize", classes + " --loss logistic --beta-ratio 0.1",
        classes + " --loss hinge --beta-ratio 0.3", three + " --loss softmax --beta-ratio 0.1 --bias"}) {
    const Outcome fit = run("fit " + arguments + " --quiet --model " + model + " --report " + report);
    EXPECT_EQ(fit.code, 0) << arguments << '\n' << fit.err;
    EXPECT_EQ(json(report).at("features"), kColumns);
    const std::string data = arguments.substr(0, arguments.find(' '));
    const Outcome certify = run("certify " + model + " " + data + " --json");
    EXPECT_EQ(certify.code, 0) << arguments << '\n' << certify.err;
    const auto proof = nlohmann::json::parse(certify.out);
    EXPECT_NEAR(proof.at("primal").get<double>(), json(report).at("primal").get<double>(), 1e-9 * proof.at("primal").get<double>());
    EXPECT_NEAR(proof.at("dual").get<double>(), json(report).at("dual").get<double>(), 1e-6 * proof.at("primal").get<double>());
    EXPECT_EQ(run("predict " + model + " " + data + " -o " + file("predictions.csv")).code, 0);
    const Outcome explain = run("explain " + model + " " + data + " -o " + file("distances.csv"));
    EXPECT_EQ(explain.code, 0) << arguments << '\n' << explain.err;
    const std::vector<double> distances = numbers(read(file("distances.csv")), 2), bounds = numbers(read(file("distances.csv")), 3);
    ASSERT_EQ(distances.size(), static_cast<std::size_t>(kRows)) << arguments;
    for (std::size_t i = 0; i < distances.size(); ++i) EXPECT_TRUE(bounds[i] > 0 && bounds[i] <= distances[i]) << arguments;
  }
  EXPECT_LT(kilobytes(), kKilobytes);
}

TEST_F(WideTable, HasPathsAndFolds) {
  const std::string data = table("numbers.csv", {0.5, -2, 1, 3});
  const Outcome path = run("path " + data + " --points 4 --beta-min-ratio 0.05 --folds 3 --quiet -o " + file("path.csv"));
  EXPECT_EQ(path.code, 0) << path.err;
  EXPECT_EQ(rows(read(file("path.csv"))).size(), 5U);
  EXPECT_LT(kilobytes(), kKilobytes);
}

}  // namespace
}  // namespace neuspec::test
