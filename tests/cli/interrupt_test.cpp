#include <fcntl.h>
#include <gmock/gmock.h>

#include <csignal>
#include <initializer_list>

#include "cli/program.hpp"
#include "neuspec/network.hpp"

namespace neuspec::test {
namespace {

/// Runs the program, sends it a signal as soon as `marker` was seen on the stream `descriptor`, and waits for its end.
class Interrupt : public Program {
 protected:
  Outcome run_until(const std::string& marker, int descriptor, int signal, std::vector<std::string> arguments) const {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const int null = ::open("/dev/null", O_WRONLY);
      ::dup2(null, STDOUT_FILENO);
      ::dup2(null, STDERR_FILENO);
      ::dup2(ends[1], descriptor);
      ::close(ends[0]);
      std::vector<char*> argv;
      for (std::string& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    std::string seen;
    bool sent = false;
    char buffer[512];
    for (ssize_t count = ::read(ends[0], buffer, sizeof buffer); count > 0; count = ::read(ends[0], buffer, sizeof buffer)) {
      seen.append(buffer, static_cast<std::size_t>(count));
      if (!sent && seen.find(marker) != std::string::npos) {
        ::kill(child, signal);
        sent = true;
      }
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(sent) << seen;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, seen, seen};
  }
};

// A tolerance at the edge of double precision: nothing but the signal ends this solve soon.
std::vector<std::string> endless(const std::string& command, const std::string& data, std::initializer_list<std::string> more) {
  std::vector<std::string> arguments = {NEUSPEC_PROGRAM, command, data,    "--standardize",    "--solver",
                                        "admm",          "--tol", "1e-13", "--max-iterations", "1000000000"};
  arguments.insert(arguments.end(), more);
  return arguments;
}

TEST_F(Interrupt, OfAFitSavesACertifiedNetworkWithCodeFour) {
  for (const int signal : {SIGINT, SIGTERM}) {
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

}  // namespace
}  // namespace neuspec::test
