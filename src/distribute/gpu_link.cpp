#include "distribute/gpu_link.hpp"

#include <algorithm>
#include <span>
#include <string>

#include "device/gpus.hpp"

namespace neuspec {

void GpuLink::join(const Ranks& ranks) {
  std::string ticket = ranks.first() ? gpu_sums_ticket() : std::string();
  ranks.broadcast(ticket);
  sums_ = join_gpu_sums(ticket, ranks.rank(), ranks.size());
  finish(ranks);
}

// A rank that fails meanwhile says so between two looks of the others, who would wait for its GPU for ever.
void GpuLink::finish(const Ranks& ranks) {
  for (double ended = 0; ended < ranks.size();) {
    ended = sums_->ended() ? 1 : 0;
    ranks.sum(std::span(&ended, 1));
  }
}

void link_gpus(const Ranks& ranks, DeviceKind kind) {
  const bool wanted = ranks.order() == RankOrder::any && ranks.size() > 1 && is_gpu(kind);
  const double own = wanted ? gpu_for_sums() : 0;
  std::vector<double> gpus = ranks.all(std::span(&own, 1)), sorted = gpus;
  std::sort(sorted.begin(), sorted.end());
  const bool one_each = sorted.front() != 0 && std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  const bool as_before = ranks.gpu_link() != nullptr && ranks.gpu_link()->gpus() == gpus;
  if (!as_before) ranks.set_gpu_link(one_each ? std::make_shared<GpuLink>(std::move(gpus)) : nullptr);
}

}  // namespace neuspec
