#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/program.hpp"
#include "cli/running.hpp"
#include "neuspec/network.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Whether a process has a handler of its own for a signal: before that the signal would end it as any other.
bool handles(pid_t process, int signal) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigCgt:")) return (std::stoull(line.substr(7), nullptr, 16) >> static_cast<unsigned>(signal - 1) & 1U) != 0;
  }
  return false;
}

/// Runs the program, sends it a signal as soon as `marker` was seen on the stream `descriptor`, and waits for its end.
class Interrupt : public Program {
 protected:
  static Outcome run_until(const std::string& marker, int descriptor, int signal, std::vector<std::string> arguments) {
    Running program(std::move(arguments), descriptor);
    const bool seen = program.wait_for(marker);
    program.send(signal);
    const int code = program.wait();
    EXPECT_TRUE(seen) << program.seen();
    return {code, program.seen(), program.seen()};
  }
};

// A tolerance at the edge of double precision: nothing but the signal ends this solve soon.
std::vector<std::string> endless(const std::string& command, const std::string& data, std::initializer_list<std::string> more) {
  std::vector<std::string> arguments = {executable(), command, data,    "--standardize",    "--solver",
                                        "admm",       "--tol", "1e-13", "--max-iterations", "1000000000"};
  arguments.insert(arguments.end(), more);
  return arguments;
}

TEST_F(Interrupt, OfAFitSavesACertifiedNetworkWithCodeFour) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const Outcome fit = run_until("iter", STDERR_FILENO, signal,
                                  endless("fit", real("digits.csv.gz"), {"--beta", "1", "--model", file("m.json"), "--report", file("r.json")}));
    EXPECT_EQ(fit.code, 4) << fit.err;
    EXPECT_EQ(json(file("r.json"))["status"], "interrupted");
    const Model model = Model::load(file("m.json"));
    EXPECT_EQ(model.status, "interrupted");
    EXPECT_GT(model.relative_gap, 1e-13);
    const Outcome certify = run("certify " + file("m.json") + " " + real("digits.csv.gz") + " --json");
    EXPECT_EQ(certify.code, model.relative_gap <= 1e-6 ? 0 : 4);
    EXPECT_NEAR(nlohmann::json::parse(certify.out)["relative_gap"], model.relative_gap, 1e-9);
  }
}

TEST_F(Interrupt, OfAPathKeepsWhatIsDone) {
  const std::string data = real("digits.csv.gz");
  // The first point, above beta_max, is proven at once; the second never ends.
  const Outcome path = run_until("2/2 iter", STDERR_FILENO, SIGINT,
                                 endless("path", data, {"--betas", "1e9,1", "-o", file("p.csv"), "--validation", data, "--model", file("m.json")}));
  EXPECT_EQ(path.code, 4) << path.err;
  const auto table = rows(read(file("p.csv")));
  ASSERT_GE(table.size(), 2U);
  EXPECT_EQ(table[1].at(0), "1e+09");
  EXPECT_NO_THROW(Model::load(file("m.json")));
}

TEST_F(Interrupt, OfReadingEndsAtOnceForThereIsNothingToSave) {
  ASSERT_EQ(::mkfifo(file("never.csv").c_str(), 0600), 0);
  const int writer = ::open(file("never.csv").c_str(), O_RDWR);  // opened, and nothing ever comes
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Running program({executable(), "fit", file("never.csv"), "--beta", "1", "--model", file("m.json")}, STDERR_FILENO);
    while (!handles(program.id(), signal)) ::usleep(1000);
    program.send(signal);
    EXPECT_EQ(program.wait(), 4);
    EXPECT_THAT(program.seen(), HasSubstr("nothing to save"));
  }
  ::close(writer);
  EXPECT_EQ(files(), std::set<std::string>{"never.csv"});
}

TEST_F(Interrupt, OfCrossValidationEndsAtOnceForThereIsNothingToSave) {
  const std::string data = real("digits.csv.gz");
  const Outcome path = run_until("folds iter", STDERR_FILENO, SIGTERM,
                                 endless("path", data, {"--betas", "1", "--folds", "3", "--model", file("m.json"), "-o", file("p.csv")}));
  EXPECT_EQ(path.code, 4) << path.err;
  EXPECT_THAT(path.err, HasSubstr("nothing to save"));
  EXPECT_TRUE(files().empty());
}

TEST_F(Interrupt, IsNoHangupWhereHangupsAreIgnored) {
  Running program(endless("fit", real("digits.csv.gz"), {"--beta", "1", "--model", file("m.json")}), STDERR_FILENO, true);
  ASSERT_TRUE(program.wait_for("iter"));
  program.send(SIGHUP);
  ASSERT_TRUE(program.wait_for("\niter")) << "it goes on";
  EXPECT_THAT(program.seen(), Not(HasSubstr("stopping")));
  program.send(SIGTERM);
  EXPECT_EQ(program.wait(), 4);
}

TEST_F(Interrupt, ThatNobodyHeedsEndsTheProgramWithWhatIsSaved) {
  const std::string data = real("digits.csv.gz");
  Running program(endless("path", data, {"--betas", "1e9,1", "-o", file("p.csv"), "--validation", data, "--model", file("m.json")}), STDERR_FILENO);
  ASSERT_TRUE(program.wait_for("2/2 iter")) << program.seen();
  program.block();
  program.send(SIGTERM);
  EXPECT_EQ(program.wait(false), 4);
  EXPECT_EQ(rows(read(file("p.csv"))).size(), 2U);
  EXPECT_EQ(Model::load(file("m.json")).status, "optimal");
  EXPECT_EQ(files(), (std::set<std::string>{"m.json", "p.csv"}));
}

TEST_F(Interrupt, OnceMoreEndsTheProgramAtOnce) {
  Running program(endless("fit", real("digits.csv.gz"), {"--beta", "1"}), STDERR_FILENO);
  ASSERT_TRUE(program.wait_for("iter"));
  program.block();
  program.send(SIGTERM);
  program.send(SIGINT);
  const int end = program.wait(false);
  EXPECT_TRUE(end == -SIGINT || end == -SIGTERM) << end;
}

TEST_F(Interrupt, ByTheLimitOfTimeHoldsForAllFoldsTogether) {
  const Outcome path = run("path " + real("digits.csv.gz") + " --folds 3 --betas 1 --solver admm --tol 1e-13 --max-iterations 1000000000" +
                           " --time-limit 0.5 --standardize --model " + file("m.json"));
  EXPECT_EQ(path.code, 4);
  EXPECT_THAT(path.err, HasSubstr("before all folds were done"));
  EXPECT_TRUE(files().empty());
}

TEST_F(Interrupt, ByTheLimitOfTimeKeepsTheNetworkOfAFit) {
  const Outcome fit = run("fit " + real("digits.csv.gz") + " --beta 1 --solver admm --tol 1e-13 --max-iterations 1000000000 --standardize" +
                          " --time-limit 0.2 --model " + file("m.json"));
  EXPECT_EQ(fit.code, 4);
  EXPECT_EQ(Model::load(file("m.json")).status, "time_limit");
}

// beta_max, the moments, the solve and the scores: none of them starts threads of its own.
class Threads : public Program {};

TEST_F(Threads, AreNoMoreThanAskedForAtAnyTime) {
  Running program({executable(), "fit", real("digits.csv.gz"), "--one-vs-rest", "--standardize", "--beta-ratio", "0.05", "--threads", "1", "--quiet",
                   "--test", real("digits.csv.gz")},
                  STDERR_FILENO);
  std::set<std::string> seen;  // the only one, and another when the program tries whether it could, however long that takes on a busy machine
  for (int status = 0; ::waitpid(program.id(), &status, WNOHANG) == 0; ::usleep(500)) {
    std::error_code gone;
    for (auto task = std::filesystem::directory_iterator("/proc/" + std::to_string(program.id()) + "/task", gone);
         !gone && task != std::filesystem::directory_iterator(); task.increment(gone)) {
      seen.insert(task->path().filename().string());
    }
  }
  EXPECT_LE(seen.size(), 2U);
}

}  // namespace
}  // namespace neuspec::test
