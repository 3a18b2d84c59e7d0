// Options by name, and what is told while a solve runs.
#include <map>
#include <set>
#include <stdexcept>

#include "c/handles.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

std::string value(const neuspec_options* options, const char* name) {
  const char* text = nullptr;
  EXPECT_OK(neuspec_options_get(options, name, &text));
  return text;
}

TEST(COptions, AreListedWithTypeDefaultAndHelpAndEveryDefaultIsItsOwn) {
  const OptionsHandle options = options_with({});
  std::map<std::string, int32_t> types;
  for (int64_t i = 0; i < neuspec_option_count(); ++i) {
    neuspec_option option{};
    ASSERT_OK(neuspec_option_describe(i, &option));
    EXPECT_EQ(value(options, option.name), option.initial);
    EXPECT_NE(std::string(option.values), "");
    EXPECT_NE(std::string(option.help), "");
    types[option.name] = option.type;
    // Of beta and beta-ratio there is none to begin with, nor of the names of files.
    if (*option.initial != '\0') {
      EXPECT_OK(neuspec_options_set(options, option.name, option.initial));
    }
  }
  for (const SettingInfo& setting : settings_table()) EXPECT_EQ(types.count(setting.name), 1U) << setting.name;
  EXPECT_EQ(types.size(), settings_table().size() + 13);
  EXPECT_EQ(types.at("tol"), NEUSPEC_NUMBER);
  EXPECT_EQ(types.at("seed"), NEUSPEC_INTEGER);
  EXPECT_EQ(types.at("bias"), NEUSPEC_FLAG);
  EXPECT_EQ(types.at("loss"), NEUSPEC_TEXT);
  neuspec_option option{};
  EXPECT_EQ(neuspec_option_describe(-1, &option), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(neuspec_option_describe(neuspec_option_count(), &option), NEUSPEC_ERROR_USAGE);
}

TEST(COptions, TakeTypedValues) {
  const OptionsHandle options = options_with({});
  EXPECT_OK(neuspec_options_set_double(options, "tol", 1e-9));
  EXPECT_EQ(value(options, "tol"), "1e-09");
  EXPECT_OK(neuspec_options_set_double(options, "beta", 0.1));
  EXPECT_EQ(value(options, "beta"), "0.1");
  EXPECT_OK(neuspec_options_set_int64(options, "beta-ratio", 1));
  EXPECT_EQ(value(options, "beta-ratio"), "1");
  EXPECT_EQ(value(options, "beta"), "");
  EXPECT_OK(neuspec_options_set_int64(options, "seed", 4294967295));
  EXPECT_EQ(value(options, "seed"), "4294967295");
  EXPECT_OK(neuspec_options_set_flag(options, "standardize", 2));
  EXPECT_EQ(value(options, "standardize"), "yes");
  EXPECT_OK(neuspec_options_set_flag(options, "standardize", 0));
  EXPECT_EQ(value(options, "standardize"), "no");
  EXPECT_OK(neuspec_options_set(options, "arch", "conv1d:length=8,filter=4"));
  EXPECT_EQ(Architecture::parse(value(options, "arch")), Architecture::parse("conv1d:length=8,filter=4"));
}

TEST(COptions, OutOfRangeAreRefusedAndStayAsTheyWere) {
  const OptionsHandle options = options_with({{"beta", "3"}});
  for (const auto& [name, wrong] : std::multimap<std::string, std::string>{{"beta", "0"},
                                                                           {"beta", "inf"},
                                                                           {"beta-ratio", "-1"},
                                                                           {"loss", "cubic"},
                                                                           {"activation", "tanh"},
                                                                           {"arch", "conv3d"},
                                                                           {"bias", "maybe"},
                                                                           {"class-weights", "1,,2"},
                                                                           {"class-weights", "1,-2"},
                                                                           {"downsample", "4"},
                                                                           {"downsample", "0x4"},
                                                                           {"target", "a,"},
                                                                           {"header", "perhaps"},
                                                                           {"device", "abacus"},
                                                                           {"tol", "1"},
                                                                           {"threads", "2.5"}}) {
    const std::string before = value(options, name.c_str());
    EXPECT_EQ(neuspec_options_set(options, name.c_str(), wrong.c_str()), NEUSPEC_ERROR_USAGE) << name << ' ' << wrong;
    EXPECT_EQ(value(options, name.c_str()), before) << name;
  }
  EXPECT_EQ(neuspec_options_set_double(options, "tol", std::numeric_limits<double>::quiet_NaN()), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(neuspec_options_set_int64(options, "threads", -1), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(neuspec_options_set_flag(options, "tol", 1), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(neuspec_options_set(options, nullptr, "1"), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(neuspec_options_set(options, "tol", nullptr), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(neuspec_options_set_double(options, nullptr, 1), NEUSPEC_ERROR_USAGE);
}

TEST(COptions, WithoutABetaThereIsNoFit) {
  Random random(2);
  const Dataset data = random_dataset(random, 20, 2, 1);
  ModelHandle model;
  EXPECT_EQ(neuspec_fit(data_of(data), options_with({}), nullptr, model.made()), NEUSPEC_ERROR_USAGE);
  EXPECT_NE(std::string(neuspec_message(nullptr)).find("beta-ratio"), std::string::npos);
}

struct Seen {
  int asked = 0, told = 0, limit = 1 << 30;
  std::vector<neuspec_progress> points;
};
int tell(const neuspec_progress* progress, void* user) {
  Seen& seen = *static_cast<Seen*>(user);
  seen.points.push_back(*progress);
  return ++seen.told >= seen.limit ? 1 : 0;
}
int ask(void* user) {
  Seen& seen = *static_cast<Seen*>(user);
  return ++seen.asked >= seen.limit ? 1 : 0;
}

struct Hard {
  Random random{11};
  Dataset data = random_dataset(random, 300, 6, 2);
  OptionsHandle options = options_with({{"beta-ratio", "0.001"}, {"tol", "1e-12"}, {"threads", "1"}});
  DataHandle handle = data_of(data);
};

TEST(CCallbacks, AreToldOfProgressWhichTheModelKeeps) {
  Hard hard;
  Seen seen;
  ASSERT_OK(neuspec_options_on_progress(hard.options, tell, &seen));
  ModelHandle model;
  ASSERT_OK(neuspec_fit(hard.handle, hard.options, nullptr, model.made()));
  int64_t count = 0;
  ASSERT_OK(neuspec_model_history(model, nullptr, 0, &count));
  ASSERT_EQ(count, seen.told);
  std::vector<neuspec_progress> history(static_cast<std::size_t>(count) + 1, neuspec_progress{-1, -1, -1, -1, -1, -1});
  ASSERT_OK(neuspec_model_history(model, history.data(), count + 1, &count));
  for (std::size_t i = 0; i < seen.points.size(); ++i) {
    EXPECT_EQ(history[i].primal, seen.points[i].primal);
    EXPECT_EQ(history[i].dual, seen.points[i].dual);
    EXPECT_EQ(history[i].relative_gap, seen.points[i].relative_gap);
    EXPECT_EQ(history[i].iterations, seen.points[i].iterations);
    EXPECT_EQ(history[i].neurons, seen.points[i].neurons);
  }
  EXPECT_EQ(history.back().neurons, -1);
}

TEST(CCallbacks, StopASolveWhichIsNoFailure) {
  for (const bool by_progress : {true, false}) {
    Hard hard;
    Seen seen;
    seen.limit = 2;
    ASSERT_OK(by_progress ? neuspec_options_on_progress(hard.options, tell, &seen) : neuspec_options_on_stop(hard.options, ask, &seen));
    ModelHandle model;
    ASSERT_OK(neuspec_fit(hard.handle, hard.options, nullptr, model.made()));
    EXPECT_EQ(integer(model, "status"), NEUSPEC_INTERRUPTED);
    EXPECT_EQ(text(model, "status"), "interrupted");
    EXPECT_GT(number(model, "relative_gap"), 1e-12);
    EXPECT_LE(number(model, "dual"), number(model, "primal"));
    neuspec_certificate proof{};
    ASSERT_OK(neuspec_certify(model, hard.handle, hard.options, &proof));
    EXPECT_EQ(proof.proven, 0);
    EXPECT_EQ(proof.primal, number(model, "primal"));
    // No callback, no stop.
    ASSERT_OK(by_progress ? neuspec_options_on_progress(hard.options, nullptr, nullptr) : neuspec_options_on_stop(hard.options, nullptr, nullptr));
    ASSERT_OK(neuspec_options_set(hard.options, "tol", "1e-6"));
    ASSERT_OK(neuspec_fit(hard.handle, hard.options, nullptr, model.made()));
    EXPECT_EQ(integer(model, "status"), NEUSPEC_OPTIMAL);
  }
}

TEST(CCallbacks, ThatThrowInCppAreAFaultOfTheirOwn) {
  Hard hard;
  ASSERT_OK(neuspec_options_on_progress(hard.options, [](const neuspec_progress*, void*) -> int { throw std::runtime_error("mine"); }, nullptr));
  ModelHandle model;
  EXPECT_EQ(neuspec_fit(hard.handle, hard.options, nullptr, model.made()), NEUSPEC_ERROR_INTERNAL);
  EXPECT_STREQ(neuspec_message(nullptr), "mine");
  ASSERT_OK(neuspec_options_on_progress(hard.options, [](const neuspec_progress*, void*) -> int { throw 7; }, nullptr));
  EXPECT_EQ(neuspec_fit(hard.handle, hard.options, nullptr, model.made()), NEUSPEC_ERROR_INTERNAL);
}

TEST(CCallbacks, LimitsOfASolveAreItsStatus) {
  Hard hard;
  ModelHandle model;
  ASSERT_OK(neuspec_options_set(hard.options, "max-iterations", "10"));
  ASSERT_OK(neuspec_fit(hard.handle, hard.options, nullptr, model.made()));
  EXPECT_EQ(integer(model, "status"), NEUSPEC_ITERATION_LIMIT);
  ASSERT_OK(neuspec_options_set(hard.options, "time-limit", "1e-9"));
  ASSERT_OK(neuspec_fit(hard.handle, hard.options, nullptr, model.made()));
  EXPECT_EQ(integer(model, "status"), NEUSPEC_TIME_LIMIT);
}

}  // namespace
}  // namespace neuspec::test
