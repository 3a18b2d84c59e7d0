#include "distribute/gpu_link.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

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
  const std::array own{wanted ? gpu_for_sums() : 0.0, wanted && ranks.communicator().sums_on_gpus() ? 1.0 : 0.0};
  const std::vector<double> all = ranks.all(own);
  std::vector<double> gpus;
  bool by_communicator = true;
  for (std::size_t at = 0; at < all.size(); at += own.size()) {
    gpus.push_back(all[at]);
    by_communicator = by_communicator && all[at + 1] > 0;
  }
  std::vector<double> sorted = gpus;
  std::sort(sorted.begin(), sorted.end());
  const bool one_each = sorted.front() != 0 && std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  const bool as_before = ranks.gpu_link() != nullptr && ranks.gpu_link()->gpus() == gpus;
  if (!as_before) ranks.set_gpu_link(one_each ? std::make_shared<GpuLink>(std::move(gpus)) : nullptr);
  ranks.set_sums_on_gpus(by_communicator);
}

}  // namespace neuspec
