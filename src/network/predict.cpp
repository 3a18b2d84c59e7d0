#include <omp.h>

#include <algorithm>
#include <cmath>

#include "device/lapack.hpp"
#include "neuspec/network.hpp"

namespace neuspec {
namespace {

constexpr Index kPreactivations = 1L << 16;  // doubles of uᵀx a batch holds: they stay in the second-level cache

/// Neurons begin … end − 1 all feed `output`. Networks come output by output, so there are few runs.
struct Run {
  Index begin, end, output;
};

std::vector<Run> runs_of(const std::vector<Index>& output) {
  std::vector<Run> runs;
  for (Index j = 0; j < static_cast<Index>(output.size()); ++j) {
    const Index k = output[static_cast<std::size_t>(j)];
    if (runs.empty() || runs.back().output != k) runs.push_back({.begin = j, .end = j, .output = k});
    runs.back().end = j + 1;
  }
  return runs;
}

// f(x_i) from the pre-activations h = Uᵀx_i (m values).
void apply_neurons(const Network& network, const std::vector<Run>& runs, const double* h, double* f) {
  const double a = network.activation.a, b = network.activation.b, c = network.activation.c;
  const double* alpha = network.weights.data();
  for (const Run& run : runs) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (Index j = run.begin; j < run.end; ++j) sum += alpha[j] * ((a * h[j] + b) * h[j] + c);
    f[run.output] += sum;
  }
}

}  // namespace

void Network::add(const double* u, double alpha, Index output_index) {
  directions.insert(directions.end(), u, u + features);
  weights.push_back(alpha);
  output.push_back(output_index);
}

void Network::predict(const double* x, Index samples, double* f) const {
  std::fill(f, f + samples * outputs, 0.0);
  const Index m = neurons(), d = features;
  if (m == 0 || samples == 0) return;
  const std::vector<Run> runs = runs_of(output);
  const Index batch = std::clamp<Index>(kPreactivations / m, 32, 1024), batches = (samples + batch - 1) / batch;
  const Index threads = std::min<Index>(batches, omp_get_max_threads());
  std::vector<double> preactivations(static_cast<std::size_t>(threads * batch * m));
  const auto predict_batch = [&](Index index, double* h) {
    const Index first = index * batch, rows = std::min(batch, samples - first);
    lapack::gemm('T', 'N', m, rows, d, 1.0, directions.data(), d, x + first * d, d, 0.0, h, m);
    for (Index i = 0; i < rows; ++i) apply_neurons(*this, runs, h + i * m, f + (first + i) * outputs);
  };
  // Outside a parallel region a single batch leaves the threads to the BLAS.
  if (threads == 1) {
    for (Index index = 0; index < batches; ++index) predict_batch(index, preactivations.data());
    return;
  }
#pragma omp parallel for num_threads(static_cast <int>(threads)) schedule(static)
  for (Index index = 0; index < batches; ++index) predict_batch(index, preactivations.data() + omp_get_thread_num() * batch * m);
}

double Network::penalty() const {
  double sum = 0;
  for (const double alpha : weights) sum += std::abs(alpha);
  return sum;
}

}  // namespace neuspec
