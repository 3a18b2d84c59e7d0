#include "cli/ranks.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "distribute/ranked_source.hpp"
#include "threads/parallel.hpp"
#ifdef NEUSPEC_HAS_MPI
#include "distribute/mpi_process.hpp"
#endif

namespace neuspec::cli {
namespace {

#ifdef NEUSPEC_HAS_MPI
std::optional<MpiProcess> process;
#endif
std::optional<Ranks> all_ranks;
int own_rank = 0;  // also when the others have been left

}  // namespace

#ifdef NEUSPEC_HAS_MPI
void join_ranks(int* count, char*** arguments) {
  own_rank = MpiProcess::launched_rank();  // whoever is stopped before MPI is there
  process.emplace(count, arguments);
  own_rank = 0;
  if (process->communicator() == nullptr) return;
  all_ranks.emplace(process->communicator(), RankOrder::any);
  own_rank = all_ranks->rank();
}
void leave_ranks() {
  all_ranks.reset();
  process.reset();
}
int threads_of_rank() {
  const auto here = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)) / (all_ranks ? all_ranks->communicator().local_size() : 1);
  return std::max(1, std::min(threads(), here));
}
#else
int threads_of_rank() { return threads(); }
void join_ranks(int* /*count*/, char*** /*arguments*/) {}
void leave_ranks() {}
#endif

const Ranks* ranks() { return all_ranks ? &*all_ranks : nullptr; }

void set_rank_order(const std::string& text) {
  if (all_ranks) all_ranks->set_order(text == "fixed" ? RankOrder::fixed : RankOrder::any);
}

bool is_first_rank() { return own_rank == 0; }

std::shared_ptr<const Source> shared_out(std::shared_ptr<const Source> part) {
  const std::shared_ptr<const Ranks> not_owned(std::shared_ptr<const Ranks>(), ranks());
  return std::make_shared<RankedSource>(std::move(part), not_owned);
}

}  // namespace neuspec::cli
