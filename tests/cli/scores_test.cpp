#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "cli/evaluate.hpp"
#include "cli/folds.hpp"
#include "cli/program.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Scores : public Program {
 protected:
  /// The scores of a fit on `train` for the samples of `test`.
  nlohmann::json scores(const std::string& train, const std::string& test, const std::string& options) const {
    const Outcome fit = run("fit " + write("train.csv", train) + options + " --json --quiet --test " + write("test.csv", test));
    EXPECT_EQ(fit.code, 0) << fit.err;
    EXPECT_THAT(fit.out, Not(HasSubstr("nan")));
    return nlohmann::json::parse(fit.out)["test"];
  }
};

const std::string two_classes = "a,b,y\n1,1,1\n2,1.5,1\n1.5,2,1\n-1,-1,0\n-2,-1.5,0\n-1.5,-2,0\n";
const std::string logistic = " --loss logistic --activation linear --beta 0.1";

TEST_F(Scores, ThatAreNotDefinedAreAbsent) {
  const nlohmann::json positive = scores(two_classes, "a,b,y\n1,1,1\n", logistic);
  EXPECT_TRUE(positive["auc"].is_null()) << "no pair of two classes";
  EXPECT_EQ(positive["f1"], 1);
  const nlohmann::json negative = scores(two_classes, "a,b,y\n-1,-1,0\n", logistic);
  EXPECT_TRUE(negative["auc"].is_null());
  EXPECT_TRUE(negative["f1"].is_null()) << "0/0: no positive is there or predicted";
  EXPECT_EQ(negative["accuracy"], 1);
  const nlohmann::json wrong = scores(two_classes, "a,b,y\n1,1,0\n-1,-1,0\n", logistic);
  EXPECT_EQ(wrong["f1"], 0) << "a false positive makes it 0";
  const Outcome text = run("fit " + file("train.csv") + logistic + " --test " + write("test.csv", "a,b,y\n-1,-1,0\n"));
  EXPECT_THAT(text.out, HasSubstr("accuracy 100 %"));
  EXPECT_THAT(text.out, Not(HasSubstr("AUC")));
  EXPECT_THAT(text.out, Not(HasSubstr("F1")));
}

TEST_F(Scores, OfSeveralClassesAreMeansOverThoseThatHaveThem) {
  const std::string three = "a,b,y\n1,0,1\n2,0.1,1\n-1,1,2\n-1.5,1,2\n0,-2,3\n0.2,-3,3\n";
  const nlohmann::json all = scores(three, three, " --loss softmax --beta 0.01");
  ASSERT_EQ(all["accuracy"], 1);
  EXPECT_EQ(all["f1"], 1);
  EXPECT_EQ(all["auc"], 1);
  const nlohmann::json two = scores(three, "a,b,y\n1,0,1\n2,0.1,1\n-1,1,2\n", " --loss softmax --beta 0.01");
  EXPECT_EQ(two["f1"], 1) << "the third class has none";
  EXPECT_EQ(two["auc"], 1);
  EXPECT_TRUE(scores(three, "a,b,y\n1,0,1\n", " --loss softmax --beta 0.01")["auc"].is_null());
}

TEST(ScoresOfSoftmax, DoNotSeeWhatAllOutputsOfASampleHaveInCommon) {
  constexpr Index n = 40, C = 3;
  std::vector<double> f, shifted;
  cli::Targets targets{C, {}, {}};
  for (Index i = 0; i < n; ++i) {
    for (Index k = 0; k < C; ++k) {
      f.push_back(std::sin(static_cast<double>(7 * i + 3 * k * k)) + (k == i % C ? 0.4 : 0));
      shifted.push_back(f.back() + 5 * std::cos(static_cast<double>(i)));
      targets.y.push_back(k == i % C ? 1 : 0);
    }
  }
  double auc = 0;
  for (Index k = 0; k < C; ++k) {
    const auto probability = [&](Index i) {
      const double* const row = f.data() + i * C;
      return std::exp(row[k]) / (std::exp(row[0]) + std::exp(row[1]) + std::exp(row[2]));
    };
    double ordered = 0, pairs = 0;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) {
        if (i % C != k || j % C == k) continue;
        pairs += 1;
        ordered += probability(i) > probability(j) ? 1 : 0;
      }
    }
    auc += ordered / pairs / C;
  }
  EXPECT_LT(auc, 0.95);
  for (const std::vector<double>* outputs : {&f, &shifted}) EXPECT_NEAR(cli::score(*outputs, Loss::softmax, targets).auc.value(), auc, 1e-12);
}

// The mean of many 0.1 is not 0.1: the deviations from it are rounding.
TEST_F(Scores, OfConstantTargetsHaveNoRSquared) {
  std::string constant = "a,y\n";
  for (int i = 0; i < 7; ++i) constant += std::to_string(i) + ",0.1\n";
  const nlohmann::json test = scores("a,y\n1,1\n2,2\n3,2.5\n", constant, " --beta 0.1");
  EXPECT_TRUE(test["r2"].is_null()) << test;
  EXPECT_TRUE(test["rmse"].is_number());
  EXPECT_TRUE(scores("a,y\n1,1\n2,2\n3,2.5\n", "a,y\n1,1\n", " --beta 0.1")["r2"].is_null());
}

TEST_F(Scores, OfSamplesLeftOutOneByOneArePooled) {
  // Once more by hand: a fit without each sample, its output for that sample, and pairs counted one by one.
  const std::string noisy = "a,b,y\n1,1,1\n2,1.5,1\n1.5,2,0\n0.3,-1,1\n-1,-1,0\n-2,-1.5,0\n-1.5,-2,0\n0.2,0.1,1\n";
  const auto table = rows(noisy);
  std::vector<double> f, y;
  for (std::size_t left_out = 1; left_out < table.size(); ++left_out) {
    std::string kept = "a,b,y\n";
    for (std::size_t i = 1; i < table.size(); ++i) {
      if (i != left_out) kept += table[i][0] + "," + table[i][1] + "," + table[i][2] + "\n";
    }
    ASSERT_EQ(run("fit " + write("kept.csv", kept) + logistic + " --tol 1e-9 --quiet --model " + file("m.json")).code, 0);
    write("left_out.csv", "a,b\n" + table[left_out][0] + "," + table[left_out][1] + "\n");
    f.push_back(numbers(run("predict " + file("m.json") + " " + file("left_out.csv")).out, 0).at(0));
    y.push_back(std::stod(table[left_out][2]));
  }
  double loss = 0, right = 0, ordered = 0, pairs = 0, tp = 0, predicted = 0, actual = 0;
  for (std::size_t i = 0; i < f.size(); ++i) {
    loss += std::log1p(std::exp(y[i] > 0 ? -f[i] : f[i]));
    right += (f[i] >= 0) == (y[i] > 0) ? 1 : 0;
    tp += f[i] >= 0 && y[i] > 0 ? 1 : 0;
    predicted += f[i] >= 0 ? 1 : 0;
    actual += y[i];
    for (std::size_t j = 0; j < f.size(); ++j) {
      if (!(y[i] > 0 && y[j] == 0)) continue;
      pairs += 1;
      ordered += f[i] > f[j] ? 1 : 0;
    }
  }
  const Outcome path = run("path " + write("all.csv", noisy) + " --loss logistic --activation linear --betas 0.1 --tol 1e-9 --folds 8 --json");
  ASSERT_EQ(path.code, 0) << path.err;
  const nlohmann::json scores = nlohmann::json::parse(path.out)["points"][0]["validation"];
  EXPECT_EQ(scores["samples"], 8);
  EXPECT_NEAR(scores["loss"], loss, 1e-4 * loss);
  EXPECT_NEAR(scores["accuracy"], right / 8, 1e-12);
  EXPECT_NEAR(scores["f1"], 2 * tp / (predicted + actual), 1e-12);
  EXPECT_NEAR(scores["auc"], ordered / pairs, 1e-12);
}

TEST(FoldsOfSamples, HaveEveryClassWhereCountsAllowAndAreTheSameForTheSameSeed) {
  constexpr Index n = 30, folds = 5;
  std::vector<double> y(n, -1.0);
  for (const std::size_t i : {2U, 3U, 4U, 17U, 29U, 11U}) y[i] = 1;
  const Dataset data(n, 1, 1, std::vector<double>(n, 0.5), y);
  for (const unsigned seed : {0U, 1U, 7U}) {
    const std::vector<Index> fold_of = cli::deal_folds(cli::Targets{data.targets(), data.y(), {}}, Loss::parse("hinge"), folds, seed);
    EXPECT_EQ(fold_of, cli::deal_folds(cli::Targets{data.targets(), data.y(), {}}, Loss::parse("hinge"), folds, seed));
    std::vector<int> samples(folds), positives(folds);
    for (std::size_t i = 0; i < y.size(); ++i) {
      ++samples[static_cast<std::size_t>(fold_of[i])];
      positives[static_cast<std::size_t>(fold_of[i])] += y[i] > 0 ? 1 : 0;
    }
    for (std::size_t k = 0; k < folds; ++k) {
      EXPECT_EQ(samples[k], 6) << seed;
      EXPECT_GE(positives[k], 1) << seed;
      EXPECT_LE(positives[k], 2) << seed;
    }
  }
  EXPECT_NE(cli::deal_folds(cli::Targets{data.targets(), data.y(), {}}, Loss::parse("hinge"), folds, 0),
            cli::deal_folds(cli::Targets{data.targets(), data.y(), {}}, Loss::parse("hinge"), folds, 1));
}

// All samples come in pairs that cancel each other, so that the network on all of them is zero and proven at once; without one sample it is not, and
// one step does not prove it.
TEST_F(Scores, OfFoldsThatAreNotProvenSaySo) {
  std::string pairs = "a,b,c,y\n";
  for (const std::string x : {"1,0.3,-0.2", "-0.4,1.1,0.7", "0.2,-0.8,1.3"}) pairs += x + ",10\n" + x + ",-10\n";
  const std::string data = write("pairs.csv", pairs), options = " --loss absolute --betas 0.02,0.01 --max-iterations 1 --tol 1e-9";
  const Outcome alone = run("path " + data + options + " --quiet");
  ASSERT_EQ(alone.code, 0) << "the points themselves are proven";
  const Outcome path = run("path " + data + options + " --folds 6 -o " + file("p.csv") + " --report " + file("r.json"));
  EXPECT_EQ(path.code, 4);
  EXPECT_THAT(path.out, HasSubstr("6 of 6 folds unproven: 1 iteration_limit"));
  EXPECT_THAT(path.out, HasSubstr("the choice rests on 14 fits, 12 of them not proven optimal"));
  const auto table = rows(read(file("p.csv")));
  ASSERT_EQ(table.size(), 3U);
  for (std::size_t i = 1; i < table.size(); ++i) {
    EXPECT_EQ(table[i].at(1), "optimal");
    EXPECT_EQ(table[i].at(10), "6");
  }
  const nlohmann::json report = nlohmann::json::parse(read(file("r.json")));
  EXPECT_EQ(report["unproven_fits"], 12);
  EXPECT_EQ(report["points"][0]["unproven_folds"][2]["fold"], 3);
  EXPECT_EQ(report["points"][0]["unproven_folds"][2]["status"], "iteration_limit");
}

}  // namespace
}  // namespace neuspec::test
