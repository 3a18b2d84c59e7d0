// Solves that are cut off and go on from a checkpoint.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "neuspec/error.hpp"
#include "neuspec/fit.hpp"
#include "neuspec/moments.hpp"
#include "solve/methods.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

Dataset data_for(const Loss& loss, Index samples = 90, Index features = 5, Index outputs = 2, unsigned seed = 4) {
  Random random(seed);
  const Dataset made = random_dataset(random, samples, features, outputs);
  std::vector<double> y = made.y();
  for (std::size_t i = 0; loss.classification() && i < y.size(); ++i) {
    const auto C = static_cast<std::size_t>(outputs);
    y[i] = !loss.coupled() ? (y[i] > 0 ? 1 : -1) : i % C == (i / C) % C ? 1 : 0;
  }
  return {samples, features, outputs, made.x(), std::move(y)};
}

Problem problem_for(const Loss& loss, const Dataset& data, double ratio = 0.02) {
  Problem problem;
  problem.loss = loss;
  problem.beta = ratio * beta_max(problem, data);
  return problem;
}

Settings settings_for(const Method& method) {
  Settings settings;
  settings.solver = method.solver;
  settings.data_operator = method.data_operator;
  settings.threads = 1;
  settings.tolerance = 1e-7;
  return settings;
}

/// The checkpoints of a solve, written at every chance.
template <class Data>
std::vector<std::string> checkpoints_of(const Data& data, const Problem& problem, Settings settings, Result* result = nullptr) {
  std::vector<std::string> all;
  settings.checkpoint_interval = 0;
  settings.checkpoint = [&](const std::string& bytes) { all.push_back(bytes); };
  Result mine = fit(data, problem, settings);
  if (result != nullptr) *result = std::move(mine);
  return all;
}

template <class Data>
Result resumed(const Data& data, const Problem& problem, Settings settings, const std::string& bytes) {
  settings.resume = std::make_shared<const std::string>(bytes);
  return fit(data, problem, settings);
}

/// Proven both, so that each bound is on the right side of the other's objective.
void expect_same_optimum(const Report& one, const Report& other) {
  ASSERT_EQ(one.status, Status::optimal) << one.relative_gap;
  ASSERT_EQ(other.status, Status::optimal) << other.relative_gap;
  EXPECT_LE(one.dual, other.primal);
  EXPECT_LE(other.dual, one.primal);
}

constexpr Loss losses[] = {Loss::squared, Loss::huber, Loss::logistic, Loss::squared_hinge, Loss::softmax, Loss::absolute, Loss::hinge};

class Resume : public testing::TestWithParam<Method> {};

TEST_P(Resume, ComesToTheSameOptimumWithFewerSteps) {
  const Method& method = GetParam();
  Index left = 0, all_of_them = 0;  // a descent begins with a new trust region, which may cost a step or two what it has spared
  for (const Loss& loss : losses) {
    if (!applies(method, loss)) continue;
    SCOPED_TRACE(loss.name());
    const Dataset data = data_for(loss);
    for (const bool bias : {false, true}) {
      Problem problem = problem_for(loss, data);
      problem.bias = bias;
      const Settings settings = settings_for(method);
      Result whole;
      const std::vector<std::string> all = checkpoints_of(data, problem, settings, &whole);
      ASSERT_GE(all.size(), 2U);
      const Result late = resumed(data, problem, settings, all[all.size() * 3 / 4]);
      expect_same_optimum(late.report, whole.report);
      EXPECT_GT(late.report.resumed_iterations, 0);
      left += late.report.iterations - late.report.resumed_iterations;
      all_of_them += whole.report.iterations;
      const Result again = resumed(data, problem, settings, all.back());
      expect_same_optimum(again.report, whole.report);
      EXPECT_LE(again.report.iterations - again.report.resumed_iterations, whole.report.iterations / 2 + 5) << "it was there already";
    }
  }
  EXPECT_LT(left, 0.75 * static_cast<double>(all_of_them));
  RecordProperty("iterations", std::to_string(left) + " instead of " + std::to_string(all_of_them));
}

INSTANTIATE_TEST_SUITE_P(All, Resume, testing::ValuesIn(kMethods), [](const auto& method) { return std::string(method.param.label); });

TEST(Checkpoint, OfWideDataConvolutionsAndMomentsGoesOn) {
  const Dataset wide = data_for(Loss::squared, 12, 40, 2), images = data_for(Loss::logistic, 60, 8, 1);
  const Problem narrow = problem_for(Loss::squared, wide);
  Problem convolution = problem_for(Loss::logistic, images);
  convolution.architecture = Architecture::parse("conv1d:length=8,filter=4,pool=5");
  convolution.beta = 0.02 * beta_max(convolution, images);
  Moments moments;
  const Dataset summed = data_for(Loss::squared);
  moments.add(summed);
  const auto check = [](const auto& data, const Problem& problem) {
    Result whole;
    const std::vector<std::string> all = checkpoints_of(data, problem, settings_for({"", SolverKind::automatic, OperatorKind::automatic}), &whole);
    const Result late = resumed(data, problem, settings_for({"", SolverKind::automatic, OperatorKind::automatic}), all[all.size() - 2]);
    expect_same_optimum(late.report, whole.report);
    EXPECT_LT(late.report.iterations - late.report.resumed_iterations, whole.report.iterations);
  };
  check(wide, narrow);
  check(images, convolution);
  check(moments, problem_for(Loss::squared, summed));
}

TEST(Checkpoint, OfADescentThatHasNoNeuronYetBeginsOneAsAny) {
  const Dataset data = data_for(Loss::logistic, 90, 40, 1);
  const Problem problem = problem_for(Loss::logistic, data, 0.2);
  const Settings settings = settings_for({"", SolverKind::burer_monteiro, OperatorKind::automatic});
  Result whole;
  const std::string bytes = checkpoints_of(data, problem, settings, &whole).front();
  ASSERT_LT(bytes.size(), 8U * 40U) << "shorter than a neuron";
  expect_same_optimum(resumed(data, problem, settings, bytes).report, whole.report);
}

TEST(Checkpoint, MayBeResumedWithAnotherPrecisionOperatorAndTolerance) {
  const Dataset data = data_for(Loss::hinge);
  const Problem problem = problem_for(Loss::hinge, data);
  Settings settings = settings_for({"", SolverKind::admm, OperatorKind::gram});
  settings.max_iterations = 60;
  const std::string bytes = checkpoints_of(data, problem, settings).back();
  Settings other = settings_for({"", SolverKind::automatic, OperatorKind::moments});
  const Result in_double = resumed(data, problem, other, bytes);
  EXPECT_EQ(in_double.report.status, Status::optimal);
  EXPECT_EQ(in_double.report.resumed_iterations, 65) << "those of all tests before the limit";
  other.precision = Precision::single_precision;
  other.tolerance = 1e-3;
  EXPECT_EQ(resumed(data, problem, other, bytes).report.status, Status::optimal);
}

TEST(Checkpoint, IsWrittenAtEveryTestOrAtTheEndAlone) {
  const Dataset data = data_for(Loss::hinge);
  const Problem problem = problem_for(Loss::hinge, data);
  Settings settings = settings_for({"", SolverKind::admm, OperatorKind::moments});
  Result result;
  const std::size_t often = checkpoints_of(data, problem, settings, &result).size();
  EXPECT_GE(often, result.report.history.size() + 1);
  int seldom = 0;
  settings.checkpoint_interval = 1e9;
  settings.checkpoint = [&](const std::string&) { ++seldom; };
  settings.max_iterations = 60;
  fit(data, problem, settings);
  EXPECT_EQ(seldom, 1);
}

TEST(Checkpoint, IsWrittenBeforeAStoppedSolveIsCertified) {
  const Dataset data = data_for(Loss::hinge);
  Settings settings = settings_for({"", SolverKind::admm, OperatorKind::moments});
  std::string order;
  settings.checkpoint_interval = 1e9;
  settings.checkpoint = [&](const std::string&) { order += 'w'; };
  settings.candidate = [&](const Result&) { order += 'c'; };
  settings.stop_requested = [] { return true; };
  EXPECT_EQ(fit(data, problem_for(Loss::hinge, data), settings).report.status, Status::interrupted);
  EXPECT_EQ(order.front(), 'w');
}

TEST(Checkpoint, IsWrittenWithinAStepOfTheWishToStop) {
  const Dataset data = data_for(Loss::hinge);
  Settings settings = settings_for({"", SolverKind::admm, OperatorKind::moments});
  Index asked = 0, written = 0;
  settings.checkpoint_interval = 1e9;
  settings.checkpoint = [&](const std::string&) { ++written; };
  settings.tolerance = 1e-12;
  settings.stop_requested = [&] { return written > 0 || ++asked > 43; };  // a step asks at least once, a test every 20 of them
  const Report report = fit(data, problem_for(Loss::hinge, data), settings).report;
  EXPECT_EQ(report.status, Status::interrupted);
  EXPECT_GT(report.iterations, 5);
  EXPECT_LE(report.iterations, 44);
  EXPECT_NE(report.iterations % 20, 5) << "no test was due";
}

std::string refusal(const Dataset& data, const Problem& problem, const Settings& settings, const std::string& bytes, bool usage) {
  try {
    resumed(data, problem, settings, bytes);
  } catch (const UsageError& error) {
    EXPECT_TRUE(usage) << error.what();
    return error.what();
  } catch (const DataError& error) {
    EXPECT_FALSE(usage) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "not refused";
  return {};
}

TEST(Checkpoint, OfAnotherProblemOrOtherDataIsRefused) {
  const Dataset data = data_for(Loss::squared);
  const Problem problem = problem_for(Loss::squared, data);
  const Settings settings = settings_for({"", SolverKind::admm, OperatorKind::moments});
  const std::string bytes = checkpoints_of(data, problem, settings).front();
  const auto changed = [&](auto change) {
    Problem other = problem;
    change(other);
    return refusal(data, other, settings, bytes, true);
  };
  EXPECT_EQ(changed([](Problem& p) { p.loss = Loss::huber; }), "the checkpoint is of loss squared, not huber: it goes on with what it began with");
  EXPECT_NE(changed([](Problem& p) { p.activation = {1, 0, 0}; }).find("of activation"), std::string::npos);
  EXPECT_NE(changed([](Problem& p) { p.beta *= 1.001; }).find("of beta"), std::string::npos);
  EXPECT_NE(changed([](Problem& p) { p.bias = true; }).find("without intercept"), std::string::npos);
  EXPECT_NE(changed([](Problem& p) { p.architecture = Architecture::parse("conv1d:length=5,filter=2"); }).find("of architecture"), std::string::npos);
  Settings descent = settings;
  descent.solver = SolverKind::burer_monteiro;
  EXPECT_NE(refusal(data, problem, descent, bytes, true).find("of solver admm"), std::string::npos);
  EXPECT_NE(refusal(data_for(Loss::squared, 91), problem, settings, bytes, false).find("of other data: of 90 samples"), std::string::npos);

  // A sample, a target or the order of two columns is other data.
  std::vector<double> x = data.x(), y = data.y();
  x[17] += 1e-3;
  EXPECT_NE(refusal({90, 5, 2, x, y}, problem, settings, bytes, false).find("of other data"), std::string::npos);
  y[3] += 1e-3;
  refusal({90, 5, 2, data.x(), y}, problem, settings, bytes, false);
  x = data.x();
  for (std::size_t i = 0; i < 90; ++i) std::swap(x[5 * i], x[5 * i + 1]);
  refusal({90, 5, 2, x, data.y()}, problem, settings, bytes, false);
  EXPECT_EQ(resumed(data, problem, settings, bytes).report.status, Status::optimal);
}

TEST(Checkpoint, ThatIsDamagedAnywhereIsRefused) {
  const Dataset data = data_for(Loss::logistic, 20, 2, 1);
  const Problem problem = problem_for(Loss::logistic, data);
  for (const SolverKind solver : {SolverKind::admm, SolverKind::burer_monteiro}) {
    const Settings settings = settings_for({"", solver, OperatorKind::automatic});
    const std::string bytes = checkpoints_of(data, problem, settings).back();
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (const int flip : {1, 0x80, 0xFF}) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        refusal(data, problem, settings, damaged, false);
      }
      refusal(data, problem, settings, bytes.substr(0, at), false);
    }
    refusal(data, problem, settings, bytes + ' ', false);
  }
}

TEST(Checkpoint, GoesWithNoStart) {
  const Dataset data = data_for(Loss::squared);
  const Problem problem = problem_for(Loss::squared, data);
  Settings settings = settings_for({"", SolverKind::automatic, OperatorKind::automatic});
  Result result;
  const std::string bytes = checkpoints_of(data, problem, settings, &result).back();
  settings.start = std::make_shared<const Network>(result.network);
  refusal(data, problem, settings, bytes, true);
}

}  // namespace
}  // namespace neuspec::test
