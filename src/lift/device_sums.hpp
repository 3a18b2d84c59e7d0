// Sums over ranks of what a device has.
#pragma once

#include <vector>

#include "device/device.hpp"
#include "distribute/ranks.hpp"

namespace neuspec {

/// view ← Σ over the ranks, through the host's memory; of one process (null) it is the sum already.
template <class Real>
void sum_over_ranks(Device<Real>& device, const Ranks* ranks, View<Real> view) {
  if (ranks == nullptr) return;
  std::vector<double> values(static_cast<std::size_t>(view.size()));
  device.download(view, values.data());
  ranks->sum(values);
  device.upload(values.data(), view);
}

}  // namespace neuspec
