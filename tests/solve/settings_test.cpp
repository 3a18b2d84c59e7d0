#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <stdexcept>
#include <utility>

#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "support/random.hpp"

namespace neuspec {
namespace {

const SettingInfo& row(const std::string& setting) {
  for (const SettingInfo& info : settings_table()) {
    if (setting == info.name) {
      return info;
    }
  }
  throw std::out_of_range(setting);
}

Settings with(const std::string& setting, const std::string& value) {
  Settings settings;
  row(setting).set(settings, value);
  return settings;
}

TEST(SettingsTable, HasOneRowForEverySetting) {
  std::set<std::string> names;
  for (const SettingInfo& info : settings_table()) {
    names.insert(info.name);
    EXPECT_STRNE(info.values, "");
    EXPECT_STRNE(info.meaning, "");
  }
  EXPECT_EQ(names, (std::set<std::string>{"solver", "operator", "device", "precision", "projection", "tol", "max-iterations", "time-limit", "threads",
                                          "memory-limit", "seed"}));
}

TEST(SettingsTable, SetsTheFieldItNames) {
  EXPECT_EQ(with("solver", "bm").solver, SolverKind::burer_monteiro);
  EXPECT_EQ(with("operator", "matrix-free").data_operator, OperatorKind::matrix_free);
  EXPECT_EQ(with("operator", "streamed").data_operator, OperatorKind::streamed);
  EXPECT_EQ(with("device", "cuda").device, DeviceKind::cuda);
  EXPECT_EQ(with("precision", "single").precision, Precision::single_precision);
  EXPECT_EQ(with("precision", "tf32").precision, Precision::tf32);
  EXPECT_EQ(with("projection", "products").projection, ProjectionKind::products);
  EXPECT_EQ(with("tol", "1e-9").tolerance, 1e-9);
  EXPECT_EQ(with("max-iterations", "7").max_iterations, 7);
  EXPECT_EQ(with("time-limit", "2.5").time_limit, 2.5);
  EXPECT_EQ(with("time-limit", "inf").time_limit, std::numeric_limits<double>::infinity());
  EXPECT_EQ(with("threads", "3").threads, 3);
  EXPECT_EQ(with("memory-limit", "1.5G").memory_limit, 1.5 * 1024 * 1024 * 1024);
  EXPECT_EQ(with("memory-limit", "4096").memory_limit, 4096);
  EXPECT_EQ(with("seed", "4294967295").seed, 4294967295U);
}

TEST(SettingsTable, WhatItWritesItReadsBack) {
  Settings settings;
  settings.solver = SolverKind::admm;
  settings.data_operator = OperatorKind::gram;
  settings.precision = Precision::tf32;
  settings.projection = ProjectionKind::eigen;
  settings.tolerance = 1.0 / 3.0;
  settings.time_limit = 0.1;
  settings.memory_limit = 1e12 / 3.0;
  for (const SettingInfo& info : settings_table()) {
    Settings copy;
    const std::string text = info.get(settings);
    info.set(copy, text);
    EXPECT_EQ(info.get(copy), text) << info.name;
  }
  Settings copy;
  row("tol").set(copy, row("tol").get(settings));
  EXPECT_EQ(copy.tolerance, settings.tolerance);
}

TEST(SettingsTable, RefusesWhatIsOutOfRangeOrNotWhollyAValue) {
  const std::pair<const char*, std::vector<const char*>> refused[] = {
      {"solver", {"", "ADMM", "admm ", "scs"}},
      {"operator", {"", "matrix_free", "gramm"}},
      {"device", {"", "gpu"}},
      {"precision", {"", "float"}},
      {"projection", {"", "Eigen", "gemm"}},
      {"tol", {"", "0", "1", "-1e-6", "nan", "inf", "1e-6x", " 1e-6", "1e-6 "}},
      {"max-iterations", {"", "0", "-1", "1.5", "1e3", "1000000001", "99999999999999999999"}},
      {"time-limit", {"", "0", "-1", "nan", "10s"}},
      {"threads", {"", "-1", "4097", "2.0"}},
      {"memory-limit", {"", "-1", "G", "nan", "inf", "1P", "1GB", "1e308T"}},
      {"seed", {"", "-1", "4294967296", "1.0"}},
  };
  ASSERT_EQ(std::size(refused), settings_table().size());
  for (const auto& [setting, values] : refused) {
    for (const char* value : values) {
      try {
        with(setting, value);
        ADD_FAILURE() << setting << " took '" << value << "'";
      } catch (const UsageError& error) {
        EXPECT_THAT(error.what(), testing::StartsWith(setting));
        EXPECT_THAT(error.what(), testing::HasSubstr(row(setting).values));
      }
    }
  }
}

TEST(Validate, AcceptsTheDefaultsAndNamesWhatIsOutOfRange) {
  EXPECT_NO_THROW(validate(Settings{}));
  const auto message = [](auto change) {
    Settings settings;
    change(settings);
    try {
      validate(settings);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(message([](Settings& s) { s.tolerance = std::nan(""); }), testing::StartsWith("tol"));
  EXPECT_THAT(message([](Settings& s) { s.max_iterations = -5; }), testing::StartsWith("max-iterations"));
  EXPECT_THAT(message([](Settings& s) { s.time_limit = -1; }), testing::StartsWith("time-limit"));
  EXPECT_THAT(message([](Settings& s) { s.threads = -2; }), testing::StartsWith("threads"));
  EXPECT_THAT(message([](Settings& s) { s.solver = static_cast<SolverKind>(99); }), testing::StartsWith("solver"));
  EXPECT_THAT(message([](Settings& s) { s.projection = static_cast<ProjectionKind>(99); }), testing::StartsWith("projection"));
}

TEST(Validate, IsWhatFitAndItsPathAskOfTheirSettings) {
  const Dataset data(4, 2, 1, {-1, -1, -1, 1, 1, -1, 1, 1}, {1, -1, -1, 1});
  const Problem problem{.activation = {}, .beta = 0.1};
  const auto expect_refused = [&](const char* setting, auto change) {
    Settings settings;
    change(settings);
    for (const auto& call :
         {std::function<void()>([&] { fit(data, problem, settings); }), std::function<void()>([&] { fit_path(data, problem, {1, 0.1}, settings); }),
          std::function<void()>([&] { fit_path(data, problem, {}, settings); })}) {
      try {
        call();
        ADD_FAILURE() << setting;
      } catch (const UsageError& error) {
        EXPECT_THAT(error.what(), testing::StartsWith(setting));
      }
    }
  };
  expect_refused("tol", [](Settings& s) { s.tolerance = 0; });
  expect_refused("tol", [](Settings& s) { s.tolerance = std::nan(""); });
  expect_refused("max-iterations", [](Settings& s) { s.max_iterations = 0; });
  expect_refused("time-limit", [](Settings& s) { s.time_limit = std::nan(""); });
  expect_refused("threads", [](Settings& s) { s.threads = -2; });
  expect_refused("memory-limit", [](Settings& s) { s.memory_limit = -1; });
  expect_refused("solver", [](Settings& s) { s.solver = static_cast<SolverKind>(99); });
  EXPECT_EQ(fit(data, problem, {}).report.status, Status::optimal);
}

// Thirty products are a part of one round of descent: asked at its ends alone, the wish would be heard far later.
TEST(StopRequested, EndsASolverBetweenItsTests) {
  test::Random random(11);
  constexpr Index n = 200, d = 12;
  const std::vector<double> x = random.normals(n * d);
  std::vector<double> y;
  for (const double value : random.normals(n)) y.push_back(value > 0 ? 1 : -1);
  const Dataset data(n, d, 1, x, y);
  for (const SolverKind solver : {SolverKind::burer_monteiro, SolverKind::admm}) {
    Settings settings;
    settings.solver = solver;
    settings.tolerance = 1e-15;
    settings.max_iterations = 2000;
    Index asked = 0, tests = 0;
    const Observer count = [&tests](const Progress&) { return ++tests > 0; };
    const Problem problem{.activation = {}, .loss = Loss::logistic, .beta = 0.5};
    const Result whole = fit(data, problem, settings, count);
    const Index tests_of_whole = std::exchange(tests, 0);
    settings.stop_requested = [&asked] { return ++asked > 30; };
    const Result part = fit(data, problem, settings, count);
    EXPECT_EQ(part.report.status, Status::interrupted);
    EXPECT_LT(tests, tests_of_whole);
    EXPECT_LT(part.report.iterations, whole.report.iterations);
    if (solver == SolverKind::burer_monteiro) {
      EXPECT_LE(tests, 3);
    }
    EXPECT_GE(part.report.primal, whole.report.dual);
    EXPECT_LE(part.report.dual, whole.report.primal);
  }
}

TEST(Names, OfStatusesAreTheReportsKeysValues) {
  EXPECT_EQ(name(Status::optimal), "optimal");
  EXPECT_EQ(name(Status::iteration_limit), "iteration_limit");
  EXPECT_EQ(name(Status::time_limit), "time_limit");
  EXPECT_EQ(name(Status::interrupted), "interrupted");
  EXPECT_EQ(name(Status::stalled), "stalled");
}

}  // namespace
}  // namespace neuspec
