// Sums over ranks of what a device has.
#pragma once

#include <span>
#include <type_traits>
#include <vector>

#include "device/device.hpp"
#include "distribute/gpu_link.hpp"

namespace neuspec {

/// M ← Σ over the ranks of a contiguous M; of one process (null) it is the sum already. From GPU to GPU where the ranks have a link, of doubles by a
/// communicator that sums on GPUs, else through the host's memory, as few numbers always go: there they are part of what ranks say to each other
/// anyway.
template <class Real>
void sum_over_ranks(Device<Real>& device, const Ranks* ranks, View<Real> M) {
  if (ranks == nullptr) return;
  const auto count = static_cast<std::size_t>(M.size());
  const bool few = count <= Ranks::rides_along;
  if (const auto link = ranks->gpu_link(); link != nullptr && !few) {
    device.synchronize();
    link->sum(*ranks, device.queue(), M);
    return;
  }
  if constexpr (std::is_same_v<Real, double>) {
    if (ranks->sums_on_gpus() && !few) {
      device.synchronize();
      ranks->sum_on_gpus(std::span(M.data, count));
      return;
    }
  }
  std::vector<double> values(count);
  device.download(M, values.data());
  ranks->sum(values);
  device.upload(values.data(), M);
}

}  // namespace neuspec
