// NCCL for ranks that are threads: communicators that do not block, and sums. A sum's part is taken when its turn comes in the rank's queue, its
// result is there when all parts are.
#include <nccl.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "machine.hpp"

namespace em = neuspec::emulation;

namespace {

/// One sum of all ranks.
struct Sum {
  std::size_t count = 0;
  ncclDataType_t type = ncclFloat64;
  std::vector<std::vector<double>> parts;  // in the order in which they came
};

/// What the ranks of a communicator have in common.
struct Group {
  int size = 0;
  std::map<int, int> gpus;   // by rank
  std::map<long, Sum> sums;  // by their number in the order that each rank calls them in
};

std::map<std::string, std::shared_ptr<Group>>& groups() {
  static std::map<std::string, std::shared_ptr<Group>> instance;
  return instance;
}

}  // namespace

struct ncclComm {
  std::shared_ptr<Group> group;
  long sums = 0;
  bool sum_under_way = false;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

namespace {

std::set<ncclComm_t>& communicators() {
  static std::set<ncclComm_t> instance;
  return instance;
}
Group& group_of(const char* function, ncclComm_t communicator) {
  if (communicators().count(communicator) == 0) em::violation(function, "a communicator that is not alive");
  return *communicator->group;
}
bool complete(const Group& group) { return static_cast<int>(group.gpus.size()) == group.size; }

template <class T>
std::vector<double> read(const void* from, std::size_t count) {
  const auto* const numbers = static_cast<const T*>(from);
  return {numbers, numbers + count};
}
template <class T>
void write(const Sum& sum, void* to) {
  for (std::size_t i = 0; i < sum.count; ++i) {
    T total = 0;
    for (const std::vector<double>& part : sum.parts) total += static_cast<T>(part[i]);
    static_cast<T*>(to)[i] = total;
  }
}

}  // namespace

extern "C" {

const char* ncclGetErrorString(ncclResult_t result) {
  return result == ncclSystemError ? "unhandled system error" : result == ncclInvalidUsage ? "invalid usage" : "error";
}
const char* ncclGetLastError(ncclComm_t /*communicator*/) { return em::struck() ? "a planted failure" : ""; }

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  static int made = 0;
  if (em::faults().nccl.strikes()) return ncclSystemError;
  const std::string name = "emulated " + std::to_string(++made);
  *id = {};
  std::memcpy(id, name.c_str(), name.size());
  groups()[name] = std::make_shared<Group>();
  return ncclSuccess;
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t* communicator, int size, ncclUniqueId id, int rank, ncclConfig_t* config) {
  if (config->blocking != 0) em::violation(__func__, "a communicator that blocks");
  const auto found = groups().find(id.internal);
  if (found == groups().end()) em::violation(__func__, "an identity that nobody made");
  if (rank < 0 || rank >= size) return ncclInvalidArgument;
  if (em::faults().nccl.strikes()) return ncclSystemError;
  Group& group = *found->second;
  const int gpu = em::used_gpu();
  for (const auto& [other, of_other] : group.gpus) {
    if (of_other == gpu) return ncclInvalidUsage;  // duplicate GPU detected
    if (other == rank) em::violation(__func__, "a rank that is there already");
  }
  group.size = size;
  group.gpus[rank] = gpu;
  *communicator = *communicators().insert(new ncclComm{.group = found->second}).first;
  em::count_handle(1);
  return ncclInProgress;
}

// Nothing is said of ranks that never come.
ncclResult_t ncclCommGetAsyncError(ncclComm_t communicator, ncclResult_t* state) {
  *state = complete(group_of(__func__, communicator)) ? ncclSuccess : ncclInProgress;
  if (em::faults().nccl.strikes()) *state = ncclSystemError;
  if (*state == ncclInProgress) em::give_way();
  return ncclSuccess;
}

ncclResult_t ncclAllReduce(const void* from, void* to, std::size_t count, ncclDataType_t type, ncclRedOp_t operation, ncclComm_t communicator,
                           cudaStream_t stream) {
  Group& group = group_of(__func__, communicator);
  if (!complete(group)) em::violation(__func__, "before all ranks have joined");
  if (from != to || operation != ncclSum || (type != ncclFloat32 && type != ncclFloat64)) em::violation(__func__, "what is not emulated");
  if (communicator->sum_under_way) em::violation(__func__, "a sum is under way");
  em::require_device(__func__, to, count * (type == ncclFloat32 ? sizeof(float) : sizeof(double)));
  em::count_sum(count);
  if (em::faults().nccl.strikes()) return ncclSystemError;
  const long number = communicator->sums++;
  Sum& sum = group.sums[number];
  if (sum.parts.empty()) {
    sum.count = count;
    sum.type = type;
  }
  communicator->sum_under_way = true;
  const auto given_up = [alive = communicator->alive] { return !*alive; };
  const auto ready = [given_up, to, number, group = communicator->group, counted = false]() mutable {
    if (given_up()) return true;
    Sum& mine = group->sums[number];
    if (!counted) mine.parts.push_back(mine.type == ncclFloat32 ? read<float>(to, mine.count) : read<double>(to, mine.count));
    counted = true;
    return static_cast<int>(mine.parts.size()) == group->size;
  };
  const auto run = [given_up, to, number, communicator, group = communicator->group] {
    if (given_up()) return;
    const Sum& mine = group->sums[number];
    (mine.type == ncclFloat32 ? write<float> : write<double>)(mine, to);
    communicator->sum_under_way = false;
  };
  if (sum.count != count || sum.type != type) em::violation(__func__, "ranks sum different numbers");
  em::enqueue(__func__, stream, run, ready);
  return ncclSuccess;
}

ncclResult_t ncclCommAbort(ncclComm_t communicator) {
  (void)group_of(__func__, communicator);
  communicators().erase(communicator);
  *communicator->alive = false;
  delete communicator;
  em::count_handle(-1);
  return ncclSuccess;
}

}  // extern "C"
