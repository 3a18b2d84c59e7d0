#include "solve/lifted_samples.hpp"

#include <algorithm>

#include "device/lapack.hpp"
#include "numeric/packed.hpp"
#include "numeric/window.hpp"

namespace neuspec {

namespace {

constexpr Index chunk = 1024;

/// Adds the packed [a x xᵀ, (b/2) x; ·, c] of one patch.
void add_lifted(const Activation& activation, Index f, const double* x, double* to) {
  for (Index j = 0; j < f; ++j) {
    *to++ += activation.a * x[j] * x[j];
    const double along = packed::root_two * activation.a * x[j];
    for (Index i = j + 1; i < f; ++i) *to++ += along * x[i];
    *to++ += packed::root_two * activation.b / 2 * x[j];
  }
  *to += activation.c;
}

}  // namespace

LiftedSamples::LiftedSamples(const Problem& problem, const Source& source) : outputs(source.targets()), samples(source.samples()) {
  const Patches patches(problem.architecture, source.features());
  N = patches.size + 1;
  pools = patches.pools;
  const Activation share = shared_among(problem.activation, patches.per_pool);
  std::vector<double> by_sample, gathered(static_cast<std::size_t>(chunk * patches.size));
  source.visit(chunk, [&](const Chunk& part) {
    std::vector<Index> kept;
    for (Index i = 0; i < part.samples; ++i) {
      const double w = part.weights == nullptr ? 1.0 : part.weights[i];
      if (!(w > 0)) continue;
      kept.push_back(i);
      weights.push_back(w);
      position.push_back(part.first + i);
      by_sample.insert(by_sample.end(), part.y + i * outputs, part.y + (i + 1) * outputs);
    }
    A.resize(static_cast<std::size_t>(static_cast<Index>(weights.size()) * rows()));
    for (Index pool = 0; pool < pools; ++pool) {
      for (Index q = 0; q < patches.per_pool; ++q) {
        const PatchRows x = patch_rows(window_of(patches, pool, q), patches, part.x, part.samples, gathered.data());
        for (std::size_t at = 0; at < kept.size(); ++at) {
          double* const to = A.data() + (n + static_cast<Index>(at)) * rows() + pool * p();
          add_lifted(share, patches.size, x.data + kept[at] * x.stride, to);
        }
      }
    }
    n = static_cast<Index>(weights.size());
  });
  y.resize(by_sample.size());
  for (Index i = 0; i < n; ++i) {
    for (Index k = 0; k < outputs; ++k) y[static_cast<std::size_t>(k * n + i)] = by_sample[static_cast<std::size_t>(i * outputs + k)];
  }
}

std::vector<double> LiftedSamples::forward(const std::vector<double>& D) const {
  std::vector<double> f(static_cast<std::size_t>(n));
  lapack::gemv('T', rows(), n, 1.0, A.data(), rows(), D.data(), 0.0, f.data());
  return f;
}

std::vector<double> LiftedSamples::adjoint(const std::vector<double>& v) const {
  std::vector<double> gamma(static_cast<std::size_t>(rows()));
  lapack::gemv('N', rows(), n, 1.0, A.data(), rows(), v.data(), 0.0, gamma.data());
  return gamma;
}

}  // namespace neuspec
