#include <gmock/gmock.h>

#include <algorithm>

#include "cli/program.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;

class Layers : public Program {
 protected:
  /// Two thirds and one third of the digits' samples.
  void SetUp() override {
    Program::SetUp();
    const int unpacked = std::system(("gzip -dc " + real("digits.csv.gz") + " > " + file("all.csv")).c_str());
    ASSERT_EQ(unpacked, 0);
    std::istringstream lines(read(file("all.csv")));
    std::string line, train, valid;
    for (int i = -1; std::getline(lines, line) && i < 600; ++i) {
      if (i < 0 || i % 3 != 0) train += line + '\n';
      if (i < 0 || i % 3 == 0) valid += line + '\n';
    }
    write("train.csv", train);
    write("valid.csv", valid);
  }
  std::string fit(const std::string& more) const {
    return "fit " + file("train.csv") + " --standardize --one-vs-rest --validation " + file("valid.csv") + " --test " + file("valid.csv") +
           " --json --model " + file("model.json") + ' ' + more;
  }
};

TEST_F(Layers, EachIsProvenAndTheBestDepthIsKept) {
  const Outcome outcome = run(fit("--beta-ratio 0.02 --layers 2"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto report = nlohmann::json::parse(outcome.out);
  ASSERT_EQ(report["layers"].size(), 2U);
  double best = 0;
  for (const auto& layer : report["layers"]) {
    EXPECT_EQ(layer["status"], "optimal");
    EXPECT_LE(layer["relative_gap"].get<double>(), 1e-6);
    best = std::max(best, layer["validation"]["accuracy"].get<double>());
  }
  EXPECT_EQ(report["layers"][1]["features"], report["layers"][0]["neurons"]);
  EXPECT_EQ(report["test"]["accuracy"], best);  // the same file, through the layers that were kept
}

TEST_F(Layers, SurviveSavingAndLoading) {
  ASSERT_EQ(run(fit("--beta-ratio 0.005 --layers 2")).code, 0);
  const auto model = json(file("model.json"));
  ASSERT_TRUE(model.contains("hidden")) << "two layers do better on digits";
  const Outcome proof = run("certify " + file("model.json") + " " + file("train.csv") + " --json");
  EXPECT_EQ(proof.code, 0);
  EXPECT_NEAR(nlohmann::json::parse(proof.out)["primal"].get<double>(), model["certificate"]["primal"].get<double>(), 1e-9);
  EXPECT_EQ(nlohmann::json::parse(proof.out)["layer_proven"], 2);
  EXPECT_THAT(run("certify " + file("model.json") + " " + file("train.csv")).out, HasSubstr("the last of 2 layers alone"));
  EXPECT_THAT(run("info " + file("model.json")).out, HasSubstr("the last of 2 layers"));
  const Outcome predicted = run("predict " + file("model.json") + " " + file("valid.csv"));
  EXPECT_EQ(rows(predicted.out).size(), rows(read(file("valid.csv"))).size());
  EXPECT_EQ(run("explain " + file("model.json") + " " + file("valid.csv")).code, 2);
  auto damaged = model;
  damaged["hidden"][0]["mean"].erase(0);
  write("model.json", damaged.dump());
  EXPECT_EQ(run("info " + file("model.json")).code, 3);
}

TEST_F(Layers, NeedValidation) {
  EXPECT_EQ(run("fit " + file("train.csv") + " --one-vs-rest --beta 1 --layers 2").code, 2);
  EXPECT_EQ(run(fit("--beta 1 --layers 0")).code, 2);
}

class Architectures : public Program {};

TEST_F(Architectures, GoThroughTheModelFile) {
  const std::string data = golden("conv2d_pool.csv"), model = file("model.json");
  const Outcome outcome = run("fit " + data + " --beta 0.1 --arch conv2d:height=6,width=6,filter=3x3,pool=2x2 --json --model " + model);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(nlohmann::json::parse(outcome.out)["blocks"], 8);
  EXPECT_EQ(run("certify " + model + " " + data).code, 0);
  EXPECT_EQ(run("predict " + model + " " + data).code, 0);
  EXPECT_EQ(run("explain " + model + " " + data).code, 0);
  EXPECT_THAT(run("info " + model).out, HasSubstr("conv2d:height=6"));
}

TEST_F(Architectures, ThatDoNotFitAreRefused) {
  const std::string data = golden("conv2d_pool.csv");
  for (const char* wrong : {"conv3d:length=3", "conv2d:height=6,width=6,filter=3x3,pool=3x3", "conv2d:height=6,width=6,filter=7x7",
                            "conv2d:height=5,width=6,filter=3x3", "conv1d:length=36,filter=0", "conv1d:length=36,filter=3,stride=x"}) {
    const Outcome outcome = run("fit " + data + " --beta 1 --arch " + wrong);
    EXPECT_EQ(outcome.code, 2) << wrong;
    EXPECT_THAT(outcome.err, HasSubstr("architecture")) << wrong;
  }
}

class KinkedLosses : public Program {};

// Where the loss has kinks the proof is the dual vector in the model.
TEST_F(KinkedLosses, CarryTheirProof) {
  const std::string data = golden("logistic.csv"), model = file("model.json");
  for (const char* loss : {"hinge", "absolute"}) {
    ASSERT_EQ(run("fit " + data + " --beta 0.5 --quiet --loss " + loss + " --model " + model).code, 0) << loss;
    EXPECT_EQ(run("certify " + model + " " + data).code, 0) << loss;
    auto without = json(model);
    EXPECT_EQ(without["dual_vector"].size(), 150U);
    without.erase("dual_vector");
    write("without.json", without.dump());
    EXPECT_EQ(run("certify " + file("without.json") + " " + data).code, 4) << loss;
  }
}

TEST_F(KinkedLosses, RefuseLabelsThatTheyDoNotKnow) {
  const std::string data = write("data.csv", "x,y\n0.5,3\n-1,2\n0.3,7\n1.2,3\n");
  EXPECT_EQ(run("fit " + data + " --loss hinge --beta 1").code, 3);
  EXPECT_EQ(run("fit " + data + " --loss softmax --beta 0.1 --quiet --one-vs-rest").code, 2);
  EXPECT_EQ(run("fit " + data + " --loss softmax --beta 0.1 --quiet").code, 0);
  EXPECT_EQ(run("fit " + data + " --loss hinge --beta 0.1 --quiet --one-vs-rest").code, 0);
  EXPECT_EQ(run("fit " + data + " --loss cubic --beta 1").code, 2);
  EXPECT_EQ(run("fit " + golden("logistic.csv") + " --loss hinge --solver bm --beta 1").code, 2);
}

}  // namespace
}  // namespace neuspec::test
