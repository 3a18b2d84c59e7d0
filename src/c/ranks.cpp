// Data that ranks share out.
#include "c/data.hpp"
#include "neuspec/communicator.hpp"

namespace neuspec {

int share_out(neuspec_data* data, int order, const std::function<std::shared_ptr<const Communicator>()>& make) noexcept {
  return c::guarded(data, [&] {
    const auto object = c::get<c::Data>(data);
    if (order != NEUSPEC_ANY_ORDER && order != NEUSPEC_FIXED_ORDER) throw UsageError("order: give NEUSPEC_ANY_ORDER or NEUSPEC_FIXED_ORDER");
    auto communicator = make();
    if (communicator == nullptr) throw UsageError("there is no communicator");
    object->ranks = std::make_shared<const Ranks>(std::move(communicator), order == NEUSPEC_FIXED_ORDER ? RankOrder::fixed : RankOrder::any);
  });
}

}  // namespace neuspec

// What neuspec_mpi, linked before, has in its place.
extern "C" [[gnu::weak]] int neuspec_data_set_ranks(neuspec_data* data, int /*communicator*/, int32_t order) {
  return neuspec::share_out(data, order, []() -> std::shared_ptr<const neuspec::Communicator> {
    throw neuspec::EnvironmentError("this program is linked without MPI: build neuspec with -DNEUSPEC_MPI=ON, and link neuspec_mpi before neuspec");
  });
}
