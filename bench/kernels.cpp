// The kernels that cost time, each beside its floor: what its flops take at the rate of this device's own DGEMM or its bytes at that of its own
// copies, whichever is longer, both measured in the same run. `fraction` is floor over time. Floors and figures: bench/README.md.
//
//     bench_kernels [--device=cpu|cuda] [options of Google Benchmark]
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>

#include "device/device.hpp"
#include "lift/data_operator.hpp"
#include "lift/moment_plan.hpp"
#include "neuspec/neuspec.hpp"
#include "shared.hpp"
#include "solve/monitor.hpp"
#include "solve/product_projection.hpp"

namespace {

using namespace neuspec;
using namespace neuspec::bench;

/// Planted data: five ReLU neurons and noise (docs/mathematics.md section 6).
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

DeviceKind kind = DeviceKind::cpu;           // of --device
std::unique_ptr<Device<double>> the_device;  // made by main, so that it ends before the libraries under it do
Device<double>& device() { return *the_device; }

DeviceMatrix<double> normal_matrix(Index rows, Index columns) {
  auto matrix = device().allocate(rows, columns);
  device().upload(normal(rows * columns).data(), matrix);
  return matrix;
}

/// Seconds that `body` takes on the device, what was queued before left out.
template <class Body>
double seconds_of(const Body& body) {
  device().synchronize();
  const auto start = Monitor::Clock::now();
  body();
  device().synchronize();
  return std::chrono::duration<double>(Monitor::Clock::now() - start).count();
}

/// The yardsticks of the device, best of five: flops a second of DGEMM, bytes a second (read and written) of copies beyond any cache.
struct Yardsticks {
  double flops, bytes;
};
const Yardsticks& yardsticks() {
  static const Yardsticks measured = [] {
    const Index n = kind == DeviceKind::cpu ? 1536 : 4096, rows = 1 << 13, columns = 1 << 12;
    Yardsticks best{0, 0};
    {
      const auto a = normal_matrix(n, n), b = normal_matrix(n, n);
      auto c = device().allocate(n, n);
      const auto multiply = [&] { device().gemm(Transpose::no, Transpose::no, 1.0, a, b, 0.0, c); };
      for (int run = 0; run < 5; ++run) best.flops = std::max(best.flops, 2.0 * static_cast<double>(n * n * n) / seconds_of(multiply));
    }
    const auto from = device().allocate(rows, columns);
    auto to = device().allocate(rows, columns);
    for (int run = 0; run < 5; ++run)
      best.bytes = std::max(best.bytes, 16.0 * static_cast<double>(rows * columns) / seconds_of([&] { device().copy(from, to); }));
    return best;
  }();
  return measured;
}

/// Runs `body` under the benchmark's clock and reports its rate, its floor and what part of the time the floor is.
template <class Body>
void measure(benchmark::State& state, double flops, double bytes, const Body& body) {
  const double floor = std::max(flops / yardsticks().flops, bytes / yardsticks().bytes);
  body();  // buffers are made and, on a GPU, kernels are loaded
  double seconds = 0;
  Index runs = 0;
  for (auto _ : state) {
    const double elapsed = seconds_of(body);
    state.SetIterationTime(elapsed);
    seconds += elapsed;
    ++runs;
  }
  state.counters["GF/s"] = benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["floor_ms"] = 1e3 * floor;
  state.counters["fraction"] = floor * static_cast<double>(runs) / seconds;
}

double number(Index value) { return static_cast<double>(value); }

void dgemm(benchmark::State& state) {
  const Index n = kind == DeviceKind::cpu ? 1536 : 4096;
  const auto a = normal_matrix(n, n), b = normal_matrix(n, n);
  auto c = device().allocate(n, n);
  measure(state, 2.0 * number(n * n * n), 0, [&] { device().gemm(Transpose::no, Transpose::no, 1.0, a, b, 0.0, c); });
}
BENCHMARK(dgemm)->UseManualTime()->Unit(benchmark::kMillisecond);

void copy(benchmark::State& state) {
  const Index rows = 1 << 13, columns = 1 << 12;
  const auto from = device().allocate(rows, columns);
  auto to = device().allocate(rows, columns);
  measure(state, 0, 16.0 * number(rows * columns), [&] { device().copy(from, to); });
  state.counters["GB/s"] = 1e-9 * yardsticks().bytes;
}
BENCHMARK(copy)->UseManualTime()->Unit(benchmark::kMillisecond);

// From the host's memory to the device's: on a GPU what bounds streaming.
void upload(benchmark::State& state) {
  const std::vector<double> host = normal(60000 * 49);
  auto x = device().allocate(49, 60000);
  measure(state, 0, 8.0 * number(x.rows() * x.columns()), [&] { device().upload(host.data(), x); });
}
BENCHMARK(upload)->UseManualTime()->Unit(benchmark::kMillisecond);

// Floor: the flops of the sorted fourth moments; `speedup_over_syrk` is against n·p² flops of SYRK on the pairs at DGEMM's rate.
void moments(benchmark::State& state) {
  const Index n = state.range(0), d = state.range(1), C = state.range(2);
  const std::vector<double> x = normal(n * d), y = normal(n * C);
  const MomentPlan plan(d + 1);
  double flops = 2.0 * number(n * plan.pairs * C);
  for (const auto& block : plan.blocks) flops += 2.0 * number(n * block.prefix) * number(block.columns);
  const auto accumulator = device().moment_accumulator(d, C);
  measure(state, flops, 8.0 * number(n * (d + C)), [&] { accumulator->add({0, n, x.data(), y.data(), nullptr}); });
  const double pairs = number(plan.pairs), syrk_seconds = number(n) * pairs * pairs / yardsticks().flops;
  state.counters["speedup_over_syrk"] = syrk_seconds * state.counters["fraction"].value / (1e-3 * state.counters["floor_ms"].value);
}
BENCHMARK(moments)->Args({60000, 49, 10})->Args({10000, 30, 1})->Args({1797, 64, 1})->UseManualTime()->Unit(benchmark::kMillisecond);

void weighted_gram(benchmark::State& state) {
  const Index n = state.range(0), d = state.range(1), C = state.range(2), N = d + 1;
  const auto x = normal_matrix(d, n), v = normal_matrix(n, C);
  auto G = device().allocate(packed::size(N), C);
  measure(state, number(n * d * d * C), 8.0 * number(n * (d + C)), [&] { device().lifted_adjoint({}, x, {}, v, G); });
}
BENCHMARK(weighted_gram)->Args({5000, 784, 1})->Args({4000, 200, 1})->Args({60000, 49, 10})->UseManualTime()->Unit(benchmark::kMillisecond);

void gram_matrix(benchmark::State& state) {
  const Index n = state.range(0), d = state.range(1);
  const auto x = normal_matrix(d, n);
  auto K = device().allocate(n, n);
  measure(state, number(n * n * d), 8.0 * number(n * n), [&] { device().kernel_gram({}, x, {}, K); });
}
BENCHMARK(gram_matrix)->Args({4000, 200})->Args({5000, 784})->UseManualTime()->Unit(benchmark::kMillisecond);

// Of Burer–Monteiro along a direction of m neurons. Floor: 2 n d m flops there and as many back, or the samples read once.
void hessian_product(benchmark::State& state) {
  const Index n = state.range(0), d = state.range(1), C = state.range(2), m = state.range(3);
  const Problem problem{.activation = {}, .loss = Loss::logistic};
  const Dataset data(n, d, C, normal(n * d), std::vector<double>(static_cast<std::size_t>(n * C), 1));
  const auto form = make_operator<double>(OperatorKind::matrix_free, device(), problem, data);
  FactorColumns columns;
  for (Index j = 0; j < m; ++j) {
    columns.sign.push_back(j % 2 == 0 ? 1 : -1);
    columns.output.push_back(j * C / m);
  }
  auto Z = normal_matrix(d + 1, m);
  const auto Z_dot = normal_matrix(d + 1, m), G = device().allocate(d + 1, m);
  device().axpby(0.0, Z, 1 / std::sqrt(number(d * m)), Z);  // predictions of size 1: losses far from flat
  form->evaluate(columns, Z, G);
  measure(state, 4 * number(n * d * m), 8.0 * number(n * d), [&] { form->differentiate(columns, Z, Z_dot, G); });
}
BENCHMARK(hessian_product)->Args({1000000, 30, 1, 8})->Args({60000, 49, 10, 80})->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(hessian_product)->Args({4000, 200, 1, 36})->Args({60000, 784, 1, 40})->UseManualTime()->Unit(benchmark::kMillisecond);

// A positive definite matrix as the moments and the Gram matrix are, for the factor and the linear step of p × p by C.
DeviceMatrix<double> positive_matrix(Index p) {
  const auto X = normal_matrix(p, p);
  auto S = device().allocate(p, p);
  device().gemm(Transpose::no, Transpose::yes, 1 / number(p), X, X, 0.0, S);
  return S;
}
void invert_shifted(benchmark::State& state) {
  const Index p = state.range(0);
  const auto S = positive_matrix(p);
  auto M = device().allocate(p, p);
  measure(state, number(p * p * p), 24.0 * number(p * p), [&] { benchmark::DoNotOptimize(device().invert_shifted(S, 0.1, M)); });
}
BENCHMARK(invert_shifted)->Arg(496)->Arg(1275)->Arg(2145)->UseManualTime()->Unit(benchmark::kMillisecond);

void linear_step(benchmark::State& state) {
  const Index p = state.range(0), C = state.range(1);
  const auto S = positive_matrix(p), B = normal_matrix(p, C);
  auto D = device().allocate(p, C);
  measure(state, 2.0 * number(p * p * C), 8.0 * number(p * (p + 2 * C)), [&] { device().symm(1.0, S, B, 0.0, D); });
}
BENCHMARK(linear_step)->Args({496, 1})->Args({1275, 10})->Args({5000, 1})->UseManualTime()->Unit(benchmark::kMillisecond);

// The floor counts the usual flops of a full eigendecomposition, which no device does at DGEMM's rate: compare with `eigendecomposition`.
void psd_projection(benchmark::State& state) {
  const Index N = state.range(0), blocks = state.range(1);
  const auto V = normal_matrix(packed::size(N), blocks);
  auto W = device().allocate(packed::size(N), blocks), factors = device().allocate(N, N * blocks);
  measure(state, 9.0 * number(N * N * N * blocks), 16.0 * number(packed::size(N) * blocks),
          [&] { benchmark::DoNotOptimize(device().project_psd(N, V, W, factors)); });
}
// The same by products alone, with the steps and the bound of an accuracy of 1e-9; `bound` is what was proven, over the norm.
void projection_by_products(benchmark::State& state) {
  const Index N = state.range(0), blocks = state.range(1);
  const auto V = normal_matrix(packed::size(N), 1);
  auto W = device().allocate(packed::size(N), 1);
  ProductProjection<double> products(device());
  Proven proven{};
  measure(state, 62.0 * number(N * N * N * blocks), 0, [&] {
    for (Index b = 0; b < blocks; ++b) proven = products.project(N, V, 1e-9, W);
  });
  state.counters["bound"] = proven.error / proven.norm;
}
// LAPACK's own on the host, whatever the device.
void eigendecomposition(benchmark::State& state) {
  const Index N = state.range(0), blocks = state.range(1);
  const std::vector<double> matrices = normal(N * N * blocks);
  std::vector<double> work_matrices(matrices.size());
  measure(state, 9.0 * number(N * N * N * blocks), 0, [&] {
    work_matrices = matrices;
    eigendecompositions(N, work_matrices);
  });
}
#define NEUSPEC_BLOCKS                              \
  ->ArgsProduct({{10, 26, 65}, {1, 20, 200, 2000}}) \
      ->Args({31, 2})                               \
      ->Args({50, 20})                              \
      ->Args({201, 2})                              \
      ->Args({785, 2})                              \
      ->UseManualTime()                             \
      ->Unit(benchmark::kMillisecond)
BENCHMARK(psd_projection) NEUSPEC_BLOCKS->Args({1001, 1})->Args({1500, 1});
BENCHMARK(projection_by_products)->Args({785, 2})->Args({1001, 1})->Args({1500, 1})->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(eigendecomposition) NEUSPEC_BLOCKS;

// Certificates are proven on the host alone.
void certificate(benchmark::State& state) {
  if (kind != DeviceKind::cpu) return state.SkipWithError("proven on the host");
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
  measure(state, number(2 * n * d * m + n * d * d * C), 8.0 * number(n * (d + C)),
          [&] { benchmark::DoNotOptimize(certify(network, problem, data)); });
}
BENCHMARK(certificate)->Args({60000, 49, 10})->Args({10000, 30, 1})->UseManualTime()->Unit(benchmark::kMillisecond);

// A whole solve to 1e-6, lift and certificate included; `iteration_ms` is its time in the solver over its iterations.
void whole_solve(benchmark::State& state) {
  const Dataset data = planted(state.range(0), state.range(1), state.range(2));
  Problem problem;
  problem.beta = static_cast<double>(state.range(3));
  Settings settings;
  settings.device = kind;
  Report report;
  for (auto _ : state) report = fit(data, problem, settings).report;
  state.counters["iterations"] = static_cast<double>(report.iterations);
  state.counters["iteration_ms"] = 1e3 * report.seconds.solve / static_cast<double>(report.iterations);
  state.counters["gap"] = report.relative_gap;
}
BENCHMARK(whole_solve)->Args({10000, 30, 1, 10})->Args({20000, 49, 10, 100})->Args({2000, 100, 1, 10})->Unit(benchmark::kMillisecond)->Iterations(3);

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> others;
  for (int i = 0; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--device=cuda")
      kind = DeviceKind::cuda;
    else if (argument != "--device=cpu")
      others.push_back(argv[i]);
  }
  int count = static_cast<int>(others.size());
  benchmark::Initialize(&count, others.data());
  if (benchmark::ReportUnrecognizedArguments(count, others.data())) return 2;
  try {
    the_device = make_device<double>(kind);
    benchmark::AddCustomContext("device", the_device->name());
    benchmark::RunSpecifiedBenchmarks();
    the_device.reset();
  } catch (const EnvironmentError& error) {
    std::fprintf(stderr, "bench_kernels: %s\n", error.what());
    return 5;
  }
  return 0;
}
