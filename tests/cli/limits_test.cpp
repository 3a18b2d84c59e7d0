// Limits on a process, and settings of OpenMP, under which the libraries below would hang or end the program without a word.
#include <gmock/gmock.h>

#include <string>

#include "cli/program.hpp"
#include "support/sanitizers.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;

constexpr const char* guard = "timeout -k 5 120";

class Limits : public Program {
 protected:
  /// A fit whose Cholesky factors are large enough for threads.
  Outcome fit(const std::string& before, const std::string& more = "") const {
    return run(
        "fit " + real("breast_cancer.csv.gz") + " --standardize --beta 1 --quiet --model " + file("m.json") + " --report " + file("r.json") + more,
        before);
  }
};

TEST_F(Limits, TooLittleAddressSpaceIsSaid) {
  if (address_space_is_reserved) GTEST_SKIP() << "sanitizers reserve address space without measure";
  if (run("--version", "OPENBLAS_VERBOSE=2").err.find("Core: ") == std::string::npos) GTEST_SKIP() << "no OpenBLAS, which needs it";
  const Outcome outcome = fit(std::string("ulimit -v 300000;") + guard);
  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.err, HasSubstr("address space"));
  EXPECT_THAT(outcome.err, HasSubstr("ulimit -v"));
  EXPECT_EQ(files().count("m.json"), 0U);
}

TEST_F(Limits, FewerThreadsWhereTheAddressSpaceAllowsNoMore) {
  if (address_space_is_reserved) GTEST_SKIP() << "sanitizers reserve address space without measure";
  const Outcome outcome = fit(std::string("ulimit -v 700000;") + guard);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(json(file("r.json"))["status"], "optimal");
}

// Stacks of 8 GiB: no second one finds room.
TEST_F(Limits, OneThreadWhereNoOtherCanBeStarted) {
  if (address_space_is_reserved) GTEST_SKIP() << "sanitizers reserve address space without measure";
  const Outcome outcome = fit(std::string("ulimit -s 8000000; ulimit -v 6000000; OMP_NUM_THREADS=2 ") + guard);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  if (outcome.err.empty()) GTEST_SKIP() << "one processor, or a limit on stacks";
  EXPECT_THAT(outcome.err, HasSubstr("going on with one"));
  EXPECT_THAT(outcome.err, HasSubstr("ulimit"));
}

TEST_F(Limits, SettingsOfOpenMPNeverMakeItWait) {
  for (const std::string setting : {"OMP_DYNAMIC=true", "OMP_THREAD_LIMIT=1", "OMP_MAX_ACTIVE_LEVELS=0", "OMP_NUM_THREADS=16", "OMP_NUM_THREADS=1",
                                    "OMP_DYNAMIC=true OMP_NUM_THREADS=3 OMP_WAIT_POLICY=active"}) {
    SCOPED_TRACE(setting);
    const Outcome outcome = fit(setting + " " + guard);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(json(file("r.json"))["status"], "optimal");
  }
}

TEST_F(Limits, MoreThreadsThanProcessorsAreNoHarm) {
  const Outcome outcome = fit(guard, " --threads 16");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(json(file("r.json"))["status"], "optimal");
}

}  // namespace
}  // namespace neuspec::test
