#include <gmock/gmock.h>

#include <cmath>

#include "cli/program.hpp"

namespace neuspec::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

class Fit : public Program {};

TEST_F(Fit, ReachesTheReferenceOptimumAndReportsIt) {
  const Outcome fit = run("fit " + golden("dense_small.csv") + " --beta 0.5 --model " + file("m.json") + " --report " + file("r.json"));
  ASSERT_EQ(fit.code, 0) << fit.err;
  EXPECT_THAT(fit.out, StartsWith("optimal"));
  const double reference = json(golden("cases.json"))["dense_small"]["primal"];
  const auto report = json(file("r.json"));
  EXPECT_NEAR(report["primal"], reference, 1e-6 * reference);
  EXPECT_LE(report["dual"].get<double>(), reference + 1e-9 * reference);
  EXPECT_LE(report["relative_gap"].get<double>(), 1e-6);
  EXPECT_EQ(report["status"], "optimal");
  EXPECT_EQ(report["beta"], 0.5);
  EXPECT_GT(report["beta_max"].get<double>(), 0.5);
  EXPECT_EQ(report["samples"], 120);
  EXPECT_EQ(report["features"], 5);
  EXPECT_EQ(report["outputs"], 1);
  EXPECT_EQ(report["neurons"], json(file("m.json"))["neurons"].size());
  const auto& seconds = report["seconds"];
  EXPECT_GE(seconds["total"].get<double>(), seconds["read"].get<double>() + seconds["lift"].get<double>() + seconds["solve"].get<double>());
}

TEST_F(Fit, ReportsEveryKey) {
  ASSERT_EQ(run("fit " + golden("dense_small.csv") + " --beta 0.5 --report " + file("r.json") + " --test " + golden("dense_small.csv")).code, 0);
  const auto report = json(file("r.json"));
  std::set<std::string> keys, seconds, test;
  for (const auto& [key, value] : report.items()) keys.insert(key);
  for (const auto& [key, value] : report["seconds"].items()) seconds.insert(key);
  for (const auto& [key, value] : report["test"].items()) test.insert(key);
  EXPECT_EQ(keys,
            (std::set<std::string>{
                "version",    "status",    "primal",   "dual",    "relative_gap", "rounding", "beta",     "beta_max",           "neurons",
                "iterations", "samples",   "features", "outputs", "blocks",       "solver",   "operator", "resumed_iterations", "resumed_seconds",
                "device",     "precision", "choice",   "seconds", "test",         "history"}));
  EXPECT_EQ(seconds, (std::set<std::string>{"read", "lift", "solve", "certify", "decompose", "total"}));
  EXPECT_EQ(test, (std::set<std::string>{"samples", "loss", "accuracy", "f1", "auc", "rmse", "r2"}));
  EXPECT_FALSE(report["history"].empty());
}

TEST_F(Fit, WritesTheReportToStandardOutputOnWish) {
  const Outcome fit = run("fit " + golden("dense_small.csv") + " --beta 0.5 --json --quiet");
  EXPECT_EQ(fit.code, 0);
  EXPECT_EQ(json::parse(fit.out)["status"], "optimal");
  EXPECT_EQ(fit.err, "");
}

TEST_F(Fit, IsSilentWhenQuietAndShowsProgressOtherwise) {
  const Outcome quiet = run("fit " + golden("dense_small.csv") + " --beta 0.5 --quiet");
  EXPECT_EQ(quiet.out + quiet.err, "");
  const Outcome loud = run("fit " + golden("dense_small.csv") + " --beta 0.5");
  EXPECT_THAT(loud.err, HasSubstr("120 samples, 5 features, 1 output"));
  EXPECT_THAT(loud.err, HasSubstr("primal"));
  EXPECT_THAT(loud.err, testing::Not(HasSubstr("\033"))) << "no terminal, no control characters";
}

TEST_F(Fit, TakesBetaAsAShareOfBetaMax) {
  const Outcome first = run("fit " + golden("dense_small.csv") + " --beta 1 --json --quiet");
  const double largest = json::parse(first.out)["beta_max"];
  const Outcome half = run("fit " + golden("dense_small.csv") + " --beta-ratio 0.5 --json --quiet");
  EXPECT_EQ(half.code, 0);
  EXPECT_NEAR(json::parse(half.out)["beta"], 0.5 * largest, 1e-12 * largest);
  const Outcome above = run("fit " + golden("dense_small.csv") + " --beta-ratio 1.001 --json --quiet --model " + file("zero.json"));
  EXPECT_EQ(above.code, 0);
  EXPECT_EQ(json::parse(above.out)["neurons"], 0);
  EXPECT_EQ(json(file("zero.json"))["neurons"].size(), 0U);
}

TEST_F(Fit, StoppedBeforeTheToleranceSavesTheNetworkWithItsHonestGap) {
  const Outcome fit = run("fit " + golden("dense_small.csv") + " --beta 0.5 --solver admm --max-iterations 5 --tol 1e-9 --model " + file("m.json") +
                          " --report " + file("r.json"));
  EXPECT_EQ(fit.code, 4);
  EXPECT_THAT(fit.out, StartsWith("iteration_limit"));
  const auto report = json(file("r.json"));
  EXPECT_EQ(report["status"], "iteration_limit");
  EXPECT_GT(report["relative_gap"].get<double>(), 1e-9);
  EXPECT_EQ(json(file("m.json"))["certificate"]["relative_gap"], report["relative_gap"]);
}

TEST_F(Fit, WritesConvergenceAsTheReportHasIt) {
  ASSERT_EQ(run("fit " + golden("dense_small.csv") + " --beta 0.5 --report " + file("r.json") + " --convergence " + file("c.csv")).code, 0);
  const auto history = json(file("r.json"))["history"];
  const auto table = rows(read(file("c.csv")));
  EXPECT_EQ(table.at(0), (std::vector<std::string>{"seconds", "iterations", "primal", "dual", "relative_gap", "neurons"}));
  ASSERT_EQ(table.size(), history.size() + 1);
  for (std::size_t i = 0; i < history.size(); ++i) {
    for (std::size_t k = 0; k < table[0].size(); ++k) {
      EXPECT_EQ(std::stod(table[i + 1].at(k)), history[i][table[0][k]].get<double>());
    }
  }
}

/// The label behind the = of a column's name.
double label_of(const std::string& column) { return std::stod(column.substr(column.rfind('=') + 1)); }

// Scores are recomputed from what predict writes.
TEST_F(Fit, ScoresClassesOnTestData) {
  const std::string data = real("wine.csv.gz");
  ASSERT_EQ(run("fit " + data + " --one-vs-rest --standardize --beta-ratio 0.05 --test " + data + " --model " + file("m.json") + " --report " +
                file("r.json"))
                .code,
            0);
  ASSERT_EQ(run("predict " + file("m.json") + " " + data + " -o " + file("p.csv")).code, 0);
  ASSERT_EQ(std::system(("gzip -dc " + data + " >" + file("wine.csv")).c_str()), 0);
  const auto labels = numbers(read(file("wine.csv")), rows(read(file("wine.csv"))).at(0).size() - 1);
  const auto table = rows(read(file("p.csv")));
  ASSERT_EQ(table.size(), labels.size() + 1);
  ASSERT_EQ(table[0].size(), 4U);
  double right = 0, loss = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    std::size_t largest = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const double f = std::stod(table[i + 1][k]), y = label_of(table[0][k]) == labels[i] ? 1 : -1;
      loss += 0.5 * (f - y) * (f - y);
      if (f > std::stod(table[i + 1][largest])) largest = k;
    }
    EXPECT_EQ(label_of(table[0][largest]), std::stod(table[i + 1][3]));
    right += std::stod(table[i + 1][3]) == labels[i] ? 1 : 0;
  }
  const auto test = json(file("r.json"))["test"];
  EXPECT_NEAR(test["loss"], loss, 1e-9 * loss);
  EXPECT_NEAR(test["accuracy"], right / static_cast<double>(labels.size()), 1e-12);
  EXPECT_NEAR(test["rmse"], std::sqrt(2 * loss / (3.0 * static_cast<double>(labels.size()))), 1e-9);
  EXPECT_EQ(test["samples"], labels.size());
}

TEST_F(Fit, ScoresNumbersOnTestData) {
  const std::string data = golden("dense_small.csv");
  ASSERT_EQ(run("fit " + data + " --beta 0.5 --test " + data + " --model " + file("m.json") + " --report " + file("r.json")).code, 0);
  const auto f = numbers(run("predict " + file("m.json") + " " + data).out, 0), y = numbers(read(data), 5);
  ASSERT_EQ(f.size(), y.size());
  double squares = 0, mean = 0, spread = 0;
  for (const double value : y) mean += value / static_cast<double>(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    squares += (f[i] - y[i]) * (f[i] - y[i]);
    spread += (y[i] - mean) * (y[i] - mean);
  }
  const auto test = json(file("r.json"))["test"];
  EXPECT_NEAR(test["r2"], 1 - squares / spread, 1e-9);
  EXPECT_NEAR(test["loss"], squares / 2, 1e-9);
  EXPECT_TRUE(test["accuracy"].is_null());
}

}  // namespace
}  // namespace neuspec::test
