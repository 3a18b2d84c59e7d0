// Sums over ranks of what a device has.
#pragma once

#include <vector>

#include "device/device.hpp"
#include "distribute/gpu_link.hpp"

namespace neuspec {

/// M ← Σ over the ranks of a contiguous M; of one process (null) it is the sum already. From GPU to GPU where the ranks have a link, else through the
/// host's memory, as few numbers always go: there they are part of what ranks say to each other anyway.
template <class Real>
void sum_over_ranks(Device<Real>& device, const Ranks* ranks, View<Real> M) {
  if (ranks == nullptr) return;
  const auto count = static_cast<std::size_t>(M.size());
  if (const auto link = ranks->gpu_link(); link != nullptr && count > Ranks::rides_along) {
    device.synchronize();
    link->sum(*ranks, device.queue(), M);
    return;
  }
  std::vector<double> values(count);
  device.download(M, values.data());
  ranks->sum(values);
  device.upload(values.data(), M);
}

}  // namespace neuspec
