#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>

#include "cli/program.hpp"
#include "cli/running.hpp"
#include "support/random.hpp"

namespace neuspec::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

class CheckpointFile : public Program {
 protected:
  std::string keep() const { return " --checkpoint " + file("c"); }
  std::string arguments() const { return "fit " + real("breast_cancer.csv.gz") + " --standardize --loss hinge --beta 1" + keep(); }
  nlohmann::json report(const std::string& more) const {
    const Outcome fit = run(arguments() + " --json " + more);
    EXPECT_EQ(fit.code, 0) << fit.err;
    return nlohmann::json::parse(fit.out);
  }
  /// The same solve beside the test, killed after so many microseconds by `signal`.
  int killed(unsigned microseconds, int signal) const {
    Running program({executable(), "fit", real("breast_cancer.csv.gz"), "--standardize", "--loss", "hinge", "--beta", "1", "--checkpoint", file("c"),
                     "--every", "0.0001", "--resume", "--model", file("m.json")},
                    STDERR_FILENO);
    ::usleep(microseconds);
    program.send(signal);
    return program.wait();
  }
};

TEST_F(CheckpointFile, OfAStoppedSolveIsGoneOnFromAndThenIsOfTheOptimum) {
  const auto whole = report("--every 2h");
  EXPECT_EQ(files(), std::set<std::string>{"c"});
  std::filesystem::remove(file("c"));
  ASSERT_EQ(run(arguments() + " --max-iterations 300").code, 4);
  const auto rest = report("--resume");
  EXPECT_EQ(rest["status"], "optimal");
  EXPECT_GE(rest["resumed_iterations"], 300);
  EXPECT_GT(rest["resumed_seconds"], 0);
  EXPECT_LT(rest["iterations"].get<int>() - rest["resumed_iterations"].get<int>(), whole["iterations"].get<int>());
  EXPECT_LE(rest["dual"], whole["primal"]);
  EXPECT_LE(whole["dual"], rest["primal"]);
  const auto again = report("--resume");
  EXPECT_EQ(again["status"], "optimal");
  EXPECT_LE(again["iterations"].get<int>(), rest["iterations"].get<int>() + 30);
}

TEST_F(CheckpointFile, IsThereAfterEveryKindOfEnd) {
  const auto whole = report("");
  std::filesystem::remove(file("c"));
  Random random(3);
  for (int kill = 0; kill < 12; ++kill) {
    const auto pause = static_cast<unsigned>(random.uniform(0, 2e5));
    const int end = killed(pause, kill % 3 == 2 ? SIGTERM : SIGKILL);
    EXPECT_THAT(end, AnyOf(-SIGKILL, -SIGTERM, 0, 4)) << "never what a damaged file gives";
  }
  const auto last = report("--resume --model " + file("m.json"));
  EXPECT_EQ(last["status"], "optimal");
  EXPECT_LE(last["dual"], whole["primal"]);
  EXPECT_LE(whole["dual"], last["primal"]);
  for (const std::string& name : files()) EXPECT_THAT(name, AnyOf("c", "m.json")) << "nothing is left lying about";
}

TEST_F(CheckpointFile, IsWrittenWhenAQueueEndsTheProgram) {
  Running program({executable(), "fit", real("digits.csv.gz"), "--standardize", "--solver", "admm", "--tol", "1e-13", "--max-iterations",
                   "1000000000", "--beta", "1", "--checkpoint", file("c"), "--every", "2h", "--model", file("m.json")},
                  STDERR_FILENO);
  ASSERT_TRUE(program.wait_for("iter"));
  EXPECT_FALSE(std::filesystem::exists(file("c")));
  program.send(SIGTERM);
  EXPECT_EQ(program.wait(), 4);
  const Outcome rest = run("fit " + real("digits.csv.gz") + " --standardize --solver admm --beta 1 --tol 1e-4 --json --resume" + keep());
  EXPECT_EQ(rest.code, 0) << rest.err;
  EXPECT_GT(nlohmann::json::parse(rest.out)["resumed_iterations"], 0);
}

TEST_F(CheckpointFile, ThatIsThereIsNeverOverwrittenUnasked) {
  ASSERT_EQ(run(arguments() + " --max-iterations 50").code, 4);
  const std::string before = read(file("c"));
  const Outcome fit = run(arguments());
  EXPECT_EQ(fit.code, 2);
  EXPECT_THAT(fit.err, HasSubstr("c: is there already: go on from it with --resume, or remove it"));
  EXPECT_EQ(run("fit " + real("breast_cancer.csv.gz") + " --standardize --beta 1 --resume" + keep()).code, 2) << "another loss";
  const Outcome other = run("fit " + real("breast_cancer.csv.gz") + " --loss hinge --beta 1 --resume" + keep());
  EXPECT_EQ(other.code, 3) << "not standardised";
  EXPECT_THAT(other.err, HasSubstr("breast_cancer.csv.gz: the checkpoint is of other data"));
  EXPECT_EQ(read(file("c")), before);
}

TEST_F(CheckpointFile, ThatIsNoneOrDamagedIsRefusedAndStays) {
  ASSERT_EQ(run(arguments() + " --max-iterations 50").code, 4);
  const std::string good = read(file("c"));
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 4);
  for (const std::string& bad : {flipped, good.substr(0, good.size() - 1), std::string("x,y\n1,2\n"), std::string()}) {
    write("c", bad);
    const Outcome fit = run(arguments() + " --resume");
    EXPECT_EQ(fit.code, 3);
    EXPECT_THAT(fit.err, StartsWith("neuspec: " + file("c") + ": "));
    EXPECT_EQ(read(file("c")), bad);
  }
}

TEST_F(CheckpointFile, OptionsAreChecked) {
  for (const std::string every : {"0", "-1s", "5d", "s", "", "1e400", "nan", "1 m"}) {
    const Outcome fit = run(arguments() + " --every '" + every + "'");
    EXPECT_EQ(fit.code, 2) << every;
    EXPECT_THAT(fit.err, AnyOf(HasSubstr("give a time above 0"), HasSubstr("--every"))) << every;
  }
  const std::string fit = "fit " + real("breast_cancer.csv.gz") + " --beta 1";
  EXPECT_EQ(run(fit + " --resume").code, 2);
  EXPECT_EQ(run(fit + " --checkpoint /none/such/folder/c").code, 5);
  EXPECT_EQ(run(fit + keep() + " --layers 2 --validation " + real("breast_cancer.csv.gz")).code, 2);
  EXPECT_EQ(run(fit + keep() + " --model " + file("c")).code, 2) << "one place for two files";
  EXPECT_TRUE(files().empty());
  for (const std::string every : {"90", "0.5s", "5m", "2h"}) {
    EXPECT_EQ(run(arguments() + " --max-iterations 20 --every " + every).code, 4) << every;
    std::filesystem::remove(file("c"));
  }
}

TEST_F(CheckpointFile, WithoutOneYetResumingBeginsAnewAndSweepsUp) {
  write("c.part999999999-1", "of a program that was killed");
  write("c.part" + std::to_string(::getpid()) + "-1", "of one that runs");
  write("c.parts", "another file");
  write("m.json.part999999999-7", "of its model");
  const Outcome fit = run(arguments() + " --resume --max-iterations 20 --model " + file("m.json"));
  EXPECT_EQ(fit.code, 4);
  EXPECT_THAT(fit.err, HasSubstr("c: no checkpoint yet; from the beginning"));
  EXPECT_EQ(files(), (std::set<std::string>{"c", "c.part" + std::to_string(::getpid()) + "-1", "c.parts", "m.json"}));
}

TEST_F(CheckpointFile, ThatCannotBeWrittenDoesNotCostTheSolve) {
  // Its place becomes a folder as soon as the solve runs.
  Running program({executable(), "fit", real("digits.csv.gz"), "--standardize", "--beta", "1", "--checkpoint", file("c"), "--every", "0.01"},
                  STDERR_FILENO);
  while (!std::filesystem::exists(file("c"))) ::usleep(100);
  std::filesystem::remove(file("c"));
  std::error_code there;
  while (!std::filesystem::create_directory(file("c"), there)) std::filesystem::remove(file("c"), there);
  EXPECT_EQ(program.wait(), 0) << program.seen();
  EXPECT_THAT(program.seen(), HasSubstr("c: cannot be written: it is a folder; the solve goes on"));
}

}  // namespace
}  // namespace neuspec::test
