#include "certify/gradient_sums.hpp"

#include <algorithm>

#include "numeric/window.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace {

constexpr Index kShare = 512;         // samples that are worth a thread's while
constexpr Index kPrivate = 1L << 25;  // doubles that the sums of all threads may take together

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

}  // namespace

GradientSums::GradientSums(const Activation& activation, const Patches& patches, Index outputs)
    : patches_(patches), empty_(size(patches.pools), {shared_among(activation, patches.per_pool), patches.size, outputs}) {
  const Index available = threads(), own = patches.pools * patches.size * patches.size * outputs;
  of_threads_.resize(size(own <= kPrivate / available ? available : 1));
  of_threads_.front() = empty_;
}

// A block of samples goes through all patches before the next: it stays in the cache.
void GradientSums::add_rows(const double* x, const double* v, Index samples, Pools& pools) const {
  const Index d = patches_.features, C = empty_.front().outputs, rows = LiftedGradient::block_rows;
  static thread_local std::vector<double> gathered;
  gathered.resize(size(patches_.whole() ? 0 : rows * patches_.size));
  for (Index first = 0; first < samples; first += rows) {
    const Index count = std::min(rows, samples - first);
    for (Index pool = 0; pool < patches_.pools; ++pool) {
      for (Index q = 0; q < patches_.per_pool; ++q) {
        const PatchRows patch = patch_rows(window_of(patches_, pool, q), patches_, x + first * d, count, gathered.data());
        pools[size(pool)].accumulate(patch.data, patch.stride, v + first * C, count);
      }
    }
  }
}

void GradientSums::add(const double* x, const double* v, Index samples) {
  const Index d = patches_.features, C = empty_.front().outputs;
  const Index shares = std::clamp<Index>(samples / kShare, 1, static_cast<Index>(of_threads_.size()));
  const auto add_share = [&](Index share) {
    Pools& pools = of_threads_[size(share)];
    if (pools.empty()) pools = empty_;
    const Index first = samples * share / shares, last = samples * (share + 1) / shares;
    add_rows(x + first * d, v + first * C, last - first, pools);
  };
  if (shares == 1) {
    add_share(0);
  } else {
    run_pieces(shares, static_cast<int>(shares), add_share);
  }
}

std::vector<LiftedGradient> GradientSums::total() const {
  Pools result = of_threads_.front();
  for (std::size_t thread = 1; thread < of_threads_.size(); ++thread) {
    for (std::size_t pool = 0; pool < of_threads_[thread].size(); ++pool) result[pool].add(of_threads_[thread][pool]);
  }
  return result;
}

}  // namespace neuspec
