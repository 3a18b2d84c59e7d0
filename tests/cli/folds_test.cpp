#include <gmock/gmock.h>

#include <algorithm>

#include "cli/program.hpp"

namespace neuspec::test {
namespace {

class Folds : public Program {};

TEST_F(Folds, ScoreEverySampleOnceAndChooseTheBestBeta) {
  const std::string data = real("breast_cancer.csv.gz");
  const Outcome outcome = run("path " + data + " --standardize --loss logistic --folds 4 --points 4 --json --model " + file("model.json"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto report = nlohmann::json::parse(outcome.out);
  double best = -1;
  for (const auto& point : report["points"]) {
    EXPECT_EQ(point["validation"]["samples"], 569);
    best = std::max(best, point["validation"]["accuracy"].get<double>());
  }
  EXPECT_GT(best, 0.95);
  const auto& chosen = report["points"][report["best"].get<std::size_t>()];
  EXPECT_EQ(chosen["validation"]["accuracy"], best);
  EXPECT_EQ(json(file("model.json"))["problem"]["beta"], chosen["beta"]);
}

// What is left out must not be seen: labels that have nothing to do with the features are guessed no better than by chance.
TEST_F(Folds, LeaveOutWhatTheyScore) {
  std::string text;
  unsigned state = 12345;
  for (int i = 0; i < 60; ++i) {
    for (int j = 0; j < 8; ++j) {
      state = state * 1664525U + 1013904223U;
      text += std::to_string(static_cast<double>(state >> 8U) / (1 << 24) - 0.5) + ",";
    }
    state = state * 1664525U + 1013904223U;
    text += (state >> 20U) % 2 == 0 ? "1\n" : "2\n";
  }
  const Outcome outcome = run("path " + write("noise.csv", text) + " --standardize --loss logistic --folds 5 --betas 0.01 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto point = nlohmann::json::parse(outcome.out)["points"][0];
  EXPECT_GT(point["train"]["accuracy"].get<double>(), 0.95);
  EXPECT_LT(point["validation"]["accuracy"].get<double>(), 0.75);
}

TEST_F(Folds, RefuseWhatMakesNoSense) {
  const std::string data = real("wine.csv.gz");
  EXPECT_EQ(run("path " + data + " --folds 1").code, 2);
  EXPECT_EQ(run("path " + data + " --folds 3 --validation " + data).code, 2);
  EXPECT_EQ(run("path " + data + " --folds 100000").code, 2);
}

class ClassWeights : public Program {};

TEST_F(ClassWeights, EqualRepeatedSamples) {
  const std::string once = "x,z,y\n0.5,1,0\n-1,0.2,0\n0.3,-0.7,1\n1.2,0.1,1\n-0.4,0.9,0\n", again = "0.3,-0.7,1\n1.2,0.1,1\n";
  const std::string options = " --loss logistic --beta 0.1 --tol 1e-9 --json --quiet";
  const Outcome weighted = run("fit " + write("once.csv", once) + options + " --class-weights 1,3 --model " + file("model.json"));
  const Outcome repeated = run("fit " + write("thrice.csv", once + again + again) + options);
  ASSERT_EQ(weighted.code, 0) << weighted.err;
  ASSERT_EQ(repeated.code, 0) << repeated.err;
  const double expected = nlohmann::json::parse(repeated.out)["primal"];
  EXPECT_NEAR(nlohmann::json::parse(weighted.out)["primal"].get<double>(), expected, 1e-8 * expected);
  EXPECT_EQ(run("certify " + file("model.json") + " " + file("once.csv") + " --tol 1e-8").code, 0);
}

TEST_F(ClassWeights, BalancedGiveEveryClassTheSameTotal) {
  const std::string data = write("data.csv", "x,y\n0.5,3\n-1,3\n0.3,7\n1.2,3\n");
  const Outcome outcome = run("fit " + data + " --loss hinge --beta 0.1 --class-weights balanced --quiet --model " + file("model.json"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(json(file("model.json"))["preprocessing"]["class_weights"], (std::vector<double>{4.0 / 6, 2}));
}

TEST_F(ClassWeights, NeedClasses) {
  const std::string data = write("data.csv", "x,y\n0.5,3\n-1,3\n0.3,7\n1.2,3\n");
  EXPECT_EQ(run("fit " + data + " --beta 1 --class-weights balanced").code, 3);
  EXPECT_EQ(run("fit " + data + " --loss logistic --beta 1 --class-weights 1,2,3").code, 3);
  EXPECT_EQ(run("fit " + data + " --loss logistic --beta 1 --class-weights 1,-2").code, 2);
}

}  // namespace
}  // namespace neuspec::test
