#include <gmock/gmock.h>

#include "cli/program.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;

class Refusal : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    good_ = golden("dense_small.csv");
  }
  /// Asked to fit with these arguments, the program gives this code and message and leaves files as they are.
  void expect_refusal(const std::string& arguments, int code, const std::string& message) const {
    write("m.json", "old model");
    write("r.json", "old report");
    const auto before = files();
    const Outcome fit = run("fit " + arguments + " --model " + file("m.json") + " --report " + file("r.json"));
    EXPECT_EQ(fit.code, code) << arguments << "\n" << fit.err;
    EXPECT_THAT(fit.err, HasSubstr(message)) << arguments;
    EXPECT_EQ(fit.out, "") << arguments;
    EXPECT_EQ(read(file("m.json")), "old model") << arguments;
    EXPECT_EQ(read(file("r.json")), "old report") << arguments;
    EXPECT_EQ(files(), before) << arguments;
  }
  std::string good_;
};

TEST_F(Refusal, OfWrongUsageIsTwo) {
  EXPECT_EQ(run("").code, 2);
  EXPECT_EQ(run("train x.csv").code, 2);
  EXPECT_EQ(run("fit").code, 2);
  expect_refusal(good_, 2, "--beta");
  expect_refusal(good_ + " --beta 1 --beta-ratio 0.1", 2, "--beta");
  expect_refusal(good_ + " --beta 0", 2, "--beta '0'");
  expect_refusal(good_ + " --beta nan", 2, "--beta 'nan'");
  expect_refusal(good_ + " --beta-ratio -1", 2, "--beta-ratio '-1'");
  expect_refusal(good_ + " --beta 1 --tol 0", 2, "tol '0'");
  expect_refusal(good_ + " --beta 1 --solver simplex", 2, "auto|admm|bm");
  expect_refusal(good_ + " --beta 1 --precision half", 2, "double|single|tf32");
  expect_refusal(good_ + " --beta 1 --precision tf32 --device cpu", 2, "there is no TF32 on a CPU");
  expect_refusal(good_ + " --beta 1 --projection exact", 2, "auto|eigen|products");
  expect_refusal(good_ + " --beta 1 --loss cubic", 2, "cubic");
  expect_refusal(good_ + " --beta 1 --activation 1,2", 2, "activation '1,2'");
  expect_refusal(good_ + " --beta 1 --downsample 4", 2, "--downsample '4'");
  expect_refusal(good_ + " --beta 1 --target y,,z", 2, "--target");
  expect_refusal(good_ + " --beta 1 --unknown", 2, "--unknown");
}

TEST_F(Refusal, OfBadDataIsThreeAndNamesThePlace) {
  expect_refusal(write("word.csv", "a,b,y\n1,2,3\n4,five,6\n") + " --beta 1", 3, "word.csv:3:2");
  expect_refusal(write("ragged.csv", "a,b,y\n1,2,3\n4,5\n") + " --beta 1", 3, "ragged.csv:3");
  expect_refusal(write("nan.csv", "a,b,y\n1,nan,3\n") + " --beta 1", 3, "nan.csv:2:2");
  expect_refusal(write("empty.csv", "") + " --beta 1", 3, "empty.csv");
  expect_refusal(write("head.csv", "a,b,y\n") + " --beta 1", 3, "head.csv");
  expect_refusal(file("missing.csv") + " --beta 1", 3, "missing.csv");
  expect_refusal(good_ + " --beta 1 --target price", 3, "price");
  expect_refusal(write("one.csv", "a,y\n1,5\n2,5\n") + " --beta 1 --one-vs-rest", 3, "one.csv");
  expect_refusal(good_ + " --beta 1 --downsample 2x2", 3, "dense_small.csv");
  expect_refusal(write("zero.csv", "a,y\n1,0\n2,0\n") + " --beta-ratio 0.1", 3, "zero.csv");
  expect_refusal(good_ + " --beta 1 --test " + write("narrow.csv", "x0,x1,y\n1,2,3\n"), 3, "narrow.csv");
}

TEST_F(Refusal, OfPlacesThatCannotBeWrittenComesBeforeTheWork) {
  const Outcome nowhere = run("fit " + good_ + " --beta 1 --model " + file("no/m.json"));
  EXPECT_EQ(nowhere.code, 5);
  EXPECT_THAT(nowhere.err, HasSubstr("no/m.json"));
  EXPECT_EQ(nowhere.out, "") << "nothing was trained";
  EXPECT_EQ(run("fit " + good_ + " --beta 1 --report " + testing::TempDir()).code, 5);
  EXPECT_EQ(run("fit " + good_ + " --beta 1 --model /dev/full").code, 5);
}

TEST_F(Refusal, ToOverwriteAnInputOrTwoOutputsAtOnePlace) {
  const std::string data = write("data.csv", read(good_));
  const Outcome over = run("fit " + data + " --beta 1 --model " + file("./data.csv"));
  EXPECT_EQ(over.code, 2);
  EXPECT_EQ(read(data), read(good_));
  EXPECT_EQ(run("fit " + data + " --beta 1 --model " + file("m.json") + " --report " + file("m.json")).code, 2);
  EXPECT_EQ(files(), std::set<std::string>{"data.csv"});
}

TEST_F(Refusal, OfADeviceThatIsNotBuiltInIsFive) {
  const Outcome fit = run("fit " + good_ + " --beta 1 --device cuda");
  EXPECT_EQ(fit.code, 5);
  EXPECT_THAT(fit.err, HasSubstr("neuspec: "));
}

TEST_F(Refusal, OfDamagedModelsIsThree) {
  const std::string model = write("damaged.json", "{\"format\": \"neuspec-model\"");
  for (const std::string& arguments : {"info " + model, "certify " + model + " " + good_, "predict " + model + " " + good_}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 3) << arguments;
    EXPECT_THAT(outcome.err, HasSubstr("damaged.json"));
  }
}

TEST(Help, TeachesWithAnExampleForEverySubcommand) {
  for (const std::string command : {"fit", "path", "predict", "certify", "info"}) {
    FILE* help = popen((executable() + " " + command + " --help").c_str(), "r");
    ASSERT_NE(help, nullptr);
    std::string text;
    for (int c = std::fgetc(help); c != EOF; c = std::fgetc(help)) text += static_cast<char>(c);
    EXPECT_EQ(pclose(help), 0) << command;
    EXPECT_THAT(text, HasSubstr("Example:"));
    EXPECT_THAT(text, HasSubstr("\n  neuspec " + command + " "));
  }
}

}  // namespace
}  // namespace neuspec::test
