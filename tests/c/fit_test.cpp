// Training through the C API gives what it gives in C++, to the last bit.
#include "c/handles.hpp"
#include "support/load.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

void expect_same(const neuspec_model* model, const Result& result) {
  expect_same_network(network_of(model), result.network);
  EXPECT_EQ(number(model, "primal"), result.report.primal);
  EXPECT_EQ(number(model, "dual"), result.report.dual);
  EXPECT_EQ(number(model, "relative_gap"), result.report.relative_gap);
  EXPECT_EQ(number(model, "beta"), result.report.beta);
  EXPECT_EQ(number(model, "beta_max"), result.report.beta_max);
  EXPECT_EQ(number(model, "rounding"), result.report.rounding);
  EXPECT_EQ(text(model, "status"), name(result.report.status));
  EXPECT_EQ(integer(model, "status"), static_cast<int64_t>(result.report.status));
  EXPECT_EQ(integer(model, "iterations"), result.report.iterations);
  EXPECT_EQ(integer(model, "samples"), result.report.samples);
  EXPECT_EQ(integer(model, "blocks"), result.report.blocks);
  EXPECT_EQ(text(model, "solver"), result.report.solver);
  EXPECT_EQ(text(model, "operator"), result.report.data_operator);
  EXPECT_EQ(text(model, "choice"), result.report.choice);
}

void expect_same_fit(const Dataset& data, const Problem& problem) {
  SCOPED_TRACE(problem.loss.name() + " " + problem.architecture.name());
  const OptionsHandle options = options_of(problem);
  const DataHandle handle = data_of(data);
  ModelHandle model;
  ASSERT_OK(neuspec_fit(handle, options, nullptr, model.made()));
  const Result expected = fit(data, problem, one_thread());
  EXPECT_EQ(expected.report.status, Status::optimal);
  expect_same(model, expected);

  neuspec_certificate proof{};
  ASSERT_OK(neuspec_certify(model, handle, options, &proof));
  const Certificate again = certify(expected.network, problem, data, expected.report.dual_vector);
  EXPECT_EQ(proof.primal, again.primal);
  EXPECT_EQ(proof.dual, again.dual);
  EXPECT_EQ(proof.relative_gap, again.relative_gap);
  EXPECT_EQ(proof.unit, again.unit);
  EXPECT_EQ(proof.kappa, again.kappa);
  EXPECT_EQ(proof.rounding, 0);
  EXPECT_EQ(proof.proven, 1);

  std::vector<double> f(data.y().size()), g(f.size());
  ASSERT_OK(neuspec_predict(model, handle, options, f.data(), NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0));
  expected.network.predict(data.x().data(), data.samples(), g.data());
  EXPECT_EQ(f, g);
  double largest = 0;
  ASSERT_OK(neuspec_beta_max(handle, options, &largest));
  EXPECT_EQ(largest, beta_max(problem, data));
}

TEST(CFit, IsThatOfCppForEveryKindOfProblem) {
  for (std::size_t i = 0; i < fresh_cases(); i += 3) {
    const FreshCase fresh = load_fresh(i);
    SCOPED_TRACE(fresh.name);
    expect_same_fit(fresh.data, fresh.problem);
  }
}

TEST(CFit, IsThatOfCppWithAnInterceptAndWithABetaRatio) {
  Random random(3);
  const Dataset data = random_dataset(random, 90, 4, 2);
  Problem problem;
  problem.bias = true;
  problem.beta = 0.05 * beta_max(problem, data);
  expect_same_fit(data, problem);
  const OptionsHandle options = options_with({{"bias", "yes"}, {"beta", "3"}, {"beta-ratio", "0.05"}, {"threads", "1"}});
  ModelHandle model;
  ASSERT_OK(neuspec_fit(data_of(data), options, nullptr, model.made()));
  expect_same(model, fit(data, problem, one_thread()));
}

TEST(CFit, StandardisesAndEncodesLabelsAsTheProgramDoes) {
  Random random(5);
  Dataset numbers = random_dataset(random, 80, 3, 1);
  std::vector<double> labels, weights;
  for (Index i = 0; i < 80; ++i) {
    labels.push_back(static_cast<double>(3 * (i % 3) + 2));
    weights.push_back(i % 2 == 0 ? 1 : 0.5);
  }
  const Dataset data(80, 3, 1, numbers.x(), labels, weights);
  const OptionsHandle options =
      options_with({{"loss", "softmax"}, {"standardize", "yes"}, {"class-weights", "1,2,3"}, {"beta", "0.5"}, {"threads", "1"}});
  ModelHandle model;
  const DataHandle handle = data_of(data);
  ASSERT_OK(neuspec_fit(handle, options, nullptr, model.made()));

  Table table;
  table.samples = 80;
  table.features = 3;
  table.targets = 1;
  table.x = data.x();
  table.y = labels;
  table.feature_names = {"x0", "x1", "x2"};
  table.target_names = {"y0"};
  const Preprocessing map = learn_preprocessing(table, {.standardize = true, .encoding = Encoding::one_hot, .class_weights = {1, 2, 3}});
  const Dataset prepared = map.dataset_of(table);
  std::vector<double> both = weights;
  for (std::size_t i = 0; i < both.size(); ++i) both[i] *= prepared.weights()[i];
  const Dataset whole(80, 3, 3, prepared.x(), prepared.y(), both);
  const Result expected = fit(whole, {.activation = {}, .loss = Loss::softmax, .beta = 0.5}, one_thread());
  expect_same(model, expected);
  // A model sees raw features, and certifies on raw labels.
  neuspec_certificate proof{};
  ASSERT_OK(neuspec_certify(model, handle, options, &proof));
  EXPECT_EQ(proof.primal, expected.report.primal);
  std::vector<double> f(240), g(240);
  ASSERT_OK(neuspec_predict(model, handle, nullptr, f.data(), NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0));
  expected.network.predict(prepared.x().data(), 80, g.data());
  EXPECT_EQ(f, g);
}

TEST(CFit, TakesLabelsOfTwoClassesAsTheyAreOrEncodesThem) {
  Random random(6);
  const Dataset numbers = random_dataset(random, 60, 3, 1);
  std::vector<double> signs, labels;
  for (const double y : numbers.y()) {
    signs.push_back(y > 0 ? 1 : -1);
    labels.push_back(y > 0 ? 7 : 4);
  }
  const OptionsHandle options = options_with({{"loss", "logistic"}, {"beta", "0.5"}, {"threads", "1"}});
  ModelHandle first, second;
  const Dataset as_signs(60, 3, 1, numbers.x(), signs), as_labels(60, 3, 1, numbers.x(), labels);
  ASSERT_OK(neuspec_fit(data_of(as_signs), options, nullptr, first.made()));
  ASSERT_OK(neuspec_fit(data_of(as_labels), options, nullptr, second.made()));
  expect_same(first, fit(as_signs, {.activation = {}, .loss = Loss::logistic, .beta = 0.5}, one_thread()));
  expect_same_network(network_of(first), network_of(second));
}

struct Points {
  std::vector<double> betas;
  int64_t stop_after = 100;
};

int collect(const neuspec_model* model, int64_t index, void* user) {
  auto& points = *static_cast<Points*>(user);
  EXPECT_EQ(static_cast<std::size_t>(index), points.betas.size());
  points.betas.push_back(number(model, "beta"));
  return index + 1 >= points.stop_after ? 1 : 0;
}

TEST(CFit, PathIsThatOfCppAndEndsWhereItsCallbackSays) {
  Random random(7);
  const Dataset data = random_dataset(random, 70, 4, 1);
  const std::vector<double> betas = {8, 4, 2};
  const OptionsHandle options = options_with({{"threads", "1"}});
  const DataHandle handle = data_of(data);
  const std::vector<Result> expected = fit_path(data, {}, betas, one_thread());
  for (const int64_t stop_after : {3, 2}) {
    Points points{{}, stop_after};
    neuspec_model* models[3];
    int64_t done = -1;
    ASSERT_OK(neuspec_path(handle, options, betas.data(), 3, nullptr, collect, &points, models, &done));
    EXPECT_EQ(done, stop_after);
    EXPECT_EQ(points.betas, std::vector<double>(betas.begin(), betas.begin() + stop_after));
    for (std::size_t i = 0; i < 3; ++i) {
      if (static_cast<int64_t>(i) < done)
        expect_same(models[i], expected[i]);
      else
        EXPECT_EQ(models[i], nullptr);
      EXPECT_OK(neuspec_free(models[i]));
    }
  }
}

TEST(CFit, PathThatFailsLeavesNoModels) {
  Random random(8);
  const Dataset data = random_dataset(random, 20, 2, 1);
  const double betas[] = {2, -1};
  neuspec_model* models[2] = {};
  int64_t done = -1;
  EXPECT_EQ(neuspec_path(data_of(data), options_with({}), betas, 2, nullptr, nullptr, nullptr, models, &done), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(models[0], nullptr);
  EXPECT_EQ(models[1], nullptr);
  EXPECT_EQ(done, 0);
}

}  // namespace
}  // namespace neuspec::test
