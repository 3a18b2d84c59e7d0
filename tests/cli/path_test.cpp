#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "cli/program.hpp"

namespace neuspec::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Path : public Program {};

TEST_F(Path, GoesFromBetaMaxDownwardsWithAProofAtEveryPoint) {
  const std::string data = golden("dense_small.csv");
  const Outcome path = run("path " + data + " --points 5 --beta-min-ratio 0.01 -o " + file("p.csv"));
  ASSERT_EQ(path.code, 0) << path.err;
  EXPECT_THAT(path.err, HasSubstr("2/5 "));
  const auto table = rows(read(file("p.csv")));
  ASSERT_EQ(table.size(), 6U);
  EXPECT_EQ(table[0], (std::vector<std::string>{"beta", "status", "primal", "dual", "relative_gap", "neurons", "train_loss", "train_accuracy",
                                                "validation_loss", "validation_accuracy", "unproven_folds"}));
  EXPECT_EQ(table[1].at(5), "0") << "the zero network at beta_max";
  const auto beta = numbers(read(file("p.csv")), 0), primal = numbers(read(file("p.csv")), 2), loss = numbers(read(file("p.csv")), 6);
  EXPECT_NEAR(beta[4], 0.01 * beta[0], 1e-9 * beta[0]);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(table[i + 1].at(1), "optimal");
    EXPECT_LE(std::stod(table[i + 1].at(4)), 1e-6);
    if (i > 0) {
      EXPECT_NEAR(beta[i] / beta[i - 1], std::sqrt(std::sqrt(0.01)), 1e-9);
      EXPECT_LT(primal[i], primal[i - 1]) << "the optimum grows with beta";
      EXPECT_LT(loss[i], loss[i - 1]);
    }
  }
  std::istringstream lines(path.out);
  const auto count = std::count(path.out.begin(), path.out.end(), '\n');
  EXPECT_EQ(count, 6) << path.out;
}

TEST_F(Path, AgreesWithSingleFits) {
  const std::string data = golden("dense_small.csv");
  const Outcome path = run("path " + data + " --betas 0.5,5,5 --json --quiet");
  ASSERT_EQ(path.code, 0) << path.err;
  const auto points = json::parse(path.out)["points"];
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0]["beta"], 5);
  EXPECT_EQ(points[1]["beta"], 0.5);
  const double reference = json(golden("cases.json"))["dense_small"]["primal"];
  EXPECT_NEAR(points[1]["primal"], reference, 1e-6 * reference);
}

TEST_F(Path, KeepsTheBestOnValidationData) {
  const std::string data = read(golden("dense_small.csv"));
  const std::size_t half = data.find('\n', data.size() / 2) + 1;
  const std::string train = write("train.csv", data.substr(0, half));
  const std::string valid = write("valid.csv", data.substr(0, data.find('\n') + 1) + data.substr(half));
  const Outcome path = run("path " + train + " --validation " + valid + " --points 8 -o " + file("p.csv") + " --model " + file("m.json") +
                           " --report " + file("r.json"));
  ASSERT_EQ(path.code, 0) << path.err;
  EXPECT_THAT(path.out, HasSubstr("best on "));
  const auto loss = numbers(read(file("p.csv")), 8), beta = numbers(read(file("p.csv")), 0);
  const auto best = static_cast<std::size_t>(std::min_element(loss.begin(), loss.end()) - loss.begin());
  EXPECT_EQ(json(file("m.json"))["problem"]["beta"], beta[best]);
  EXPECT_EQ(json(file("r.json"))["best"], best);
  // The validation loss once more, from predictions.
  const auto f = numbers(run("predict " + file("m.json") + " " + valid).out, 0), y = numbers(read(valid), 5);
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) sum += 0.5 * (f[i] - y[i]) * (f[i] - y[i]);
  EXPECT_NEAR(loss[best], sum, 1e-9 * sum);
  EXPECT_EQ(run("certify " + file("m.json") + " " + train).code, 0);
}

TEST_F(Path, ChoosesClassesByAccuracy) {
  const std::string data = real("wine.csv.gz");
  ASSERT_EQ(
      run("path " + data + " --one-vs-rest --standardize --points 4 --validation " + data + " -o " + file("p.csv") + " --model " + file("m.json"))
          .code,
      0);
  const auto accuracy = numbers(read(file("p.csv")), 9), loss = numbers(read(file("p.csv")), 8), beta = numbers(read(file("p.csv")), 0);
  std::size_t best = 0;
  for (std::size_t i = 1; i < beta.size(); ++i) {
    if (accuracy[i] > accuracy[best] || (accuracy[i] == accuracy[best] && loss[i] < loss[best])) best = i;
  }
  EXPECT_GT(accuracy[best], 0.9);
  EXPECT_EQ(json(file("m.json"))["problem"]["beta"], beta[best]);
}

TEST_F(Path, RefusesWhatMakesNoSense) {
  const std::string data = golden("dense_small.csv");
  EXPECT_EQ(run("path " + data + " --model " + file("m.json")).code, 2) << "nothing to choose by";
  EXPECT_EQ(run("path " + data + " --points 0").code, 2);
  EXPECT_EQ(run("path " + data + " --points many").code, 2);
  EXPECT_EQ(run("path " + data + " --beta-min-ratio 1").code, 2);
  EXPECT_EQ(run("path " + data + " --betas 1,-2").code, 2);
  EXPECT_EQ(run("path " + data + " --betas 1,").code, 2);
  EXPECT_EQ(run("path " + write("zero.csv", "1,0\n2,0\n")).code, 3);
  EXPECT_EQ(run("path " + data + " --points 2 --max-iterations 1 --solver admm --tol 1e-9").code, 4);
}

}  // namespace
}  // namespace neuspec::test
