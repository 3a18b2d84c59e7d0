// The kernels that cost time, each beside what bounds it: rates are printed as GF/s and as a part of this machine's own DGEMM or of LAPACK's own
// eigendecomposition, measured in the same run. Floors and figures: bench/README.md.
#include <benchmark/benchmark.h>

#include <random>

#include "device/device.hpp"
#include "device/lapack.hpp"
#include "lift/moment_plan.hpp"
#include "neuspec/neuspec.hpp"
#include "solve/admm.hpp"

namespace {

using namespace neuspec;

std::vector<double> normal(Index count) {
  std::mt19937_64 generator(1);
  std::normal_distribution<double> distribution;
  std::vector<double> values(static_cast<std::size_t>(count));
  for (double& value : values) value = distribution(generator);
  return values;
}

/// Planted data: five ReLU neurons and noise (SPEC.md section 6).
Dataset planted(Index n, Index d, Index outputs) {
  std::vector<double> x = normal(n * d), u = normal(d * 5), y(static_cast<std::size_t>(n * outputs));
  for (Index i = 0; i < n; ++i) {
    for (Index k = 0; k < outputs; ++k) {
      for (Index j = 0; j < 5; ++j) {
        double h = 0;
        for (Index f = 0; f < d; ++f) h += x[static_cast<std::size_t>(i * d + f)] * u[static_cast<std::size_t>(j * d + f)];
        y[static_cast<std::size_t>(i * outputs + k)] += (j + k) % 2 == 0 ? std::max(h, 0.0) : -std::max(h, 0.0);
      }
    }
  }
  return {n, d, outputs, std::move(x), std::move(y)};
}

double flops_a_second(benchmark::State& state, double flops) {
  state.counters["GF/s"] = benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
  return flops;
}

double dgemm_rate() {  // flops a second, best of five; the yardstick of this machine
  static const double rate = [] {
    constexpr Index n = 1536;
    const std::vector<double> a = normal(n * n), b = normal(n * n);
    std::vector<double> c(static_cast<std::size_t>(n * n));
    double best = 0;
    for (int run = 0; run < 5; ++run) {
      const auto start = Monitor::Clock::now();
      lapack::gemm('N', 'N', n, n, n, 1.0, a.data(), n, b.data(), n, 0.0, c.data(), n);
      best = std::max(best, 2.0 * n * n * n / std::chrono::duration<double>(Monitor::Clock::now() - start).count());
    }
    return best;
  }();
  return rate;
}

/// Runs `body` under the benchmark's clock and reports flops, alone and as a part of DGEMM's rate.
template <class Body>
void measure(benchmark::State& state, double flops, const Body& body) {
  const double peak = dgemm_rate();
  double seconds = 0;
  Index runs = 0;
  for (auto _ : state) {
    const auto start = Monitor::Clock::now();
    body();
    const double elapsed = std::chrono::duration<double>(Monitor::Clock::now() - start).count();
    state.SetIterationTime(elapsed);
    seconds += elapsed;
    ++runs;
  }
  flops_a_second(state, flops);
  state.counters["of_DGEMM"] = flops * static_cast<double>(runs) / seconds / peak;
}

void dgemm(benchmark::State& state) {
  constexpr Index n = 1536;
  const std::vector<double> a = normal(n * n), b = normal(n * n);
  std::vector<double> c(static_cast<std::size_t>(n * n));
  measure(state, 2.0 * n * n * n, [&] { lapack::gemm('N', 'N', n, n, n, 1.0, a.data(), n, b.data(), n, 0.0, c.data(), n); });
}
BENCHMARK(dgemm)->UseManualTime()->Unit(benchmark::kMillisecond);

// Floor: the flops of the sorted fourth moments; `speedup_over_syrk` is against n·p² flops of SYRK on the pairs at DGEMM's rate.
void moments(benchmark::State& state) {
  const Index n = state.range(0), d = state.range(1), C = state.range(2);
  const std::vector<double> x = normal(n * d), y = normal(n * C);
  const auto device = make_device<double>(DeviceKind::cpu);
  const MomentPlan plan(d + 1);
  double flops = 0;
  for (const auto& block : plan.blocks) flops += 2.0 * static_cast<double>(n * block.prefix) * static_cast<double>(block.columns);
  flops += 2.0 * static_cast<double>(n * plan.pairs * C);
  const auto accumulator = device->moment_accumulator(d, C);
  measure(state, flops, [&] { accumulator->add({0, n, x.data(), y.data(), nullptr}); });
  const auto pairs = static_cast<double>(plan.pairs);
  state.counters["speedup_over_syrk"] = state.counters["of_DGEMM"] * static_cast<double>(n) * pairs * pairs / flops;
}
BENCHMARK(moments)->Args({60000, 49, 10})->Args({10000, 30, 1})->Args({1797, 64, 1})->UseManualTime()->Unit(benchmark::kMillisecond);

void weighted_gram(benchmark::State& state) {
  const Index n = state.range(0), d = state.range(1), C = state.range(2), N = d + 1;
  const auto device = make_device<double>(DeviceKind::cpu);
  auto x = device->allocate(d, n), v = device->allocate(n, C), G = device->allocate(packed::size(N), C);
  device->upload(normal(n * d).data(), x);
  device->upload(normal(n * C).data(), v);
  measure(state, static_cast<double>(n * d * d * C), [&] { device->lifted_adjoint({}, x, {}, v, G); });
}
BENCHMARK(weighted_gram)->Args({5000, 784, 1})->Args({4000, 200, 1})->Args({60000, 49, 10})->UseManualTime()->Unit(benchmark::kMillisecond);

void gram_matrix(benchmark::State& state) {
  const Index n = state.range(0), d = state.range(1);
  const auto device = make_device<double>(DeviceKind::cpu);
  auto x = device->allocate(d, n), K = device->allocate(n, n);
  device->upload(normal(n * d).data(), x);
  measure(state, static_cast<double>(n * n * d), [&] { device->kernel_gram({}, x, {}, K); });
}
BENCHMARK(gram_matrix)->Args({4000, 200})->Args({5000, 784})->UseManualTime()->Unit(benchmark::kMillisecond);

// Floor: the eigendecompositions alone, `blocks` of them over all threads, timed by `eigendecomposition` below.
void psd_projection(benchmark::State& state) {
  const Index N = state.range(0), blocks = state.range(1);
  const auto device = make_device<double>(DeviceKind::cpu);
  auto V = device->allocate(packed::size(N), blocks), W = device->allocate(packed::size(N), blocks), factors = device->allocate(N, N * blocks);
  device->upload(normal(packed::size(N) * blocks).data(), V);
  measure(state, 9.0 * static_cast<double>(N * N * N * blocks), [&] { benchmark::DoNotOptimize(device->project_psd(N, V, W, factors)); });
}
void eigendecomposition(benchmark::State& state) {
  const Index N = state.range(0), blocks = state.range(1);
  const std::vector<double> matrices = normal(N * N * blocks);
  std::vector<double> work_matrices(matrices.size());
  measure(state, 9.0 * static_cast<double>(N * N * N * blocks), [&] {
    work_matrices = matrices;
#pragma omp parallel for schedule(dynamic, 1)
    for (Index b = 0; b < blocks; ++b) {
      std::vector<double> values(static_cast<std::size_t>(N)), work;
      std::vector<int> iwork;
      lapack::syevd(true, N, work_matrices.data() + b * N * N, N, values.data(), work, iwork);
    }
  });
}
#define NEUSPEC_BLOCKS ->Args({31, 2})->Args({50, 20})->Args({65, 2})->Args({201, 2})->Args({785, 2})->UseManualTime()->Unit(benchmark::kMillisecond)
BENCHMARK(psd_projection) NEUSPEC_BLOCKS;
BENCHMARK(eigendecomposition) NEUSPEC_BLOCKS;

void certificate(benchmark::State& state) {
  const Index n = state.range(0), d = state.range(1), C = state.range(2), m = 13 * C;
  const Dataset data = planted(n, d, C);
  Network network;
  network.features = d;
  network.outputs = C;
  std::vector<double> u(static_cast<std::size_t>(d));
  for (Index j = 0; j < m; ++j) {
    u.assign(u.size(), 0);
    u[static_cast<std::size_t>(j % d)] = 1;
    network.add(u.data(), 0.1, j % C);
  }
  const Problem problem;
  measure(state, static_cast<double>(2 * n * d * m + n * d * d * C), [&] { benchmark::DoNotOptimize(certify(network, problem, data)); });
}
BENCHMARK(certificate)->Args({60000, 49, 10})->Args({10000, 30, 1})->UseManualTime()->Unit(benchmark::kMillisecond);

// A whole solve to 1e-6, lift and certificate included; `iteration_ms` is its time in the solver over its iterations.
void whole_solve(benchmark::State& state) {
  const Dataset data = planted(state.range(0), state.range(1), state.range(2));
  Problem problem;
  problem.beta = static_cast<double>(state.range(3));
  Report report;
  for (auto _ : state) report = fit(data, problem).report;
  state.counters["iterations"] = static_cast<double>(report.iterations);
  state.counters["iteration_ms"] = 1e3 * report.seconds.solve / static_cast<double>(report.iterations);
  state.counters["gap"] = report.relative_gap;
}
BENCHMARK(whole_solve)->Args({10000, 30, 1, 10})->Args({20000, 49, 10, 100})->Args({2000, 100, 1, 10})->Unit(benchmark::kMillisecond)->Iterations(3);

}  // namespace
