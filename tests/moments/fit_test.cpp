// Training on moments: the optimum of samples that never came together, and of those that are left when some are taken out.
#include <gtest/gtest.h>

#include <cmath>

#include "moments/parts.hpp"
#include "neuspec/error.hpp"
#include "neuspec/preprocessing.hpp"
#include "support/exact_judge.hpp"
#include "support/load.hpp"

namespace neuspec::test {
namespace {

Dataset standardised(const Dataset& data, const Preprocessing& by) {
  std::vector<double> x = data.x();
  for (std::size_t at = 0; at < x.size(); ++at) x[at] = (x[at] - by.mean[at % by.mean.size()]) / by.scale[at % by.scale.size()];
  return {data.samples(), data.features(), data.targets(), std::move(x), data.y(), data.weights()};
}

/// Both intervals from dual to primal hold the optimum of their data, and neither is wider than `tolerance`.
void expect_same_optimum(const Report& one, const Report& other, double tolerance) {
  EXPECT_LE(one.relative_gap, tolerance) << one.choice;
  EXPECT_LE(other.relative_gap, tolerance) << other.choice;
  EXPECT_LE(std::abs(one.primal - other.primal), tolerance * other.primal);
  EXPECT_LE(one.dual, other.primal * (1 + 1e-12));
  EXPECT_LE(other.dual, one.primal * (1 + 1e-12));
}

Settings to(double tolerance) {
  Settings settings;
  settings.tolerance = tolerance;
  return settings;
}

TEST(MomentFit, OfSevenPartsInAnyOrderIsThatOfTheWhole) {
  Random random(21);
  for (const double offset : {0.0, 2.0, 1e6})
    for (const bool bias : {false, true}) {
      const Dataset data = moved(random, random_dataset(random, 700, 5, 2), offset, bias);
      std::vector<Dataset> parts = dealt(random, data, 7);
      std::shuffle(parts.begin(), parts.end(), std::mt19937_64(3));
      Moments all = merged(parts);
      all.standardize();
      const Dataset whole = standardised(data, all.preprocessing());
      Problem problem;
      problem.bias = bias;
      problem.beta = 0.02 * beta_max(problem, whole);
      EXPECT_NEAR(beta_max(problem, all), 50 * problem.beta, 1e-8 * problem.beta);
      SCOPED_TRACE("offset " + std::to_string(offset));
      const Result from = fit(all, problem, to(1e-10)), direct = fit(whole, problem, to(1e-10));
      expect_same_optimum(from.report, direct.report, 1e-10);
      EXPECT_EQ(from.report.samples, 700);
      EXPECT_GT(from.report.rounding, 0);
      // And the network is what it says, on samples it has never seen.
      EXPECT_LE(exact::Judge(problem, whole).objective(exact::normalised(from.network)), from.report.primal * (1 + 1e-12));
      EXPECT_LE(certify(from.network, problem, whole).relative_gap, 1e-10);
    }
}

TEST(MomentFit, WithoutStandardisationToo) {
  Random random(22);
  for (const bool bias : {false, true}) {
    const Dataset data = moved(random, random_dataset(random, 400, 4, 1), 1.5, false);
    const Moments all = merged(dealt(random, data, 7));
    Problem problem;
    problem.bias = bias;
    problem.beta = 0.02 * beta_max(problem, data);
    expect_same_optimum(fit(all, problem, to(1e-10)).report, fit(data, problem, to(1e-10)).report, 1e-10);
  }
}

TEST(MomentFit, OfWhatIsLeftIsThatOfTheRest) {
  Random random(23);
  for (const double offset : {0.0, 1e6}) {
    const Dataset data = moved(random, random_dataset(random, 600, 4, 1), offset, false);
    const std::vector<Dataset> parts = dealt(random, data, 3);
    Moments left = moments_of(data);
    left.subtract(moments_of(parts[1]));
    left.standardize();
    Moments rest = merged({parts[0], parts[2]});
    rest.standardize();
    for (std::size_t j = 0; j < 4; ++j) {
      EXPECT_NEAR(left.preprocessing().mean[j], rest.preprocessing().mean[j], 1e-14 * (1 + std::abs(offset)));
      EXPECT_NEAR(left.preprocessing().scale[j], rest.preprocessing().scale[j], 1e-13);
    }
    std::vector<double> x = parts[0].x(), y = parts[0].y();
    x.insert(x.end(), parts[2].x().begin(), parts[2].x().end());
    y.insert(y.end(), parts[2].y().begin(), parts[2].y().end());
    const Dataset whole = standardised({parts[0].samples() + parts[2].samples(), 4, 1, x, y}, left.preprocessing());
    Problem problem;
    problem.bias = true;
    problem.beta = 0.05 * beta_max(problem, whole);
    expect_same_optimum(fit(left, problem, to(1e-9)).report, fit(whole, problem, to(1e-9)).report, 1e-9);
  }
}

TEST(MomentFit, StandardisesAsPreprocessingDoes) {
  Random random(24);
  Dataset data = moved(random, random_dataset(random, 300, 3, 1), 100, true);
  std::vector<double> x = data.x();
  for (std::size_t at = 2; at < x.size(); at += 3) x[at] = 0.1;  // a constant is only centred
  data = {300, 3, 1, x, data.y(), data.weights()};
  Table table;
  table.samples = 300;
  table.features = 3;
  table.targets = 1;
  table.x = data.x();
  table.y = data.y();
  table.feature_names = {"a", "b", "c"};
  table.target_names = {"y"};
  const Preprocessing direct = learn_preprocessing(table, {.standardize = true});
  Moments moments = moments_of(data);
  moments.standardize();
  for (std::size_t j = 0; j < 3; ++j) {
    EXPECT_NEAR(moments.preprocessing().mean[j], direct.mean[j], 1e-13 * std::abs(direct.mean[j]));
    EXPECT_NEAR(moments.preprocessing().scale[j], direct.scale[j], 1e-13 * direct.scale[j]);
  }
  EXPECT_EQ(moments.preprocessing().mean[2], 0.1);
  EXPECT_EQ(moments.preprocessing().scale[2], 1);
}

TEST(MomentFit, OfSomeFeaturesIsThatOfThem) {
  Random random(25);
  const Dataset data = random_dataset(random, 200, 4, 1);
  Preprocessing columns;
  columns.feature_names = {"a", "b", "c", "d"};
  columns.target_names = {"y"};
  columns.columns = {6, {2}, {0}, true};  // left out, a, y, b, c, d
  Moments moments(columns);
  moments.add(data);
  moments.select({"d", "b"});
  EXPECT_EQ(moments.features(), 2);
  EXPECT_EQ(moments.preprocessing().feature_names, (std::vector<std::string>{"b", "d"}));
  EXPECT_EQ(moments.preprocessing().columns.left_out, (std::vector<Index>{0, 1, 4}));
  std::vector<double> x;
  for (Index i = 0; i < 200; ++i)
    for (const Index j : {1, 3}) x.push_back(data.x()[static_cast<std::size_t>(4 * i + j)]);
  const Dataset two(200, 2, 1, x, data.y());
  Problem problem;
  problem.beta = 1;
  expect_same_optimum(fit(moments, problem, to(1e-10)).report, fit(two, problem, to(1e-10)).report, 1e-10);
  EXPECT_THROW(moments.select({"c"}), DataError);
  EXPECT_THROW(moments.select({}), UsageError);
}

TEST(MomentFit, GoesAlongAPathInEveryPrecision) {
  const Dataset data = load_real("diabetes", false);
  Moments moments = moments_of(data);
  moments.standardize();
  const Dataset seen = standardised(data, moments.preprocessing());
  Problem problem;
  problem.bias = true;
  const double largest = beta_max(problem, moments);
  for (const Precision precision : {Precision::double_precision, Precision::single_precision})
    for (const SolverKind solver : {SolverKind::admm, SolverKind::burer_monteiro}) {
      Settings settings = to(1e-5);
      settings.precision = precision;
      settings.solver = solver;
      const auto path = fit_path(moments, problem, {largest, 0.1 * largest, 0.01 * largest}, settings);
      ASSERT_EQ(path.size(), 3U);
      EXPECT_EQ(path[0].network.neurons(), 0);
      for (const Result& point : path) {
        EXPECT_EQ(point.report.status, Status::optimal) << point.report.choice;
        problem.beta = point.report.beta;
        EXPECT_LE(certify(point.network, problem, seen).relative_gap, 1e-5);
      }
    }
}

// Numbers far from 1 are brought to units of their own.
TEST(MomentFit, HasUnits) {
  Random random(26);
  const Dataset base = random_dataset(random, 150, 3, 1);
  std::vector<double> x = base.x(), y = base.y(), weights(150, 1e-7);
  for (double& value : x) value = 1e8 * (value + 1);
  for (double& value : y) value *= 1e-9;
  const Dataset data(150, 3, 1, x, y, weights);
  const Moments moments = moments_of(data);
  for (const bool bias : {false, true}) {
    Problem problem;
    problem.bias = bias;
    problem.beta = 0.1 * beta_max(problem, data);
    const Report from = fit(moments, problem).report, direct = fit(data, problem).report;
    EXPECT_EQ(from.status, direct.status);
    EXPECT_NEAR(from.primal, direct.primal, 1e-6 * direct.primal);
    EXPECT_NEAR(objective_unit(problem, moments), objective_unit(problem, data), 1e-9 * objective_unit(problem, data));
    EXPECT_LE(objective_unit(problem, moments), objective_unit(problem, data) * (1 + 1e-12));
  }
}

TEST(MomentFit, RefusesWhatNeedsSamples) {
  Random random(27);
  const Moments moments = moments_of(random_dataset(random, 50, 6, 1));
  Problem problem;
  problem.loss = Loss::huber;
  EXPECT_THROW(fit(moments, problem), UsageError);
  EXPECT_THROW(beta_max(problem, moments), UsageError);
  problem.loss = Loss::squared;
  problem.architecture = Architecture::parse("conv1d:length=6,filter=3");
  EXPECT_THROW(fit(moments, problem), UsageError);
  problem.architecture = {};
  Settings settings;
  settings.data_operator = OperatorKind::gram;
  EXPECT_THROW(fit(moments, problem, settings), UsageError);
  EXPECT_THROW(fit(Moments(), problem), DataError);
  EXPECT_THROW(certify(random.network({}, 5, 1, 2), problem, moments), DataError);
}

}  // namespace
}  // namespace neuspec::test
