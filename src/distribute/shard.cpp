#include "distribute/ranks.hpp"

namespace neuspec {

Shard::Shard(const Source& part, std::shared_ptr<const Communicator> communicator, RankOrder order)
    : part_(part), ranks_(std::make_unique<Ranks>(std::move(communicator), order)) {}

Shard::~Shard() = default;

}  // namespace neuspec
