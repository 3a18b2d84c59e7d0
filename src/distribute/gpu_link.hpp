// The way that sums take between the GPUs of ranks which have one each.
#pragma once

#include <memory>
#include <vector>

#include "device/gpu_sums.hpp"
#include "distribute/ranks.hpp"
#include "neuspec/fit.hpp"

namespace neuspec {

/// Of ranks that have all found out that there is one (`link_gpus`). Its members are collective.
class GpuLink {
 public:
  explicit GpuLink(std::vector<double> gpus) : gpus_(std::move(gpus)) {}
  const std::vector<double>& gpus() const { return gpus_; }  ///< of each rank (gpu_for_sums)

  /// Before memory is planned: what the communicator holds on each GPU is no longer free then.
  void open(const Ranks& ranks) {
    if (sums_ == nullptr) join(ranks);
  }
  /// M ← Σ over the ranks. What the device was given before has to have ended, so that a rank whose GPU failed says so before others wait for it.
  template <class Real>
  void sum(const Ranks& ranks, void* queue, View<Real> M) {
    try {
      open(ranks);
      ranks.announce(static_cast<std::size_t>(M.size()));
      sums_->begin(queue, M);
      finish(ranks);
    } catch (...) {
      sums_.reset();  // before anything waits for a queue in which the sum may be
      throw;
    }
  }

 private:
  void join(const Ranks& ranks);
  void finish(const Ranks& ranks);

  std::vector<double> gpus_;
  std::unique_ptr<GpuSums> sums_;  // once it is open
};

/// Gives the ranks a link where sums are asked for in any order, each has a GPU of its own and can sum between GPUs; takes it away where not. Tells
/// them whether their communicator sums on GPUs. Collective.
void link_gpus(const Ranks& ranks, DeviceKind kind);

}  // namespace neuspec
