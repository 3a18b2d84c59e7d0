#include <gmock/gmock.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "cli/program.hpp"

namespace neuspec::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// OpenBLAS itself tells which kernels it takes, once for each start of the program.
class Processor : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    ::setenv("OPENBLAS_VERBOSE", "2", 1);
    ::unsetenv("OPENBLAS_CORETYPE");
  }
  void TearDown() override {
    ::unsetenv("OPENBLAS_VERBOSE");
    ::unsetenv("OPENBLAS_CORETYPE");
    Program::TearDown();
  }
  std::string last_core() const {
    const Outcome outcome = run("--version");
    EXPECT_EQ(outcome.code, 0);
    const std::size_t at = outcome.err.rfind("Core: ");
    return at == std::string::npos ? "" : outcome.err.substr(at + 6, outcome.err.find('\n', at) - at - 6);
  }
};

TEST_F(Processor, GetsKernelsOfItsOwnGeneration) {
  const std::string core = last_core();
  if (core.empty() || !__builtin_cpu_supports("avx2")) GTEST_SKIP() << "no OpenBLAS that chooses, or an old processor";
  EXPECT_THAT(core, Not(HasSubstr("Prescott")));
}

TEST_F(Processor, ChoiceOfTheUserIsKept) {
  if (last_core().empty()) GTEST_SKIP() << "no OpenBLAS that chooses";
  ::setenv("OPENBLAS_CORETYPE", "Prescott", 1);
  EXPECT_EQ(last_core(), "Prescott");
}

// GCC's OpenMP tells what it has read before `main`, once for each start of the program.
class Spinning : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    if (const char* policy = std::getenv("OMP_WAIT_POLICY")) policy_ = policy;
    ::unsetenv("OMP_WAIT_POLICY");
    ::setenv("OMP_DISPLAY_ENV", "verbose", 1);
    ::setenv("OPENBLAS_CORETYPE", "Prescott", 0);  // whatever it takes: no start for its sake
  }
  void TearDown() override {
    for (const char* name : {"OMP_DISPLAY_ENV", "OPENBLAS_CORETYPE", "GOMP_SPINCOUNT"}) ::unsetenv(name);
    if (policy_) ::setenv("OMP_WAIT_POLICY", policy_->c_str(), 1);
    Program::TearDown();
  }
  std::vector<std::string> counts() const {
    const std::string err = run("--version").err;
    std::vector<std::string> found;
    for (std::size_t at = 0; (at = err.find("GOMP_SPINCOUNT = '", at)) != std::string::npos; ++at)
      found.push_back(err.substr(at + 18, err.find('\'', at + 18) - at - 18));
    return found;
  }
  std::optional<std::string> policy_;
};

TEST_F(Spinning, IsShortWithoutAnotherStart) {
  const std::vector<std::string> found = counts();
  if (found.empty()) GTEST_SKIP() << "no OpenMP of GCC's";
  EXPECT_THAT(found, ElementsAre("1000"));
}

TEST_F(Spinning, IsAsLongAsTheUserWants) {
  ::setenv("GOMP_SPINCOUNT", "77", 1);
  if (counts().empty()) GTEST_SKIP() << "no OpenMP of GCC's";
  EXPECT_THAT(counts(), ElementsAre("77"));
  ::unsetenv("GOMP_SPINCOUNT");
  ::setenv("OMP_WAIT_POLICY", "passive", 1);
  EXPECT_THAT(counts(), ElementsAre("0"));
  ::unsetenv("OMP_WAIT_POLICY");
}

}  // namespace
}  // namespace neuspec::test
