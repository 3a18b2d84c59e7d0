// Samples that no memory holds: every product reads them again, and the solve begins at the optimum of a part of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>

#include "neuspec/certificate.hpp"
#include "neuspec/fit.hpp"

namespace neuspec::test {
namespace {

/// A source that counts what is asked of it.
class Counted final : public Source {
 public:
  explicit Counted(const Source& data) : data_(data) {}
  Index samples() const override { return data_.samples(); }
  Index features() const override { return data_.features(); }
  Index targets() const override { return data_.targets(); }
  void visit(Index samples, const std::function<void(const Chunk&)>& visitor) const override {
    ++passes;
    data_.visit(samples, [&](const Chunk& chunk) {
      largest = std::max(largest, chunk.samples);
      visitor(chunk);
    });
  }
  mutable Index passes = 0, largest = 0;

 private:
  const Source& data_;
};

/// Two classes that a network of degree two tells apart but for noise; sorted, so that neighbours are not like the rest.
Dataset sorted_classes(Index n, Index d) {
  std::mt19937 random(11);
  std::normal_distribution<double> normal;
  std::vector<double> x, y;
  for (const double label : {-1.0, 1.0}) {
    while (std::ssize(y) < (label < 0 ? n / 2 : n)) {
      std::vector<double> row;
      for (Index j = 0; j < d; ++j) row.push_back(normal(random));
      const double score = row[0] * row[0] - row[1] * row[2] + 0.5 * row.back() - 0.8 + normal(random);
      if ((score > 0) != (label > 0)) continue;
      x.insert(x.end(), row.begin(), row.end());
      y.push_back(label);
    }
  }
  return {n, d, 1, std::move(x), std::move(y)};
}

Problem logistic(double beta, bool bias) { return {.activation = {0.09, 0.5, 0.47}, .loss = Loss::logistic, .beta = beta, .bias = bias}; }

TEST(Streamed, HoldsAChunkWhereMemoryHoldsNoMore) {
  const Dataset data = sorted_classes(40000, 6);
  Settings settings;
  const Report held = fit(data, logistic(40, false), settings).report;
  EXPECT_NE(held.data_operator, "streamed");
  settings.memory_limit = 16 << 20;  // of the samples alone there are 2 MB, of vectors as long as they are 320 kB each
  for (const bool bias : {false, true}) {
    SCOPED_TRACE(bias);
    const Counted counted(data);
    const auto [network, report] = fit(counted, logistic(40, bias), settings);
    EXPECT_EQ(report.status, Status::optimal);
    EXPECT_EQ(report.data_operator, "streamed");
    EXPECT_EQ(report.solver, "bm");
    if (!bias) {
      EXPECT_NEAR(report.primal, held.primal, 1e-6 * held.primal);
    }
    EXPECT_LE(certify(network, logistic(40, bias), data).relative_gap, 1e-6);
    EXPECT_LE(counted.largest, 8192);
  }
}

TEST(Streamed, DescentBeginsAtTheOptimumOfAPart) {
  const Dataset data = sorted_classes(80000, 4);
  Settings settings;
  settings.solver = SolverKind::burer_monteiro;
  settings.data_operator = OperatorKind::streamed;
  const Counted counted(data);
  const auto [network, report] = fit(counted, logistic(300, false), settings);
  EXPECT_EQ(report.status, Status::optimal);
  EXPECT_LE(certify(network, logistic(300, false), data).relative_gap, 1e-6);
  ASSERT_FALSE(report.history.empty());
  EXPECT_GT(report.history.front().neurons, 0);
  EXPECT_LT(report.history.front().primal, 1.01 * report.primal) << "the first point is a part's optimum, not zero";
  EXPECT_LT(counted.passes, 150);
}

TEST(Streamed, APathKeepsItsPart) {
  const Dataset data = sorted_classes(80000, 3);
  Settings settings;
  settings.solver = SolverKind::burer_monteiro;
  settings.data_operator = OperatorKind::streamed;
  const std::vector<Result> path = fit_path(data, logistic(1, false), {600, 300, 100}, settings, {}, {});
  ASSERT_EQ(path.size(), 3U);
  for (const Result& point : path) EXPECT_EQ(point.report.status, Status::optimal);
  EXPECT_GT(path[0].report.primal, path[2].report.primal);
  for (const Result& point : path) EXPECT_GT(point.report.history.front().neurons, 0) << point.report.beta;
}

TEST(Streamed, AdmmKeepsMomentsAndVectorsOfSamples) {
  const Dataset data = sorted_classes(3000, 4);
  for (const LossKind loss : {LossKind::hinge, LossKind::logistic}) {
    Problem problem = logistic(20, true);
    problem.loss = loss;
    SCOPED_TRACE(problem.loss.name());
    const Report held = fit(data, problem, {}).report;
    Settings settings;
    settings.data_operator = OperatorKind::streamed;
    settings.solver = SolverKind::admm;
    const Counted counted(data);
    const auto [network, report] = fit(counted, problem, settings);
    EXPECT_EQ(report.status, Status::optimal);
    EXPECT_EQ(report.solver, "admm");
    EXPECT_EQ(report.data_operator, "streamed");
    EXPECT_NEAR(report.primal, held.primal, 1e-6 * held.primal);
    EXPECT_GT(counted.passes, 2 * report.iterations) << "a step reads the samples for its prediction and for its adjoint";
  }
}

}  // namespace
}  // namespace neuspec::test
