#include "solve/choose.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "neuspec/error.hpp"

namespace neuspec {
namespace {

constexpr double gigabyte = 1024.0 * 1024 * 1024;

Settings with(SolverKind solver, OperatorKind data_operator) {
  Settings settings;
  settings.solver = solver;
  settings.data_operator = data_operator;
  return settings;
}

TEST(Choose, TakesMomentsWhereFeaturesAreFew) {
  const Choice choice = choose({}, {60000, 49, 10}, 8 * gigabyte);
  EXPECT_EQ(choice.solver, SolverKind::admm);
  EXPECT_EQ(choice.data_operator, OperatorKind::moments);
  EXPECT_EQ(choose({}, {100, 3, 1}, gigabyte).data_operator, OperatorKind::moments);
}

// Of 60,000 samples in ten classes ADMM has a gap of 0.02 when descent is done. Each measured both ways: descent took a third to a tenth of the time.
TEST(Choose, DescendsWhereSamplesAreManyAndTheLossIsSmooth) {
  for (const auto& [n, d, C] : {std::tuple<Index, Index, Index>{60000, 49, 10}, {200000, 30, 1}, {20000, 30, 5}}) {
    EXPECT_EQ(choose({}, {n, d, C, 1, 1, Loss::softmax}, 8 * gigabyte).solver, SolverKind::burer_monteiro) << n;
    EXPECT_EQ(choose({}, {n, d, C, 1, 1, Loss::logistic}, 8 * gigabyte).solver, SolverKind::burer_monteiro) << n;
  }
}

TEST(Choose, TakesTheGramWhereSamplesAreFew) {
  for (const auto& [n, d] : {std::pair<Index, Index>{300, 100}, {4000, 200}, {5000, 784}}) {
    const Choice choice = choose({}, {n, d, 1}, 8 * gigabyte);
    EXPECT_EQ(choice.solver, SolverKind::admm) << n;
    EXPECT_EQ(choice.data_operator, OperatorKind::gram) << n;
  }
}

// Correlated features are such a case; of pixels' 5,000 samples of 784 features a quarter fits its own noise.
TEST(Choose, TriesAPartWhereItForetellsTheRest) {
  const Choice tried = choose({}, {4000, 200, 1}, 8 * gigabyte);
  EXPECT_EQ(tried.part, 1000);
  EXPECT_THAT(tried.reason, testing::StartsWith("descent from a part of 1000 samples, then admm with gram: "));
  EXPECT_EQ(choose({}, {5000, 784, 1}, 8 * gigabyte).part, 0);
  EXPECT_EQ(choose(with(SolverKind::admm, OperatorKind::automatic), {4000, 200, 1}, 8 * gigabyte).part, 0) << "what was asked for";
  EXPECT_EQ(choose({}, {4000, 200, 1, 1, 1, Loss::hinge}, 8 * gigabyte).part, 0) << "no descent";
}

TEST(Choose, TakesNoFactorWhereNoneFits) {
  const Choice choice = choose({}, {1000000, 784, 1}, 16 * gigabyte);
  EXPECT_EQ(choice.solver, SolverKind::burer_monteiro);
  EXPECT_EQ(choice.data_operator, OperatorKind::matrix_free);
}

TEST(Choose, MemoryDecidesBetweenForms) {
  const Choice roomy = choose({}, {5000, 784, 1}, 16 * gigabyte), tight = choose({}, {5000, 784, 1}, 0.3 * gigabyte);
  EXPECT_EQ(roomy.data_operator, OperatorKind::gram);
  EXPECT_EQ(tight.data_operator, OperatorKind::matrix_free);
  Settings single;
  single.precision = Precision::single_precision;
  EXPECT_EQ(choose(single, {5000, 784, 1}, 0.5 * gigabyte).data_operator, OperatorKind::gram) << "numbers of half the size";
}

// K and then its inverse in one place: 28.8 GB.
TEST(Choose, FitsTheGramOfSixtyThousandSamplesIntoACardOf80GB) {
  EXPECT_EQ(choose(with(SolverKind::admm, OperatorKind::automatic), {60000, 784, 10}, 40 * gigabyte).data_operator, OperatorKind::gram);
  EXPECT_THROW(choose(with(SolverKind::admm, OperatorKind::gram), {60000, 784, 10, 1, 1, Loss::logistic}, 40 * gigabyte), EnvironmentError);
}

// Of ten million samples ADMM keeps vectors beside the moments, descent a chunk.
TEST(Choose, ReadsSamplesAgainWhereMemoryHoldsThemNot) {
  const Size size{10'000'000, 30, 1, 1, 1, Loss::logistic};
  const auto expect = [&](double memory, SolverKind solver, OperatorKind data_operator) {
    const Choice choice = choose({}, size, memory);
    EXPECT_EQ(choice.solver, solver) << memory;
    EXPECT_EQ(choice.data_operator, data_operator) << memory;
  };
  expect(64 * gigabyte, SolverKind::burer_monteiro, OperatorKind::matrix_free);
  expect(4 * gigabyte, SolverKind::burer_monteiro, OperatorKind::streamed);
  expect(gigabyte, SolverKind::burer_monteiro, OperatorKind::streamed);
  EXPECT_EQ(choose({}, {10'000'000, 784, 1}, gigabyte).data_operator, OperatorKind::streamed);
  EXPECT_THROW(choose({}, {10'000'000, 30, 1, 1, 1, Loss::hinge}, gigabyte), EnvironmentError) << "vectors of samples";
  EXPECT_THROW(choose(with(SolverKind::admm, OperatorKind::streamed), {500, 10, 1}, gigabyte), UsageError) << "squared loss";
}

TEST(Choose, KeepsWhatWasAskedFor) {
  for (const OperatorKind kind : {OperatorKind::moments, OperatorKind::gram}) {
    const Choice choice = choose(with(SolverKind::admm, kind), {500, 10, 2}, gigabyte);
    EXPECT_EQ(choice.solver, SolverKind::admm);
    EXPECT_EQ(choice.data_operator, kind);
  }
  for (const OperatorKind kind : {OperatorKind::moments, OperatorKind::gram, OperatorKind::matrix_free, OperatorKind::streamed}) {
    const Choice choice = choose(with(SolverKind::burer_monteiro, kind), {500, 10, 2}, gigabyte);
    EXPECT_EQ(choice.solver, SolverKind::burer_monteiro);
    EXPECT_EQ(choice.data_operator, kind);
  }
  EXPECT_EQ(choose(with(SolverKind::burer_monteiro, OperatorKind::automatic), {500, 10, 1}, gigabyte).solver, SolverKind::burer_monteiro);
  EXPECT_EQ(choose(with(SolverKind::automatic, OperatorKind::matrix_free), {500, 10, 1}, gigabyte).solver, SolverKind::burer_monteiro);
  EXPECT_EQ(choose(with(SolverKind::automatic, OperatorKind::gram), {60000, 49, 1}, 100 * gigabyte).data_operator, OperatorKind::gram);
}

TEST(Choose, AlwaysNamesSolverAndForm) {
  for (const Index n : {1, 100, 100000}) {
    for (const Index d : {1, 20, 400}) {
      for (const Index C : {1, 10}) {
        const Choice choice = choose({}, {n, d, C}, 1e6 * gigabyte);
        EXPECT_NE(choice.solver, SolverKind::automatic);
        EXPECT_NE(choice.data_operator, OperatorKind::automatic);
        EXPECT_GE(choice.threads, 1);
        EXPECT_THAT(choice.reason, testing::HasSubstr(name(choice.solver)));
        EXPECT_THAT(choice.reason, testing::HasSubstr(name(choice.data_operator)));
        EXPECT_THAT(choice.reason, testing::HasSubstr(std::to_string(n)));
      }
    }
  }
}

TEST(Choose, UsesOneThreadForTheSmallestProblems) {
  EXPECT_EQ(choose({}, {50, 3, 1}, gigabyte).threads, 1);
  EXPECT_GT(choose({}, {5000, 784, 1}, 8 * gigabyte).threads, 8);
}

TEST(Choose, RefusesAdmmWithoutAFactor) {
  try {
    choose(with(SolverKind::admm, OperatorKind::matrix_free), {100, 5, 1}, gigabyte);
    ADD_FAILURE() << "no factor, no ADMM";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("admm"), testing::HasSubstr("matrix-free"), testing::HasSubstr("bm")));
  }
}

TEST(Choose, SaysWhatMemoryWouldBeNeeded) {
  for (const Settings& settings : {Settings{}, with(SolverKind::admm, OperatorKind::moments), with(SolverKind::burer_monteiro, OperatorKind::gram)}) {
    try {
      choose(settings, {100000, 500, 1}, 5 * 1024 * 1024);
      ADD_FAILURE() << "does not fit";
    } catch (const EnvironmentError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("not enough memory"));
      EXPECT_THAT(error.what(), testing::HasSubstr("n = 100000, d = 500"));
      EXPECT_THAT(error.what(), testing::HasSubstr("only 5 MiB"));
    }
  }
}

}  // namespace
}  // namespace neuspec
