// Samples that are one rank's part.
#pragma once

#include <memory>
#include <utility>

#include "distribute/ranks.hpp"

namespace neuspec {

/// A source as this rank's part of those of all ranks.
class RankedSource final : public Source {
 public:
  RankedSource(std::shared_ptr<const Source> part, std::shared_ptr<const Ranks> ranks) : part_(std::move(part)), ranks_(std::move(ranks)) {}
  Index samples() const override { return part_->samples(); }
  Index features() const override { return part_->features(); }
  Index targets() const override { return part_->targets(); }
  void visit(Index most, const std::function<void(const Chunk&)>& visitor) const override { part_->visit(most, visitor); }
  void visit_targets(Index most, const std::function<void(const Chunk&)>& visitor) const override { part_->visit_targets(most, visitor); }
  StoredForm stored_form() const override { return part_->stored_form(); }
  const Ranks* ranks() const override { return ranks_.get(); }

 private:
  std::shared_ptr<const Source> part_;
  std::shared_ptr<const Ranks> ranks_;
};

}  // namespace neuspec
