// Little device memory, and data larger than it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "device/device.hpp"
#include "emulation.hpp"
#include "neuspec/error.hpp"
#include "support/host_matrix.hpp"
#include "support/random_problem.hpp"

namespace neuspec {
namespace {

constexpr std::size_t kibibyte = 1024;

class DeviceMemory : public testing::Test {
 protected:
  DeviceMemory() { emulation::reset(); }
  ~DeviceMemory() override { emulation::reset(); }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  static Settings on(DeviceKind device, OperatorKind data_operator = OperatorKind::automatic) {
    Settings settings;
    settings.device = device;
    settings.data_operator = data_operator;
    settings.tolerance = 1e-9;
    return settings;
  }
  static Problem problem() { return {.activation = {0.3, -0.7, 0.2}, .loss = Loss::squared, .beta = 2}; }

  test::Random random_{12};
};

/// Samples made as they are asked for: nobody holds them all.
class Endless final : public Source {
 public:
  Index samples() const override { return 40000; }
  Index features() const override { return 4; }
  Index targets() const override { return 2; }
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override {
    std::vector<double> x, y, w;
    for (Index first = 0; first < samples(); first += chunk_samples) {
      const Index count = std::min(chunk_samples, samples() - first);
      x.clear();
      y.clear();
      w.clear();
      for (Index i = first; i < first + count; ++i) {
        for (Index k = 0; k < features(); ++k) x.push_back(std::sin(static_cast<double>(i * (k + 1)) * 0.7 + static_cast<double>(k)));
        y.push_back(std::abs(x.end()[-1]) + x.end()[-2]);
        y.push_back(std::max(0.0, x.end()[-3] - x.end()[-4]));
        w.push_back(0.01 * static_cast<double>(i % 3));
      }
      visitor({.first = first, .samples = count, .x = x.data(), .y = y.data(), .weights = w.data()});
    }
  }
};

TEST_F(DeviceMemory, HoldsATileOfASourceThatIsLarger) {
  const Endless source;
  const Result expected = fit(source, problem(), on(DeviceKind::cpu, OperatorKind::moments));
  for (const std::size_t memory : {80 * kibibyte, 256 * kibibyte}) {  // of 2 MiB of samples
    emulation::set_memory(memory);
    const Result result = fit(source, problem(), on(DeviceKind::cuda, OperatorKind::moments));
    EXPECT_EQ(result.report.status, Status::optimal);
    EXPECT_NEAR(result.report.primal, expected.report.primal, 1e-9 * std::max(1.0, expected.report.primal));
    EXPECT_LE(emulation::counts().peak, static_cast<long>(memory));
  }
}

TEST_F(DeviceMemory, OfAnySizeGivesTheSameMoments) {
  const test::Host x = test::random_host(random_, 6, 700), y = test::random_host(random_, 2, 700);
  const auto moments = [&](std::size_t memory) {
    const auto device = make_device<double>(DeviceKind::cuda);
    const auto S = device->allocate(28, 28), r = device->allocate(28, 2);
    emulation::set_memory(memory);
    const long before = emulation::counts().allocations;
    const auto accumulator = device->moment_accumulator(6, 2);
    accumulator->add({.first = 0, .samples = 700, .x = x.values.data(), .y = y.values.data(), .weights = nullptr});
    EXPECT_GT(emulation::counts().allocations, before);
    accumulator->finish({0.3, -0.7, 0.2}, S, r);
    test::Host all(28, 30);
    device->download(S, all.values.data());
    device->download(r, all.values.data() + 28 * 28);
    return all;
  };
  const test::Host expected = moments(std::size_t{1} << 30);
  for (const std::size_t memory : {30 * kibibyte, 40 * kibibyte, 100 * kibibyte}) {
    const test::Host actual = moments(memory);
    EXPECT_LE(test::largest(test::combination(1, actual, -1, expected)), 1e-11 * test::largest(expected)) << memory;
  }
}

TEST_F(DeviceMemory, TakesWhatIsLargerThanAPieceOfABuffer) {
  const auto device = make_device<double>(DeviceKind::cuda);
  const test::Host host = test::random_host(random_, 700, 3001);  // 2 M numbers in pieces of 1 M
  const auto matrix = device->allocate(host.rows, host.columns);
  device->upload(host.values.data(), matrix);
  test::Host back(host.rows, host.columns);
  device->download(matrix, back.values.data());
  EXPECT_EQ(back.values, host.values);
}

TEST_F(DeviceMemory, ScalesSamplesAChunkAtATime) {
  const Index d = 30, n = 90000, p = 31 * 32 / 2;  // 2.7 M numbers in chunks of 2 M
  const test::Host x = test::random_host(random_, d, n), v = test::random_host(random_, n, 1), s = test::random_host(random_, n, 1),
                   M = test::random_host(random_, p, 1);
  const auto results = [&](DeviceKind kind) {
    const auto device = make_device<double>(kind);
    const auto on_device = [&](const test::Host& host) {
      auto matrix = device->allocate(host.rows, host.columns);
      device->upload(host.values.data(), matrix);
      return matrix;
    };
    const auto G = device->allocate(p, 1), f = device->allocate(n, 1), X = on_device(x), scale = on_device(s);
    device->lifted_adjoint({0.3, -0.7, 0.2}, X, scale, on_device(v), G);
    device->lifted_forward({0.3, -0.7, 0.2}, X, scale, on_device(M), f);
    test::Host all(p + n, 1);
    device->download(G, all.values.data());
    device->download(f, all.values.data() + p);
    return all;
  };
  const test::Host expected = results(DeviceKind::cpu), actual = results(DeviceKind::cuda);
  EXPECT_LE(test::largest(test::combination(1, actual, -1, expected)), 1e-11 * test::largest(expected));
}

TEST_F(DeviceMemory, SaysHowMuchIsMissing) {
  const auto device = make_device<double>(DeviceKind::cuda);
  emulation::set_memory((std::size_t{3} << 20) + 100 * kibibyte);
  try {
    device->allocate(1 << 20, 2);
    ADD_FAILURE() << "16 MiB do not fit 3";
  } catch (const EnvironmentError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("not enough GPU memory: 16 MiB asked for"), testing::HasSubstr("3 MiB free")));
  }
  EXPECT_EQ(device->dot(device->allocate(3, 1), device->allocate(3, 1)), 0) << "what fits is still given";
}

TEST_F(DeviceMemory, IsAskedForBeforeTheLift) {
  class Unlifted final : public Source {
   public:
    Index samples() const override { return 100000; }
    Index features() const override { return 500; }
    Index targets() const override { return 1; }
    void visit(Index /*chunk_samples*/, const std::function<void(const Chunk&)>& /*visitor*/) const override {}  // what is lifted has samples
  };
  emulation::set_memory(std::size_t{8} << 20);
  try {
    fit(Unlifted(), problem(), on(DeviceKind::cuda));
    ADD_FAILURE() << "does not fit";
  } catch (const EnvironmentError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("not enough memory"), testing::HasSubstr("n = 100000, d = 500"),
                                             testing::HasSubstr("MiB"), testing::HasSubstr("only 5 MiB")));
  }
}

/// From too little to plenty: what `choose` lets begin also comes to its end, and little memory makes it take another form.
TEST_F(DeviceMemory, DecidesBetweenFormsAndNeverRunsOutInTheMiddle) {
  const Dataset data = test::random_dataset(random_, 60, 12, 1);
  const double expected = fit(data, problem(), on(DeviceKind::cpu)).report.primal;
  std::vector<std::string> forms;
  int refused = 0;
  for (double memory = 50; memory < 1000; memory *= 1.2) {
    SCOPED_TRACE(memory);
    emulation::set_memory(static_cast<std::size_t>(memory) * kibibyte);
    try {
      const Report report = fit(data, problem(), on(DeviceKind::cuda)).report;
      EXPECT_EQ(report.status, Status::optimal);
      EXPECT_NEAR(report.primal, expected, 1e-9 * std::max(1.0, expected));
      if (forms.empty() || forms.back() != report.data_operator) forms.push_back(report.data_operator);
    } catch (const EnvironmentError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("not enough memory: ")) << "found out too late, after " << testing::PrintToString(forms);
      EXPECT_TRUE(forms.empty()) << "less memory sufficed";
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(forms.size(), 1U) << testing::PrintToString(forms);
}

}  // namespace
}  // namespace neuspec
