// All samples of a source that is shared out, on rank 0, for what is no sum over them.
#pragma once

#include "distribute/ranks.hpp"

namespace neuspec {

/// On rank 0: samples of all ranks in their order. Every visit fetches those of the others, chunk by chunk, in full chunks as from one source; they
/// are not held.
class GatheredSource final : public Source {
 public:
  explicit GatheredSource(const Source& own);

  Index samples() const override { return samples_; }
  Index features() const override { return own_.features(); }
  Index targets() const override { return own_.targets(); }
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override { visit_all(chunk_samples, true, visitor); }
  void visit_targets(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override {
    visit_all(chunk_samples, false, visitor);
  }

 private:
  void visit_all(Index chunk_samples, bool with_features, const std::function<void(const Chunk&)>& visitor) const;

  const Source& own_;
  Index samples_;
};

/// On the other ranks: hands out what rank 0's source asks for, until `release`.
void serve_samples(const Source& own);
/// On rank 0.
void release(const Ranks& ranks);

/// body(all samples) on rank 0, while the others hand out theirs. Whether this is rank 0. Collective.
template <class Body>
bool on_first_rank(const Source& data, const Body& body) {
  const Ranks& ranks = *data.ranks();
  if (!ranks.first()) {
    all_samples(data);
    serve_samples(data);
    return false;
  }
  const GatheredSource gathered(data);
  body(gathered);
  release(ranks);
  return true;
}

}  // namespace neuspec
