// Checkpoints in the hands of a C program.
#include <stdexcept>

#include "c/handles.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

void keep(const void* checkpoint, size_t size, void* user) {
  static_cast<std::vector<std::string>*>(user)->emplace_back(static_cast<const char*>(checkpoint), size);
}

struct Solve {
  Random random{11};
  Dataset data = random_dataset(random, 120, 4, 1);
  OptionsHandle options = options_with({{"loss", "absolute"}, {"beta-ratio", "0.05"}, {"tol", "1e-5"}, {"threads", "1"}});
  DataHandle handle = data_of(data);
  std::vector<std::string> kept;
};

TEST(CCheckpoint, IsHandedOutAndGoneOnFrom) {
  Solve solve;
  ASSERT_OK(neuspec_options_on_checkpoint(solve.options, 0, keep, &solve.kept));
  ModelHandle whole, rest;
  ASSERT_OK(neuspec_fit(solve.handle, solve.options, nullptr, whole.made()));
  ASSERT_GE(solve.kept.size(), 4U);
  EXPECT_EQ(integer(whole, "resumed_iterations"), 0);
  const std::string late = solve.kept[solve.kept.size() - 3];
  ASSERT_OK(neuspec_options_on_checkpoint(solve.options, 60, nullptr, nullptr));
  ASSERT_OK(neuspec_options_resume(solve.options, late.data(), late.size()));
  solve.kept.clear();
  ASSERT_OK(neuspec_fit(solve.handle, solve.options, nullptr, rest.made()));
  EXPECT_TRUE(solve.kept.empty());
  EXPECT_EQ(integer(rest, "status"), NEUSPEC_OPTIMAL);
  EXPECT_GT(integer(rest, "resumed_iterations"), 0);
  EXPECT_GT(number(rest, "resumed_seconds"), 0);
  EXPECT_LT(integer(rest, "iterations") - integer(rest, "resumed_iterations"), integer(whole, "iterations"));
  EXPECT_LE(number(rest, "dual"), number(whole, "primal"));
  EXPECT_LE(number(whole, "dual"), number(rest, "primal"));
}

TEST(CCheckpoint, OfAnotherProblemIsRefusedAndForgottenOnWish) {
  Solve solve;
  ASSERT_OK(neuspec_options_on_checkpoint(solve.options, 1e9, keep, &solve.kept));
  ModelHandle model;
  ASSERT_OK(neuspec_fit(solve.handle, solve.options, nullptr, model.made()));
  ASSERT_EQ(solve.kept.size(), 1U) << "one at the end";
  const std::string last = solve.kept.back();
  EXPECT_EQ(neuspec_options_resume(solve.options, last.data(), last.size() - 1), NEUSPEC_ERROR_DATA);
  EXPECT_STREQ(neuspec_message(solve.options), "the checkpoint: damaged checkpoint: the file ends too early");
  ASSERT_OK(neuspec_options_resume(solve.options, last.data(), last.size()));
  ASSERT_OK(neuspec_options_set(solve.options, "loss", "squared"));
  EXPECT_EQ(neuspec_fit(solve.handle, solve.options, nullptr, model.made()), NEUSPEC_ERROR_USAGE);
  ASSERT_OK(neuspec_options_resume(solve.options, nullptr, 0));
  EXPECT_OK(neuspec_fit(solve.handle, solve.options, nullptr, model.made()));
  EXPECT_EQ(integer(model, "resumed_iterations"), 0);
}

TEST(CCheckpoint, ByACallbackThatThrowsIsAFaultOfItsOwn) {
  Solve solve;
  ASSERT_OK(neuspec_options_on_checkpoint(solve.options, 0, [](const void*, size_t, void*) { throw std::runtime_error("mine"); }, nullptr));
  ModelHandle model;
  EXPECT_EQ(neuspec_fit(solve.handle, solve.options, nullptr, model.made()), NEUSPEC_ERROR_INTERNAL);
  EXPECT_STREQ(neuspec_message(nullptr), "mine");
}

}  // namespace
}  // namespace neuspec::test
