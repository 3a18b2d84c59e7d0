// An intercept that is not penalised, through the program.
#include <gmock/gmock.h>

#include <cmath>

#include "cli/program.hpp"
#include "neuspec/network.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;

class Bias : public Program {
 protected:
  /// Fits and proves the model once more.
  nlohmann::json fit(const std::string& arguments, const std::string& data) {
    const Outcome outcome = run("fit " + arguments + " --bias --quiet --model " + file("m.json") + " --report " + file("r.json"));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const Outcome certify = run("certify " + file("m.json") + " " + data + " --json");
    EXPECT_EQ(certify.code, 0) << certify.err;
    const auto report = json(file("r.json")), certificate = nlohmann::json::parse(certify.out);
    EXPECT_EQ(certificate["primal"], report["primal"]);
    EXPECT_EQ(certificate["dual"], report["dual"]);
    EXPECT_EQ(certificate["relative_gap"], report["relative_gap"]);
    return report;
  }
};

TEST_F(Bias, OfSoftmaxIsFittedProvenAndPredicted) {
  const std::string data = real("wine.csv.gz");
  for (const std::string solver : {"bm", "admm", "auto"}) {
    const auto report = fit(data + " --loss softmax --standardize --beta-ratio 0.1 --test " + data + " --solver " + solver, data);
    EXPECT_LE(report["relative_gap"].get<double>(), 1e-6);
    EXPECT_GT(report["test"]["accuracy"].get<double>(), 0.9);
    const Model model = Model::load(file("m.json"));
    ASSERT_EQ(model.network.bias.size(), 3U);
    EXPECT_TRUE(model.problem.bias);
    EXPECT_NEAR(model.network.bias[0] + model.network.bias[1] + model.network.bias[2], 0, 1e-12);
    EXPECT_GT(std::abs(model.network.bias[0]), 1e-3);
  }
  EXPECT_THAT(run("info " + file("m.json")).out, HasSubstr("intercept"));
  // It is worth something: without it, the optimum is above.
  const double with = json(file("r.json"))["primal"], beta = json(file("r.json"))["beta"];
  ASSERT_EQ(run("fit " + data + " --loss softmax --standardize --beta " + std::to_string(beta) + " --quiet --report " + file("w.json")).code, 0);
  EXPECT_GT(json(file("w.json"))["primal"].get<double>(), with * 1.01);
}

TEST_F(Bias, OfSoftmaxGoesThroughFoldsThatLackAClass) {
  std::string text = "x,z,y\n";
  for (int i = 0; i < 24; ++i)
    text += std::to_string(std::sin(3.0 * i)) + "," + std::to_string(std::cos(5.0 * i)) + "," + (i == 7 ? "9" : i % 3 == 0 ? "4" : "5") + "\n";
  const std::string data = write("data.csv", text);
  const Outcome path = run("path " + data + " --loss softmax --bias --folds 4 --quiet --model " + file("m.json"));
  EXPECT_EQ(path.code, 0) << path.err;
  EXPECT_EQ(run("certify " + file("m.json") + " " + data).code, 0);
}

}  // namespace
}  // namespace neuspec::test
