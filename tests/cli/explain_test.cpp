#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "cli/program.hpp"
#include "neuspec/network.hpp"

namespace neuspec::test {
namespace {

using testing::HasSubstr;

class Explain : public Program {
 protected:
  /// A network of one output on two features x0, x1 whose neurons are written down here.
  std::string model_of(const std::string& name, const Activation& activation,
                       const std::vector<std::pair<std::vector<double>, double>>& neurons) const {
    Model model;
    model.network.activation = model.problem.activation = activation;
    model.network.features = 2;
    model.preprocessing.feature_names = {"x0", "x1"};
    model.preprocessing.target_names = {"y0"};
    for (const auto& [u, alpha] : neurons) model.network.add(u.data(), alpha, 0);
    model.save(file(name));
    return file(name);
  }
};

// x0² − x1²: the zeros are the diagonals.
TEST_F(Explain, KnowsTheDistanceToTheZerosOfASaddle) {
  const std::string model = model_of("saddle.json", {1, 0, 0}, {{{1, 0}, 1}, {{0, 1}, -1}});
  const std::string data = write("x.csv", "x0,x1\n3,0\n1,2\n-2,-2\n4,-1\n");
  const Outcome explain = run("explain " + model + " " + data + " -o " + file("e.csv") + " --form " + file("f.json"));
  ASSERT_EQ(explain.code, 0) << explain.err;
  const auto table = rows(read(file("e.csv")));
  ASSERT_EQ(table.size(), 5U);
  EXPECT_EQ(table[0], (std::vector<std::string>{"sample", "prediction", "distance", "lower_bound"}));
  const double expected[] = {3 / std::sqrt(2.0), 1 / std::sqrt(2.0), 0, 3 / std::sqrt(2.0)};
  const char* signs[] = {"1", "-1", "1", "1"};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(table[i + 1][0], std::to_string(i + 1));
    EXPECT_EQ(table[i + 1][1], signs[i]);
    EXPECT_NEAR(std::stod(table[i + 1][2]), expected[i], 1e-12);
    EXPECT_LE(std::stod(table[i + 1][3]), std::stod(table[i + 1][2]));
    EXPECT_NEAR(std::stod(table[i + 1][3]), expected[i], 1e-9);
  }
  for (const char* part : {"2 features, 1 output", "eigenvalues    y0: -1, 1", "least ", "largest 2.122"}) EXPECT_THAT(explain.out, HasSubstr(part));
  EXPECT_THAT(explain.out, testing::Not(HasSubstr("unreachable")));

  const auto form = json(file("f.json"));
  EXPECT_EQ(form["features"], 2);
  EXPECT_EQ(form["standardized"], false);
  const auto& output = form["outputs"].at(0);
  EXPECT_EQ(output["name"], "y0");
  EXPECT_EQ(output["eigenvalues"], (std::vector<double>{-1, 1}));
  EXPECT_EQ(output["Q"], (std::vector<std::vector<double>>{{1, 0}, {0, -1}}));
  EXPECT_EQ(output["q"], (std::vector<double>{0, 0}));
  EXPECT_EQ(output["s"], 0);
}

TEST_F(Explain, SaysWhatCannotBeReached) {
  const std::string data = write("x.csv", "x0,x1\n3,0\n1,2\n");
  const Outcome everywhere = run("explain " + model_of("bowl.json", {1, 0, 1}, {{{1, 0}, 1}, {{0, 1}, 2}}) + " " + data + " -o " + file("e.csv"));
  ASSERT_EQ(everywhere.code, 0) << everywhere.err;
  EXPECT_EQ(read(file("e.csv")), "sample,prediction,distance,lower_bound\n1,1,inf,inf\n2,1,inf,inf\n");
  EXPECT_THAT(everywhere.out, HasSubstr("unreachable    2 of 2 samples keep their prediction everywhere"));
  // Along a valley that is flat to rounding only a radius is proven.
  const Outcome radius = run("explain " + model_of("valley.json", {1, 0, 1}, {{{0.6, 0.8}, 1}}) + " " + data + " -o " + file("v.csv"));
  EXPECT_THAT(radius.out, HasSubstr("2 of 2 samples keep their prediction within a radius of"));
  for (const double bound : numbers(read(file("v.csv")), 3)) EXPECT_TRUE(bound > 1e5 && std::isfinite(bound)) << bound;
  for (const auto& row : rows(read(file("v.csv")))) EXPECT_NE(row[2], "inf") << "is said of what is proven alone";
  EXPECT_THAT(radius.out, HasSubstr("median unknown"));
}

/// A network of three classes on wine, standardised.
class ExplainClasses : public Explain {
 protected:
  void SetUp() override {
    Explain::SetUp();
    data_ = real("wine.csv.gz");
    model_ = file("wine.json");
    const Outcome fit = run("fit " + data_ + " --one-vs-rest --standardize --beta 3 --quiet --model " + model_);
    ASSERT_EQ(fit.code, 0) << fit.err;
  }
  std::string data_, model_;
};

TEST_F(ExplainClasses, NamesClassesAsPredictDoes) {
  const Outcome explain = run("explain " + model_ + " " + data_ + " -o " + file("e.csv"));
  ASSERT_EQ(explain.code, 0) << explain.err;
  const auto table = rows(read(file("e.csv"))), predicted = rows(run("predict " + model_ + " " + data_).out);
  ASSERT_EQ(table.size(), predicted.size());
  EXPECT_EQ(table[0].back(), "competitor");
  for (std::size_t i = 1; i < table.size(); ++i) {
    EXPECT_EQ(table[i].at(1), predicted[i].back());
    EXPECT_NE(table[i].at(4), table[i].at(1));
    const double distance = std::stod(table[i][2]), bound = std::stod(table[i][3]);
    EXPECT_LE(bound, distance);
    EXPECT_GE(bound, distance * (1 - 1e-6));
  }
  for (const char* part : {"13 standardised features, 3 outputs", "eigenvalues    2: ", "median "}) EXPECT_THAT(explain.out, HasSubstr(part));
}

TEST_F(ExplainClasses, NothingNearerPredictsAnotherClass) {
  run("explain " + model_ + " " + data_ + " -o " + file("e.csv"));
  const auto bounds = numbers(read(file("e.csv")), 3);
  const Model model = Model::load(model_);
  const auto table = rows(run("predict " + model_ + " " + data_).out);
  const auto d = static_cast<std::size_t>(model.network.features);
  std::vector<double> f(3);
  // Towards every other sample, in standardised features: where the prediction changes on the way is no nearer than proven.
  std::vector<std::vector<double>> x;
  const std::string plain = "gzip -dc " + data_ + " > " + file("wine.csv");
  ASSERT_EQ(std::system(plain.c_str()), 0);
  for (const auto& row : rows(read(file("wine.csv")))) {
    if (row[0].find_first_of("0123456789") != 0) continue;  // the header
    x.emplace_back();
    for (std::size_t k = 0; k < d; ++k) x.back().push_back((std::stod(row[k]) - model.preprocessing.mean[k]) / model.preprocessing.scale[k]);
  }
  ASSERT_EQ(x.size(), bounds.size());
  const auto predicted = [&](const std::vector<double>& sample) {
    model.network.predict(sample.data(), 1, f.data());
    return std::max_element(f.begin(), f.end()) - f.begin();
  };
  double closest = 1e300;
  for (std::size_t i = 0; i < x.size(); i += 9) {
    for (std::size_t j = 0; j < x.size(); ++j) {
      if (predicted(x[i]) == predicted(x[j])) continue;
      double low = 0, high = 1, length = 0;
      for (std::size_t k = 0; k < d; ++k) length += (x[j][k] - x[i][k]) * (x[j][k] - x[i][k]);
      for (int step = 0; step < 40; ++step) {
        const double middle = 0.5 * (low + high);
        std::vector<double> between = x[i];
        for (std::size_t k = 0; k < d; ++k) between[k] += middle * (x[j][k] - x[i][k]);
        (predicted(between) == predicted(x[i]) ? low : high) = middle;
      }
      EXPECT_GE(high * std::sqrt(length), bounds[i]);
      closest = std::min(closest, high * std::sqrt(length) / bounds[i]);
    }
  }
  EXPECT_LT(closest, 3) << "the bounds are of the size of what there is";
}

TEST_F(ExplainClasses, KeepsTheConventionsOfItsSiblings) {
  const std::string to = " -o " + file("e.csv");
  ASSERT_EQ(run("explain " + model_ + " " + data_ + to).code, 0);
  const std::string before = read(file("e.csv"));
  EXPECT_EQ(run("explain " + model_ + " " + write("bad.csv", "1,2,x\n") + to).code, 3);
  EXPECT_EQ(run("explain " + model_ + " " + write("narrow.csv", "1,2,3\n") + to).code, 3);
  EXPECT_EQ(read(file("e.csv")), before);
  EXPECT_EQ(run("explain " + model_ + " " + data_ + " -o " + model_).code, 2);
  EXPECT_EQ(run("explain " + model_ + " " + data_ + to + " --form " + file("e.csv")).code, 2);
  EXPECT_EQ(run("explain " + model_ + " " + data_ + " -o /dev/full").code, 5);
  EXPECT_EQ(run("explain " + model_).code, 2);
  const Outcome summary_alone = run("explain " + model_ + " " + data_);
  EXPECT_EQ(summary_alone.code, 0);
  EXPECT_EQ(summary_alone.out, run("explain " + model_ + " " + data_ + to).out);
  EXPECT_THAT(run("explain --help").out, HasSubstr("lower_bound"));
}

}  // namespace
}  // namespace neuspec::test
