#include <gmock/gmock.h>

#include "cli/program.hpp"

namespace neuspec::test {
namespace {

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

}  // namespace
}  // namespace neuspec::test
