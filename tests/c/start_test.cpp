// Solves that begin at a network.
#include "c/handles.hpp"
#include "neuspec/error.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

/// One of every kind of session: moments, kernel matrix, wide data, other units, several outputs, classes, convolution.
struct Start {
  const char* name;
  Index samples, features, outputs;
  Loss loss = Loss::squared;
  double size = 1;
  const char* architecture = "dense";
  const char* solver = "auto";
};

void PrintTo(const Start& start, std::ostream* stream) { *stream << start.name; }

class CStart : public testing::TestWithParam<Start> {};

Dataset data_for(const Start& start) {
  Random random(9);
  const Dataset made = random_dataset(random, start.samples, start.features, start.outputs);
  std::vector<double> x = made.x(), y = made.y();
  for (double& value : x) value *= start.size;
  const auto C = static_cast<std::size_t>(start.outputs);
  for (std::size_t i = 0; start.loss.classification() && i < y.size(); ++i)
    y[i] = !start.loss.coupled() ? (y[i] > 0 ? 1 : -1) : i % C == (i / C) % C ? 1 : 0;
  return {start.samples, start.features, start.outputs, std::move(x), std::move(y)};
}

int64_t iterations(const DataHandle& data, const OptionsHandle& options, const neuspec_model* start, ModelHandle& model) {
  EXPECT_OK(neuspec_fit(data, options, start, model.made()));
  EXPECT_EQ(integer(model, "status"), NEUSPEC_OPTIMAL);
  return integer(model, "iterations");
}

TEST_P(CStart, NearTheOptimumIsAShortWayToIt) {
  const Start& start = GetParam();
  const Dataset data = data_for(start);
  const DataHandle handle = data_of(data);
  for (const bool bias : {false, true}) {
    SCOPED_TRACE(bias ? "with an intercept" : "without an intercept");
    Problem problem;
    problem.loss = start.loss;
    problem.bias = bias;
    problem.architecture = Architecture::parse(start.architecture);
    problem.beta = 0.05 * beta_max(problem, data);
    const OptionsHandle options = options_of(problem);
    ASSERT_OK(neuspec_options_set(options, "solver", start.solver));
    ModelHandle cold, again, near, alone;
    iterations(handle, options, nullptr, cold);
    EXPECT_LE(iterations(handle, options, cold, again), 30) << "at the optimum";
    ASSERT_OK(neuspec_options_set_double(options, "beta", 1.02 * problem.beta));
    iterations(handle, options, cold, near);
    iterations(handle, options, nullptr, alone);
    EXPECT_LE(number(near, "dual"), number(alone, "primal"));
    EXPECT_LE(number(alone, "dual"), number(near, "primal"));
    neuspec_certificate proof{};
    ASSERT_OK(neuspec_certify(near, handle, options, &proof));
    EXPECT_EQ(proof.proven, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(All, CStart,
                         testing::Values(Start{"moments", 200, 5, 2}, Start{"descent", 200, 5, 2, Loss::squared, 1, "dense", "bm"},
                                         Start{"wide", 12, 60, 2}, Start{"units", 150, 4, 1, Loss::squared, 1e6},
                                         Start{"logistic", 80, 4, 1, Loss::logistic}, Start{"softmax", 80, 4, 3, Loss::softmax},
                                         Start{"huber", 80, 4, 2, Loss::huber},
                                         Start{"convolution", 60, 8, 2, Loss::squared, 1, "conv1d:length=8,filter=4,pool=5"}),
                         [](const auto& start) { return std::string(start.param.name); });

TEST(CStartAlone, IsLeftAsideWhereTheLossHasKinks) {
  const Dataset data = data_for({"absolute", 40, 3, 1, Loss::absolute});
  const DataHandle handle = data_of(data);
  const OptionsHandle options = options_with({{"loss", "absolute"}, {"beta-ratio", "0.2"}, {"threads", "1"}, {"tol", "1e-4"}});
  ModelHandle cold, warm;
  EXPECT_EQ(iterations(handle, options, nullptr, cold), iterations(handle, options, cold, warm));
  expect_same_network(network_of(cold), network_of(warm));
}

TEST(CStartAlone, BeginsAPathAndASolveOnMoments) {
  const Dataset data = data_for({"", 200, 4, 1});
  MomentsHandle moments;
  ASSERT_OK(neuspec_moments_create(nullptr, moments.made()));
  ASSERT_OK(neuspec_moments_add(moments, data_of(data)));
  DataHandle sums;
  ASSERT_OK(neuspec_data_from_moments(moments, sums.made()));
  const OptionsHandle options = options_with({{"beta-ratio", "0.05"}, {"threads", "1"}});
  ModelHandle cold, warm;
  iterations(sums, options, nullptr, cold);
  EXPECT_LE(iterations(sums, options, cold, warm), 30);
  const double betas[] = {number(cold, "beta"), 0.5 * number(cold, "beta")};
  neuspec_model* models[2];
  int64_t done = 0;
  ASSERT_OK(neuspec_path(sums, options, betas, 2, cold, nullptr, nullptr, models, &done));
  ASSERT_EQ(done, 2);
  EXPECT_LE(integer(models[0], "iterations"), 30);
  EXPECT_EQ(integer(models[1], "status"), NEUSPEC_OPTIMAL);
  for (neuspec_model* model : models) EXPECT_OK(neuspec_free(model));
}

TEST(CStartAlone, OfAnotherShapeIsRefused) {
  const Dataset small = data_for({"", 50, 3, 1}), large = data_for({"", 50, 4, 1});
  const OptionsHandle options = options_with({{"beta-ratio", "0.1"}});
  ModelHandle model, other;
  ASSERT_OK(neuspec_fit(data_of(small), options, nullptr, model.made()));
  EXPECT_EQ(neuspec_fit(data_of(large), options, model, other.made()), NEUSPEC_ERROR_DATA);
  EXPECT_STREQ(neuspec_message(nullptr), "the network has 3 features, the data have 4");
  EXPECT_EQ(static_cast<neuspec_model*>(other), nullptr);
  ASSERT_OK(neuspec_options_set(options, "activation", "quadratic"));
  EXPECT_EQ(neuspec_fit(data_of(small), options, model, other.made()), NEUSPEC_ERROR_DATA);
  // And in C++.
  Settings settings;
  settings.start = std::make_shared<Network>(fit(small, {}).network);
  EXPECT_THROW(fit(large, {}, settings), DataError);
}

}  // namespace
}  // namespace neuspec::test
