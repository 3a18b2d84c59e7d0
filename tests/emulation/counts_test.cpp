// What a solve makes the host wait for, and how much it sends over the bus.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "device/device.hpp"
#include "emulation.hpp"
#include "lift/data_operator.hpp"
#include "lift/moment_plan.hpp"
#include "neuspec/fit.hpp"
#include "solve/admm.hpp"
#include "solve/kronecker.hpp"
#include "solve/newton.hpp"
#include "solve/preconditioner.hpp"
#include "support/random_problem.hpp"
#include "support/stored_samples.hpp"

namespace neuspec {
namespace {

/// From one test of convergence to the next.
struct Interval {
  long steps, queued, waits, travelled;
};

class BetweenTests : public testing::TestWithParam<OperatorKind> {
 protected:
  BetweenTests() { emulation::reset(); }
  ~BetweenTests() override { emulation::reset(); }
  BetweenTests(const BetweenTests&) = delete;
  BetweenTests& operator=(const BetweenTests&) = delete;

  static constexpr Index n = 150, d = 80;  // blocks of 81: some are projected from the step before

  /// Of a solve for C outputs, all of them the same.
  std::vector<Interval> intervals(OperatorKind data_operator, Index C, Index iterations) {
    test::Random random(5);
    Settings settings;
    settings.max_iterations = iterations;
    std::vector<Interval> result;
    emulation::Counts before;
    Index steps = 0;
    const Observer observer = [&](const Progress& progress) {
      const emulation::Counts now = emulation::counts();
      const auto launches = [](const emulation::Counts& counts) { return counts.queued - counts.solver; };
      result.push_back({progress.iterations - steps, launches(now) - launches(before), now.waits - before.waits, now.travelled - before.travelled});
      before = now;
      steps = progress.iterations;
      return true;
    };
    const Dataset one = test::random_dataset(random, n, d, 1);
    std::vector<double> y;
    for (const double target : one.y()) y.insert(y.end(), static_cast<std::size_t>(C), target);
    const Problem problem{.activation = {}, .loss = Loss::squared, .beta = 20, .bias = data_operator == OperatorKind::gram};
    const auto device = make_device<double>(DeviceKind::cuda);
    const auto form = make_operator<double>(data_operator, *device, problem, Dataset(n, d, C, one.x(), y));
    Monitor monitor(settings, observer, form->problems(), Monitor::Clock::now());
    Admm<double>(*form, problem.beta).run(monitor, 1e-15);                                                 // never reached
    result.erase(result.begin(), result.begin() + std::min<Index>(3, static_cast<Index>(result.size())));  // what is timed and allocated at first
    return result;
  }
};

TEST_P(BetweenTests, NothingIsWaitedFor) {
  const Index C = 2;
  const std::vector<Interval> all = intervals(GetParam(), C, 200);
  ASSERT_GE(all.size(), 3U);
  for (const Interval& interval : all) {
    EXPECT_EQ(interval.steps, 20);
    EXPECT_LE(interval.waits, 6) << "all of them the test's";
    EXPECT_LE(interval.queued, GetParam() == OperatorKind::gram ? 1540 : 1300) << "four a step of them for the intercept";
    EXPECT_LE(interval.travelled, 24 * C * 8 + 600) << "a few numbers a block, no matrix";
  }
}

TEST_P(BetweenTests, OutputsCostNoLaunches) {
  const std::vector<Interval> one = intervals(GetParam(), 1, 160);
  for (const Index C : {2, 3}) {
    const std::vector<Interval> more = intervals(GetParam(), C, 160);
    ASSERT_EQ(more.size(), one.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
      EXPECT_LE(more[i].queued, one[i].queued + C - 1) << "at the test each output keeps its own best point, interval " << i;
      EXPECT_EQ(more[i].waits, one[i].waits) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Admm, BetweenTests, testing::Values(OperatorKind::moments, OperatorKind::gram),
                         [](const auto& instance) { return name(instance.param); });

// A model of 400 curvatures: from one product to the next the host waits for what is known of the one before it, a few numbers, and for nothing of
// this.
TEST(Products, AreNotWaitedFor) {
  emulation::reset();
  constexpr Index n = 400;
  const auto device = make_device<double>(DeviceKind::cuda);
  std::vector<double> curvatures(n * n), ones(n, 1.0);
  for (Index i = 0; i < n; ++i) curvatures[static_cast<std::size_t>(i * n + i)] = 1 + static_cast<double>(i);
  const auto H = device->allocate(n, n), b = device->allocate(n, 1), x = device->allocate(n, 1);
  device->upload(curvatures.data(), H);
  device->upload(ones.data(), b);
  std::vector<emulation::Counts> seen;
  Index longest = 0;
  const auto check = [&] {
    if (seen.empty()) return;
    EXPECT_LE(seen.back().waits - seen.front().waits, static_cast<long>(seen.size()));
    for (std::size_t i = 1; i < seen.size(); ++i) {
      EXPECT_LE(seen[i].queued - seen[i - 1].queued, 9) << i;
      EXPECT_LE(seen[i].travelled - seen[i - 1].travelled, cg::count * static_cast<long>(sizeof(double))) << i;
    }
  };
  Newton<double>::Function function;
  function.value = [&](ConstView<double> at, View<double> gradient) {
    check();
    longest = std::max(longest, static_cast<Index>(seen.size()));
    seen.clear();  // what follows is another step's
    device->symm(1, H, at, 0, gradient);
    const double quadratic = device->dot(at, gradient) / 2 - device->dot(at, b);
    device->axpby(-1, b, 1, gradient);
    return quadratic;
  };
  function.curvature = [&](ConstView<double> direction, View<double> product) {
    seen.push_back(emulation::counts());
    device->symm(1, H, direction, 0, product);
  };
  const auto stop = [](Index /*products*/, double norm) { return norm < 1e-8; };
  Newton<double>(*device, n).minimise(x, function, stop);
  EXPECT_GT(longest, 20);
  std::vector<double> minimum(n);
  device->download(x, minimum.data());
  for (Index i = 0; i < n; ++i) EXPECT_NEAR(minimum[static_cast<std::size_t>(i)], 1 / (1 + static_cast<double>(i)), 1e-8);
}

TEST(Preconditioners, ThroughSamplesWaitForNothing) {
  emulation::reset();
  constexpr Index n = 6, d = 7;
  test::Random random(3);
  const Dataset data = test::random_dataset(random, n, d, 1);
  const auto device = make_device<double>(DeviceKind::cuda);
  const auto form = make_operator<double>(OperatorKind::matrix_free, *device, {.activation = {1, 0.5, 0.1}, .loss = Loss::logistic, .beta = 1},
                                          Dataset(n, d, 1, data.x(), {1, -1, 1, 1, -1, -1}));
  const FactorColumns columns{{1, 1, -1}, {0, 0, 0}, {}, {0, 0, 2}};
  const auto m = static_cast<Index>(columns.sign.size());
  const auto W = device->allocate(d, m), Z = device->allocate(d + 1, m), G = device->allocate(d + 1, m), result = device->allocate(d * m, 1);
  device->upload(random.normals(d * m).data(), W);
  device->lift_neurons(columns, W, Z);
  form->evaluate(columns, Z, G);
  Preconditioner<double> preconditioner(*form, columns, 1);
  ASSERT_TRUE(preconditioner.through_samples());
  ASSERT_TRUE(preconditioner.learn(Z));
  preconditioner.apply(W.view().reshaped(d * m, 1), result);
  const emulation::Counts before = emulation::counts();
  preconditioner.apply(W.view().reshaped(d * m, 1), result);
  const emulation::Counts after = emulation::counts();
  EXPECT_EQ(after.waits, before.waits);
  EXPECT_LE(after.queued - before.queued, 40);
  EXPECT_LE(after.travelled - before.travelled, 1000) << "tables of columns, no matrix";
}

TEST(Preconditioners, OfAKroneckerProductWaitForNothing) {
  emulation::reset();
  constexpr Index n = 40, d = 7, m = 3;
  test::Random random(3);
  const auto device = make_device<double>(DeviceKind::cuda);
  const auto form = make_operator<double>(OperatorKind::matrix_free, *device, {.activation = {1, 0.5, 0.1}, .loss = Loss::squared, .beta = 1},
                                          test::random_dataset(random, n, d, 1));
  const FactorColumns columns{{1, 1, -1}, {0, 0, 0}, {}, {0, 0, 2}};
  const auto W = device->allocate(d, m), Z = device->allocate(d + 1, m), gradient = device->allocate(d * m, 1);
  device->upload(random.normals(d * m).data(), W);
  device->upload(random.normals(d * m).data(), gradient);
  device->lift_neurons(columns, W, Z);
  Kronecker<double> kronecker(*form, 1);
  ASSERT_TRUE(kronecker.is_worth_while(m));
  const emulation::Counts start = emulation::counts();
  EXPECT_EQ(kronecker.learn(columns, Z, gradient, [](ConstView<double>, View<double>) { FAIL() << "squared loss needs no product"; }), 0);
  const emulation::Counts learnt = emulation::counts();
  EXPECT_LE(learnt.waits - start.waits, 3) << "for S, m × m, there and back, and what to divide by";
  EXPECT_LE(learnt.travelled - start.travelled, (2 * m * m + d * m) * 8 + 300);
  kronecker.apply(gradient, gradient);
  const emulation::Counts applied = emulation::counts();
  EXPECT_EQ(applied.waits, learnt.waits);
  EXPECT_LE(applied.queued - learnt.queued, 5);
  EXPECT_LE(applied.travelled, learnt.travelled);
}

TEST(StoredNumbers, AreTakenInManyPieces) {
  emulation::reset();
  test::Random random(4);
  const Index n = 400000, d = 3;
  const test::StoredSamples<double> stored(random, n, d, 1, true, 0.5);
  const auto device = make_device<double>(DeviceKind::cuda);
  const auto x = device->allocate(d, n);
  device->upload(stored.stored_form(), 0, x);
  std::vector<double> there(static_cast<std::size_t>(d * n));
  device->download(x, there.data());
  EXPECT_TRUE(there == stored.made().x());
}

TEST(StoredNumbers, MakeTheSumsOfManyTiles) {
  emulation::reset();
  test::Random random(5);
  const Index n = 3000, d = 5;
  const test::StoredSamples<float> stored(random, n, d, 2, true, 1);
  const MomentPlan plan(d + 1);
  const auto sums = [&](const StoredForm& form) {
    const auto device = make_device<double>(DeviceKind::cuda);
    emulation::set_memory(static_cast<std::size_t>(emulation::counts().bytes) + (std::size_t{1} << 18));
    const auto accumulator = device->moment_accumulator(d, 2);
    stored.visit(n, [&](const Chunk& chunk) { accumulator->add(chunk, form); });
    std::vector<double> moments(static_cast<std::size_t>(plan.buffer_size)), targets(static_cast<std::size_t>(2 * plan.pairs));
    accumulator->drain(moments, targets);
    return std::pair(moments, targets);
  };
  const auto of_stored = sums(stored.stored_form());
  emulation::reset();
  EXPECT_EQ(of_stored, sums({}));
  emulation::reset();
}

TEST(LargeTransfers, KeepTheirOrderBesideTheWorkThatTakesThem) {
  for (const emulation::Others others : {emulation::Others::early, emulation::Others::late}) {
    emulation::reset();
    emulation::run_others(others);
    test::Random random(6);
    const Index rows = 100, columns = 1000;
    const auto device = make_device<double>(DeviceKind::cuda);
    std::vector<std::vector<double>> sent;
    std::vector<DeviceMatrix<double>> there;
    for (int k = 0; k < 9; ++k) {
      sent.push_back(random.normals(rows * columns));
      there.push_back(device->allocate(rows, columns));
      device->upload(sent.back().data(), there.back());
    }
    for (std::size_t k = 0; k < sent.size(); ++k) {
      std::vector<double> back(sent[k].size());
      device->download(there[k], back.data());
      EXPECT_TRUE(back == sent[k]) << k;
    }
  }
  emulation::reset();
}

TEST(StoredNumbers, TravelAsTheyAre) {
  emulation::reset();
  const Index n = 3000, d = 20, C = 2;
  test::Random random(3);
  const auto device = make_device<double>(DeviceKind::cuda);
  test::on_stored_samples(random, n, d, C, [&](const auto& stored) {
    const StoredForm form = stored.stored_form();
    const Index bytes = d * size_of(form.stored->type()), head = 16 * d + 8;
    const auto travelled = [&](const auto& body) {
      const long before = emulation::counts().travelled;
      body();
      return emulation::counts().travelled - before;
    };
    const auto x = device->allocate(d, n);
    EXPECT_LE(travelled([&] { device->upload(form, 0, x); }), n * bytes + head);
    const auto accumulator = device->moment_accumulator(d, C);
    const long of_moments = travelled([&] { stored.visit_targets(n, [&](const Chunk& chunk) { accumulator->add(chunk, form); }); });
    EXPECT_LE(of_moments, n * (bytes + 8 * (C + 1)) + 4 * head) << "with targets and room for weights, in few tiles";
    device->synchronize();
  });
}

}  // namespace
}  // namespace neuspec
