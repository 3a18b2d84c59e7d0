// Networks with an intercept that is not penalised, in every form of the data operator.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <ostream>

#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "support/naive.hpp"
#include "support/random_problem.hpp"

namespace neuspec {
namespace {

constexpr Index samples = 24, features = 6;

double formula_x(Index i, Index j) {
  const auto s = static_cast<double>(i + 1), t = static_cast<double>(j + 1);
  return std::sin(1.7 * s + 2.3 * t + 0.9 * s * t);
}
/// Data by formula, with weights of which some are zero; labels are the targets' side of 2.5, or the largest of a sample's targets.
Dataset formula_data(Index outputs, bool weighted, const Loss& loss) {
  std::vector<double> x, y, w;
  for (Index i = 0; i < samples; ++i) {
    for (Index j = 0; j < features; ++j) x.push_back(formula_x(i, j));
    for (Index k = 0; k < outputs; ++k) {
      const double own = formula_x(i, k), next = formula_x(i, k + 1);
      const double value = 2 + std::cos(1.1 * static_cast<double>(i + 1) + 2 * static_cast<double>(k)) + own * own + 0.5 * next;
      y.push_back(loss.classification() && !loss.coupled() ? (value > 2.5 ? 1 : -1) : value);
    }
    const auto row = y.end() - outputs, top = std::max_element(row, y.end());
    if (loss.coupled()) std::transform(row, y.end(), row, [largest = *top](double value) { return value == largest ? 1.0 : 0.0; });
    if (weighted) w.push_back(i % 7 == 0 ? 0 : 0.5 * static_cast<double>(1 + i % 4));
  }
  return {samples, features, outputs, std::move(x), std::move(y), std::move(w)};
}

struct Reference {
  const char* loss;
  double beta;
  bool convolution;
  Index outputs;
  bool weighted;
  double optimum;
};
void PrintTo(const Reference& r, std::ostream* out) {
  *out << r.loss << (r.convolution ? " conv " : " dense ") << r.outputs << (r.weighted ? " weighted" : "");
}

/// Optima of (SDP) with a free scalar an output, by an interior-point solver (tests/data/make_intercept.py), which shares nothing with this library.
constexpr Reference references[] = {
    {"squared", 0.3, false, 1, false, 5.37473535728},       {"squared", 0.3, false, 1, true, 5.2815944067},
    {"squared", 0.3, false, 3, false, 15.6333938368},       {"squared", 0.3, false, 3, true, 13.7414942966},
    {"squared", 0.3, true, 1, false, 6.16031794648},        {"squared", 0.3, true, 1, true, 5.88927455889},
    {"squared", 0.3, true, 3, false, 18.8830124888},        {"squared", 0.3, true, 3, true, 16.6720158743},
    {"absolute", 0.5, false, 1, false, 12.5475015519},      {"absolute", 0.5, false, 1, true, 11.9666445845},
    {"absolute", 0.5, false, 3, false, 37.5496015625},      {"absolute", 0.5, false, 3, true, 32.6425204364},
    {"absolute", 0.5, true, 1, false, 13.79148334},         {"absolute", 0.5, true, 1, true, 13.5562514178},
    {"absolute", 0.5, true, 3, false, 42.285490739},        {"absolute", 0.5, true, 3, true, 38.0246930744},
    {"huber:0.5", 0.3, false, 1, false, 4.46289325337},     {"huber:0.5", 0.3, false, 1, true, 4.38058731835},
    {"huber:0.5", 0.3, false, 3, false, 13.3472042749},     {"huber:0.5", 0.3, false, 3, true, 11.8914662466},
    {"huber:0.5", 0.3, true, 1, false, 4.91179639849},      {"huber:0.5", 0.3, true, 1, true, 4.79383454256},
    {"huber:0.5", 0.3, true, 3, false, 15.0098598712},      {"huber:0.5", 0.3, true, 3, true, 13.5267978322},
    {"logistic", 0.2, false, 1, false, 13.871516721},       {"logistic", 0.2, false, 1, true, 13.4558257458},
    {"logistic", 0.2, false, 3, false, 34.7324700056},      {"logistic", 0.2, false, 3, true, 32.5120810195},
    {"logistic", 0.2, true, 1, false, 14.7475824681},       {"logistic", 0.2, true, 1, true, 14.7120380416},
    {"logistic", 0.2, true, 3, false, 38.4548036729},       {"logistic", 0.2, true, 3, true, 38.0659192168},
    {"squared_hinge", 0.3, false, 1, false, 9.01114693585}, {"squared_hinge", 0.3, false, 1, true, 8.35234776584},
    {"squared_hinge", 0.3, false, 3, false, 21.6994675381}, {"squared_hinge", 0.3, false, 3, true, 19.2250986794},
    {"squared_hinge", 0.3, true, 1, false, 9.97518579376},  {"squared_hinge", 0.3, true, 1, true, 9.8378907304},
    {"squared_hinge", 0.3, true, 3, false, 25.3737165934},  {"squared_hinge", 0.3, true, 3, true, 24.5911968241},
    {"hinge", 0.4, false, 1, false, 15.4581234291},         {"hinge", 0.4, false, 1, true, 14.4970593907},
    {"hinge", 0.4, false, 3, false, 39.2629725154},         {"hinge", 0.4, false, 3, true, 33.9854532888},
    {"hinge", 0.4, true, 1, false, 17.1026942523},          {"hinge", 0.4, true, 1, true, 17.3952132658},
    {"hinge", 0.4, true, 3, false, 44.6959534821},          {"hinge", 0.4, true, 3, true, 43.5513629656},
    {"softmax", 0.2, false, 2, false, 13.6833460713},       {"softmax", 0.2, false, 2, true, 13.4558257458},
    {"softmax", 0.2, false, 3, false, 13.1975935783},       {"softmax", 0.2, false, 3, true, 11.5214341468},
    {"softmax", 0.2, false, 4, false, 15.6117373822},       {"softmax", 0.2, false, 4, true, 12.8635918035},
    {"softmax", 0.2, true, 2, false, 14.7246482906},        {"softmax", 0.2, true, 2, true, 14.7120380339},
    {"softmax", 0.2, true, 3, false, 16.3364863815},        {"softmax", 0.2, true, 3, true, 14.8007951999},
    {"softmax", 0.2, true, 4, false, 19.7186116249},        {"softmax", 0.2, true, 4, true, 16.6635839228},
};

struct Way {
  SolverKind solver;
  OperatorKind data_operator;
};
constexpr Way ways[] = {{SolverKind::admm, OperatorKind::moments},
                        {SolverKind::admm, OperatorKind::gram},
                        {SolverKind::burer_monteiro, OperatorKind::moments},
                        {SolverKind::burer_monteiro, OperatorKind::gram},
                        {SolverKind::burer_monteiro, OperatorKind::matrix_free}};

class BiasReference : public testing::TestWithParam<Reference> {};

TEST_P(BiasReference, IsReachedAndProvenInEveryForm) {
  const Reference& reference = GetParam();
  Problem problem;
  problem.loss = Loss::parse(reference.loss);
  problem.beta = reference.beta;
  problem.bias = true;
  if (reference.convolution) problem.architecture = Architecture::parse("conv1d:length=6,filter=3,pool=2");
  const Dataset data = formula_data(reference.outputs, reference.weighted, problem.loss);
  for (const Way& way : ways) {
    if (way.solver == SolverKind::burer_monteiro && !problem.loss.smooth()) continue;
    SCOPED_TRACE(name(way.solver) + " with " + name(way.data_operator));
    Settings settings;
    settings.solver = way.solver;
    settings.data_operator = way.data_operator;
    settings.tolerance = 1e-7;
    const Result result = fit(data, problem, settings);
    EXPECT_EQ(result.report.status, Status::optimal);
    EXPECT_NEAR(result.report.primal, reference.optimum, 3e-7 * reference.optimum);
    EXPECT_LE(result.report.dual, reference.optimum * (1 + 1e-8));
    ASSERT_EQ(static_cast<Index>(result.network.bias.size()), reference.outputs);
  }
}
INSTANTIATE_TEST_SUITE_P(All, BiasReference, testing::ValuesIn(references));

class BiasForms : public testing::TestWithParam<Way> {
 protected:
  BiasForms() {
    problem_.bias = true;
    settings_.solver = GetParam().solver;
    settings_.data_operator = GetParam().data_operator;
    settings_.tolerance = 1e-8;
  }
  Problem problem_;
  Settings settings_;
};

TEST_P(BiasForms, ShiftedTargetsShiftTheInterceptAlone) {
  const Dataset data = formula_data(2, true, Loss::squared);
  std::vector<double> y = data.y();
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += i % 2 == 0 ? 1000 : -7;
  const Dataset shifted(samples, features, 2, data.x(), y, data.weights());
  problem_.beta = 0.3;
  const Result before = fit(data, problem_, settings_), after = fit(shifted, problem_, settings_);
  EXPECT_EQ(after.report.status, Status::optimal);
  EXPECT_NEAR(after.report.primal, before.report.primal, 1e-7 * before.report.primal);
  std::vector<double> f(static_cast<std::size_t>(2 * samples)), g(f.size());
  before.network.predict(data.x().data(), samples, f.data());
  after.network.predict(data.x().data(), samples, g.data());
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (naive::weight(data, static_cast<Index>(i / 2)) == 0) continue;
    EXPECT_NEAR(g[i], f[i] + (i % 2 == 0 ? 1000 : -7), 1e-3);
  }
}

TEST_P(BiasForms, FromBetaMaxOnTheNetworkIsTheWeightedMean) {
  const Dataset data = formula_data(3, true, Loss::squared);
  problem_.beta = beta_max(problem_, data) * 1.0001;
  const Result constant = fit(data, problem_, settings_);
  EXPECT_EQ(constant.report.status, Status::optimal);
  EXPECT_EQ(constant.network.neurons(), 0);
  EXPECT_NEAR(constant.report.beta_max, problem_.beta / 1.0001, 1e-9 * problem_.beta);
  for (Index k = 0; k < 3; ++k) {
    double sum = 0, all = 0;
    for (Index i = 0; i < samples; ++i) {
      sum += naive::weight(data, i) * naive::at(data.y(), 3 * i + k);
      all += naive::weight(data, i);
    }
    EXPECT_NEAR(naive::at(constant.network.bias, k), sum / all, 1e-13);
  }
  problem_.beta *= 0.99;
  EXPECT_GT(fit(data, problem_, settings_).network.neurons(), 0);
}

TEST_P(BiasForms, SingleIsAsGoodAsItsRounding) {
  for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax}) {
    problem_.loss = loss;
    problem_.beta = 0.3;
    settings_.tolerance = 1e-3;
    settings_.precision = Precision::single_precision;
    EXPECT_EQ(fit(formula_data(2, true, loss), problem_, settings_).report.status, Status::optimal) << loss.name();
  }
}
INSTANTIATE_TEST_SUITE_P(All, BiasForms, testing::ValuesIn(ways));

TEST(Bias, APathIsThatOfFreshSolves) {
  for (const Loss loss : {Loss::logistic, Loss::softmax}) {
    const Dataset data = formula_data(loss.coupled() ? 3 : 1, false, loss);
    Problem problem;
    problem.bias = true;
    problem.loss = loss;
    Settings settings;
    settings.tolerance = 1e-8;
    const double largest = beta_max(problem, data);
    const std::vector<double> betas = {1.01 * largest, 0.5 * largest, 0.1 * largest};
    const std::vector<Result> path = fit_path(data, problem, betas, settings);
    ASSERT_EQ(path.size(), betas.size());
    EXPECT_EQ(path[0].network.neurons(), 0);
    for (std::size_t i = 0; i < betas.size(); ++i) {
      problem.beta = betas[i];
      EXPECT_EQ(path[i].report.status, Status::optimal);
      EXPECT_NEAR(path[i].report.primal, fit(data, problem, settings).report.primal, 3e-8 * path[i].report.primal);
    }
  }
}

}  // namespace
}  // namespace neuspec
