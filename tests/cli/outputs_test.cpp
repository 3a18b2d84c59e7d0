#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "cli/program.hpp"
#include "neuspec/network.hpp"

namespace neuspec::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Outputs : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    data_ = write("data.csv", read(golden("dense_small.csv")));
  }
  /// The exit code of a command line of the shell, run in the test's folder.
  int shell(const std::string& line) const {
    const int status = std::system(("cd " + file("") + " && " + line + " 2>err").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  static std::string fit() { return executable() + " fit data.csv --beta 1 --quiet"; }
  std::string data_;
};

TEST_F(Outputs, OfOneFileUnderTwoNamesAreRefused) {
  fs::create_directory(file("folder"));
  fs::create_directory_symlink(file("folder"), file("other"));
  fs::create_symlink("target.json", file("link.json"));
  const std::string here = fs::canonical(file("")).string();
  const std::vector<std::pair<std::string, std::string>> names = {{"net.json", "./net.json"},
                                                                  {"net.json", here + "/net.json"},
                                                                  {"net.json", "folder/../net.json"},
                                                                  {"link.json", "target.json"},
                                                                  {"folder/net.json", "other/net.json"}};
  for (const auto& [one, other] : names) {
    EXPECT_EQ(shell(fit() + " --model " + one + " --report " + other), 2) << one << " " << other;
    EXPECT_EQ(shell(fit() + " --convergence " + other + " --model " + one), 2) << one << " " << other;
  }
  EXPECT_THAT(read(file("err")), HasSubstr("net.json"));
  EXPECT_EQ(shell(fit() + " --model folder/a.json --report other/b.json"), 0);
  EXPECT_FALSE(fs::exists(file("net.json"))) << "refused before the work";
  write("one.json", "");
  fs::create_hard_link(file("one.json"), file("two.json"));
  EXPECT_EQ(shell(fit() + " --model one.json --report two.json"), 2);
}

TEST_F(Outputs, OverInputsAreRefusedByAnyName) {
  fs::create_symlink("data.csv", file("alias.csv"));
  fs::create_hard_link(file("data.csv"), file("hard.csv"));
  for (const std::string name : {"data.csv", "./data.csv", "alias.csv", "hard.csv"}) {
    EXPECT_EQ(shell(fit() + " --model " + name), 2) << name;
    EXPECT_EQ(read(data_), read(golden("dense_small.csv"))) << name;
  }
  ASSERT_EQ(shell(fit() + " --model m.json"), 0);
  EXPECT_EQ(shell(executable() + " predict m.json data.csv -o ./m.json"), 2);
  EXPECT_EQ(shell(executable() + " explain m.json data.csv --form e.json -o ./e.json"), 2);
  EXPECT_EQ(shell(fit() + " --json --report r.json > r.json"), 2) << "standard output is an output";
}

TEST_F(Outputs, OfDevicesAndStandardOutputMayRepeat) {
  EXPECT_EQ(shell(fit() + " --model /dev/null --report /dev/null --convergence /dev/null"), 0);
  ASSERT_EQ(shell(fit() + " --report - --convergence - > both.txt"), 0);
  const std::string both = read(file("both.txt"));
  EXPECT_THAT(both, HasSubstr("\"status\": \"optimal\""));
  EXPECT_THAT(both, HasSubstr("seconds,iterations,primal"));
  ASSERT_EQ(shell(fit() + " --convergence /dev/stdout --report /dev/stdout >> both.txt"), 0);
  EXPECT_EQ(read(file("both.txt")).substr(0, both.size()), both) << "what the stream holds already stays";
  EXPECT_GT(read(file("both.txt")).size(), both.size());
  EXPECT_FALSE(fs::exists(file("-")));
  ASSERT_EQ(shell(fit() + " --model - > m.json"), 0);
  EXPECT_EQ(Model::load(file("m.json")).status, "optimal");
}

TEST_F(Outputs, KeepALinkToWhatDoesNotExistYet) {
  fs::create_symlink("real.json", file("link.json"));
  ASSERT_EQ(shell(fit() + " --model link.json"), 0);
  EXPECT_TRUE(fs::is_symlink(file("link.json")));
  EXPECT_NO_THROW(Model::load(file("real.json")));
}

TEST_F(Outputs, ThatCannotBeWrittenAreFive) {
  ASSERT_EQ(shell(fit() + " --model m.json"), 0);
  const std::string program = executable();
  for (const std::string arguments : {"--version", "--help", "fit --help", "info m.json", "predict m.json data.csv", "certify m.json data.csv",
                                      "explain m.json data.csv", "fit data.csv --beta 1 --json", "path data.csv --points 2"}) {
    EXPECT_EQ(shell(program + " " + arguments + " > /dev/full"), 5) << arguments;
    EXPECT_THAT(read(file("err")), HasSubstr("standard output")) << arguments;
  }
  EXPECT_EQ(shell(program + " --version > /dev/null"), 0);
}

TEST_F(Outputs, AreSavedWhenNobodyReadsOn) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  const std::string options = " --points 3 --validation data.csv --model m.json -o p.csv >&" + std::to_string(ends[1]);
  EXPECT_EQ(shell(executable() + " path data.csv" + options), 5);
  ::close(ends[1]);
  EXPECT_NO_THROW(Model::load(file("m.json")));
  EXPECT_EQ(rows(read(file("p.csv"))).size(), 4U);
}

}  // namespace
}  // namespace neuspec::test
