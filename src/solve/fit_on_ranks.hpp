// Training on samples that ranks share out.
#pragma once

#include <functional>

#include "device/device.hpp"
#include "device/gpus.hpp"
#include "distribute/ranks.hpp"
#include "neuspec/fit.hpp"

namespace neuspec {

/// Bytes that a solve may use: of what is free on a machine, each of its ranks (null: one process) has its part.
template <class Real>
double memory_for(const Settings& settings, const Device<Real>& device, const Ranks* ranks) {
  constexpr double part_of_free_memory = 0.75;
  const int sharing = ranks == nullptr || is_gpu(settings.device) ? 1 : ranks->communicator().local_size();
  return settings.memory_limit > 0 ? settings.memory_limit : part_of_free_memory * device.free_memory() / sharing;
}

using Path = std::function<std::vector<Result>(const Source& data, const Settings& settings)>;

/// The path of `data` on every rank where sums over the ranks are all it needs, else that of all samples on rank 0, whose results become everyone's.
/// A checkpoint to go on from is rank 0's.
std::vector<Result> fit_on_ranks(const Source& data, const Problem& problem, Settings settings, const Path& path);

}  // namespace neuspec
