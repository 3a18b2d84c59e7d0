#include "solve/fit_on_ranks.hpp"

#include "distribute/gathered_source.hpp"
#include "distribute/gpu_link.hpp"
#include "distribute/share.hpp"
#include "lift/shared_out.hpp"
#include "solve/choose_for_ranks.hpp"

namespace neuspec {

std::vector<Result> fit_on_ranks(const Source& data, const Problem& problem, Settings settings, const Path& path) {
  const Ranks& ranks = *data.ranks();
  return ranks.together([&] {
    validate(settings);
    if (settings.device != DeviceKind::cpu) take_gpu(ranks.communicator().local_rank());
    link_gpus(ranks, settings.device);
    check_shapes(data);
    std::string resumed = ranks.first() && settings.resume ? *settings.resume : std::string();
    ranks.broadcast(resumed);
    settings.resume = resumed.empty() ? nullptr : std::make_shared<const std::string>(std::move(resumed));
    const bool sums = proven_by_sums(problem, data) && problem.loss.smooth();
    if (const auto link = ranks.gpu_link(); link != nullptr && sums) link->open(ranks);
    const double memory = memory_for(settings, *lend_device<double>(settings.kept_device, settings.device, Arithmetic::full), &ranks);
    if (choose_for_ranks(problem, data, settings, memory)) return path(data, settings);
    std::vector<Result> results;
    on_first_rank(data, [&](const Source& all) { results = path(all, settings); });
    share(ranks, results);
    for (Result& result : results) {
      const bool has_dual_vector = ranks.broadcast(result.report.dual_vector.empty() ? 0 : 1) > 0;
      if (has_dual_vector)
        result.report.dual_vector = scatter(ranks, std::move(result.report.dual_vector), static_cast<std::size_t>(data.samples() * data.targets()));
    }
    return results;
  });
}

}  // namespace neuspec
