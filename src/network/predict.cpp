#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "device/lapack.hpp"
#include "neuspec/network.hpp"
#include "numeric/window.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

constexpr Index kPreactivations = 1L << 16;  // doubles of uᵀx a batch holds: they stay in the second-level cache

/// Neurons begin … end − 1 of a group all feed `output`. Networks come output by output, so there are few runs.
struct Run {
  Index begin, end, output;
};

/// The neurons that see the same pool.
struct Group {
  Index pool = 0;
  std::vector<double> directions, weights;
  std::vector<Run> runs;
};

std::vector<Group> groups_of(const Network& network, const Patches& patches) {
  std::vector<Group> groups(static_cast<std::size_t>(patches.pools));
  for (Index j = 0; j < network.neurons(); ++j) {
    Group& group = groups[static_cast<std::size_t>(network.pool_of(j))];
    const auto u = network.directions.begin() + j * patches.size;
    const auto size = static_cast<Index>(group.weights.size());
    const Index k = network.output[static_cast<std::size_t>(j)];
    group.pool = network.pool_of(j);
    group.directions.insert(group.directions.end(), u, u + patches.size);
    group.weights.push_back(network.weights[static_cast<std::size_t>(j)]);
    if (group.runs.empty() || group.runs.back().output != k) group.runs.push_back({.begin = size, .end = size, .output = k});
    group.runs.back().end = size + 1;
  }
  std::erase_if(groups, [](const Group& group) { return group.weights.empty(); });
  return groups;
}

/// Adds the part of a group to f(x_i), from the pre-activations h = Uᵀp_i.
void apply_neurons(const Activation& activation, const Group& group, const double* h, double* f) {
  const double a = activation.a, b = activation.b, c = activation.c;
  const double* alpha = group.weights.data();
  for (const Run& run : group.runs) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (Index j = run.begin; j < run.end; ++j) sum += alpha[j] * ((a * h[j] + b) * h[j] + c);
    f[run.output] += sum;
  }
}

}  // namespace

Index Network::direction_size() const { return Patches(architecture, features).size; }

void Network::add(const double* u, double alpha, Index output_index, Index pool_index) {
  directions.insert(directions.end(), u, u + direction_size());
  weights.push_back(alpha);
  output.push_back(output_index);
  if (architecture.kind != Architecture::Kind::dense) pool.push_back(pool_index);
}

void Network::predict(const double* x, Index samples, double* f) const {
  for (Index at = 0; at < samples * outputs; ++at) f[at] = bias.empty() ? 0.0 : bias[static_cast<std::size_t>(at % outputs)];
  const Index d = features;
  if (neurons() == 0 || samples == 0) return;
  const Patches patches(architecture, d);
  const Activation share = shared_among(activation, patches.per_pool);
  const std::vector<Group> groups = groups_of(*this, patches);
  Index widest = 1;  // neurons there are
  for (const Group& group : groups) widest = std::max(widest, static_cast<Index>(group.weights.size()));
  const Index batch = std::min(samples, std::clamp<Index>(kPreactivations / widest, 32, 1024)), batches = (samples + batch - 1) / batch;
  const Index threads = std::min<Index>(batches, neuspec::threads()), room = batch * (widest + (patches.whole() ? 0 : patches.size));
  const auto scratch = std::make_unique_for_overwrite<double[]>(static_cast<std::size_t>(threads * room));
  const auto predict_batch = [&](Index index, double* h) {
    const Index first = index * batch, rows = std::min(batch, samples - first);
    for (const Group& group : groups) {
      const auto m = static_cast<Index>(group.weights.size());
      for (Index q = 0; q < patches.per_pool; ++q) {
        const PatchRows patch = patch_rows(window_of(patches, group.pool, q), patches, x + first * d, rows, h + batch * widest);
        lapack::gemm('T', 'N', m, rows, patches.size, 1.0, group.directions.data(), patches.size, patch.data, patch.stride, 0.0, h, m);
        for (Index i = 0; i < rows; ++i) apply_neurons(share, group, h + i * m, f + (first + i) * outputs);
      }
    }
  };
  const auto predict_share = [&](Index thread) {
    for (Index index = batches * thread / threads; index < batches * (thread + 1) / threads; ++index)
      predict_batch(index, scratch.get() + thread * room);
  };
  // A single batch leaves the threads to the BLAS.
  if (threads == 1) {
    predict_share(0);
  } else {
    run_pieces(threads, static_cast<int>(threads), predict_share);
  }
}

void Network::activate(const double* x, Index samples, double* h) const {
  // The same network with weights 1 and an output for every neuron.
  Network single = *this;
  single.outputs = neurons();
  single.bias.clear();
  std::fill(single.weights.begin(), single.weights.end(), 1.0);
  std::iota(single.output.begin(), single.output.end(), Index(0));
  single.predict(x, samples, h);
}

double Network::penalty() const {
  double sum = 0;
  for (const double alpha : weights) sum += std::abs(alpha);
  return sum;
}

}  // namespace neuspec
