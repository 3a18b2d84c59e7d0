#include <gmock/gmock.h>

#include <string>

#include "cli/program.hpp"
#include "neuspec/network.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A network whose outputs overflow for features of 1e200.
class NonFinite : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    train_ = write("train.csv", "a,b,y\n1,1,1\n-1,-1,1\n1,-1,0\n-1,1,0\n");
    huge_ = write("huge.csv", "a,b,y\n0.5,1,1\n1e200,1,1\n1,1,0\n");
  }
  std::string train_, huge_;
};

TEST_F(NonFinite, PredictionsAreRefusedNamingFileSampleAndOutput) {
  ASSERT_EQ(run("fit " + train_ + " --loss logistic --beta 0.1 --quiet --model " + file("m.json")).code, 0);
  write("p.csv", "old");
  const Outcome written = run("predict " + file("m.json") + " " + huge_ + " -o " + file("p.csv"));
  EXPECT_EQ(written.code, 3);
  EXPECT_THAT(written.err, HasSubstr("huge.csv: sample 2: output 1"));
  EXPECT_EQ(read(file("p.csv")), "old");
  const Outcome printed = run("predict " + file("m.json") + " " + huge_);
  EXPECT_EQ(printed.code, 3);
  EXPECT_EQ(printed.out, "");
  for (const std::string command : {"explain", "certify"}) {
    const Outcome outcome = run(command + " " + file("m.json") + " " + huge_);
    EXPECT_EQ(outcome.code, 3) << command;
    EXPECT_THAT(outcome.err, HasSubstr("huge.csv: ")) << command;
    EXPECT_THAT(outcome.out, Not(HasSubstr("nan"))) << command;
  }
}

TEST_F(NonFinite, ATestThatFailsLeavesModelAndReport) {
  const Outcome fit =
      run("fit " + train_ + " --loss logistic --beta 0.1 --test " + huge_ + " --model " + file("m.json") + " --report " + file("r.json"));
  EXPECT_EQ(fit.code, 3);
  EXPECT_THAT(fit.err, HasSubstr("huge.csv: sample 2: output 1"));
  EXPECT_THAT(fit.err, HasSubstr("saved in " + file("m.json")));
  EXPECT_EQ(Model::load(file("m.json")).status, "optimal");
  EXPECT_EQ(run("certify " + file("m.json") + " " + train_).code, 0);
  EXPECT_EQ(json(file("r.json"))["status"], "optimal");
  EXPECT_FALSE(json(file("r.json")).contains("test"));
}

// Squares of outputs overflow where the outputs themselves do not.
TEST_F(NonFinite, ScoresAreRefusedNamingTheSample) {
  const std::string train = write("line.csv", "a,y\n1,1\n2,2\n3,3\n4,4.1\n"), far = write("far.csv", "a,y\n1,1\n1e200,1\n");
  const Outcome fit = run("fit " + train + " --activation linear --beta 0.1 --test " + far + " --model " + file("m.json"));
  EXPECT_EQ(fit.code, 3);
  EXPECT_THAT(fit.err, HasSubstr("far.csv: sample 2: output 1"));
  EXPECT_NO_THROW(Model::load(file("m.json")));
}

TEST_F(NonFinite, ValidationDataAreRefusedBeforeTheWork) {
  for (const std::string& arguments : {"path " + train_ + " --points 2", "fit " + train_ + " --beta 0.1 --layers 2"}) {
    const Outcome outcome = run(arguments + " --loss logistic --validation " + huge_ + " --model " + file("m.json"));
    EXPECT_EQ(outcome.code, 3) << arguments;
    EXPECT_THAT(outcome.err, HasSubstr("huge.csv: sample 2: feature 1")) << arguments;
    EXPECT_EQ(files(), (std::set<std::string>{"huge.csv", "train.csv"})) << arguments;
  }
}

// Layers square what the one before squared.
TEST_F(NonFinite, ALayerThatCannotBeTriedLeavesThoseBelow) {
  const std::string train = write("curve.csv", "a,b,y\n1,0.2,1\n2,-0.3,2\n3,0.5,5\n4,-0.1,4\n-1,0.7,0\n-2,0.1,3\n");
  const std::string valid = write("far.csv", "a,b,y\n1,0,1\n1e50,0,2\n");
  const Outcome fit =
      run("fit " + train + " --beta 0.1 --layers 3 --validation " + valid + " --model " + file("m.json") + " --report " + file("r.json"));
  EXPECT_EQ(fit.code, 3);
  EXPECT_THAT(fit.err, HasSubstr("far.csv: sample 2: output 1"));
  EXPECT_THAT(fit.err, HasSubstr("saved in " + file("m.json")));
  EXPECT_TRUE(Model::load(file("m.json")).hidden.empty());
  EXPECT_EQ(run("certify " + file("m.json") + " " + train).code, 0);
  EXPECT_EQ(json(file("r.json"))["layers"].size(), 2U);
}

// Fill values for what is missing, alone among ordinary numbers and everywhere.
TEST_F(NonFinite, TrainingDataWithoutFinitePowersAreRefusedNamingTheSample) {
  const std::string one = write("one.csv", "a,b,y\n1,1,1\n-1,-1,1\n1,9.99e99,0\n-1,1,0\n");
  const std::string all = write("all.csv", "a,b,y\n1e90,1e90,1\n-1e90,-2e90,1\n1e90,-1e90,0\n-1e90,1e90,0\n");
  const std::string target = write("target.csv", "a,b,y\n1,1,1\n-1,-1,1e90\n");
  for (const std::string loss : {"squared", "logistic", "hinge"}) {
    for (const std::string more : {" --beta-ratio 0.01", " --beta 1", " --beta 1 --standardize"}) {
      const Outcome outcome = run("fit " + one + " --loss " + loss + more + " --model " + file("m.json"));
      EXPECT_EQ(outcome.code, 3) << loss << more;
      EXPECT_THAT(outcome.err, HasSubstr("one.csv: sample 3: feature 2 is 9.99e+99")) << loss << more;
    }
  }
  EXPECT_EQ(run("fit " + all + " --beta-ratio 0.01").code, 3);
  EXPECT_THAT(run("fit " + target + " --beta 1").err, HasSubstr("target.csv: sample 2: target 1"));
  EXPECT_THAT(run("path " + one + " --points 2").err, HasSubstr("one.csv: sample 3: feature 2"));
}

TEST_F(NonFinite, StandardisingNewDataMayOverflow) {
  const std::string train = write("close.csv", "a,y\n1e-10,1\n2e-10,2\n3e-10,1\n"), far = write("away.csv", "a,y\n1e-10,1\n1e300,2\n");
  ASSERT_EQ(run("fit " + train + " --standardize --beta 0.1 --model " + file("m.json")).code, 0);
  const Outcome predict = run("predict " + file("m.json") + " " + far);
  EXPECT_EQ(predict.code, 3);
  EXPECT_THAT(predict.err, HasSubstr("away.csv: sample 2: feature 1"));
}

}  // namespace
}  // namespace neuspec::test
