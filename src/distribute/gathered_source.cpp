#include "distribute/gathered_source.hpp"

#include <array>
#include <exception>

namespace neuspec {
namespace {

enum class Request { release, samples, targets };

/// What comes before the numbers of a chunk; without samples the part is at its end.
struct Leader {
  Index samples = 0;
  bool features = false, weights = false, failed = false;
};

void ask(const Ranks& ranks, Request what, Index chunk_samples) {
  std::array<double, 2> words{static_cast<double>(what), static_cast<double>(chunk_samples)};
  ranks.broadcast(words);
}

/// Chunks of a source put together to full ones.
class Assembly {
 public:
  Assembly(const Source& shape, Index most, bool with_features, const std::function<void(const Chunk&)>& visitor)
      : d_(with_features ? shape.features() : 0), C_(shape.targets()), most_(most), visitor_(visitor) {}

  void add(const Chunk& chunk) {
    for (Index from = 0; from < chunk.samples && failure_ == nullptr;) {
      const Index count = std::min(chunk.samples - from, most_ - samples_);
      if (chunk.x != nullptr) x_.insert(x_.end(), chunk.x + from * d_, chunk.x + (from + count) * d_);
      y_.insert(y_.end(), chunk.y + from * C_, chunk.y + (from + count) * C_);
      if (chunk.weights != nullptr && weights_.empty()) weights_.resize(static_cast<std::size_t>(samples_), 1.0);
      for (Index i = from; i < from + count && (chunk.weights != nullptr || !weights_.empty()); ++i)
        weights_.push_back(chunk.weights == nullptr ? 1.0 : chunk.weights[i]);
      samples_ += count;
      from += count;
      if (samples_ == most_) hand_on();
    }
  }
  /// What is left, and what the visitor threw: it waits for the other ranks, which are still sending.
  void finish() {
    if (samples_ > 0 && failure_ == nullptr) hand_on();
    if (failure_ != nullptr) std::rethrow_exception(failure_);
  }

 private:
  void hand_on() {
    Chunk chunk{first_, samples_, x_.empty() ? nullptr : x_.data(), y_.data(), weights_.empty() ? nullptr : weights_.data()};
    try {
      visitor_(chunk);
    } catch (...) {
      failure_ = std::current_exception();
    }
    first_ += samples_;
    samples_ = 0;
    x_.clear();
    y_.clear();
    weights_.clear();
  }

  Index d_, C_, most_, first_ = 0, samples_ = 0;
  const std::function<void(const Chunk&)>& visitor_;
  std::vector<double> x_, y_, weights_;
  std::exception_ptr failure_;
};

void send_chunk(const Communicator& to, const Source& own, const Chunk& chunk, bool features) {
  const Leader header{chunk.samples, features && chunk.x != nullptr, chunk.weights != nullptr, false};
  const auto n = static_cast<std::size_t>(chunk.samples) * sizeof(double);
  to.send(&header, sizeof header, 0);
  if (header.features) to.send(chunk.x, n * static_cast<std::size_t>(own.features()), 0);
  to.send(chunk.y, n * static_cast<std::size_t>(own.targets()), 0);
  if (header.weights) to.send(chunk.weights, n, 0);
}

/// The part of a rank. Whether it failed on the way.
bool receive_part(const Communicator& group, int from, const Source& shape, Assembly& all) {
  std::vector<double> x, y, weights;
  const auto receive = [&](std::vector<double>& numbers, Index count) {
    numbers.resize(static_cast<std::size_t>(count));
    group.receive(numbers.data(), numbers.size() * sizeof(double), from);
  };
  for (;;) {
    Leader header;
    group.receive(&header, sizeof header, from);
    if (header.samples == 0) return header.failed;
    if (header.features) receive(x, header.samples * shape.features());
    receive(y, header.samples * shape.targets());
    if (header.weights) receive(weights, header.samples);
    all.add({0, header.samples, header.features ? x.data() : nullptr, y.data(), header.weights ? weights.data() : nullptr});
  }
}

}  // namespace

GatheredSource::GatheredSource(const Source& own) : own_(own), samples_(all_samples(own)) {}

void GatheredSource::visit_all(Index chunk_samples, bool with_features, const std::function<void(const Chunk&)>& visitor) const {
  const Ranks& ranks = *own_.ranks();
  ask(ranks, with_features ? Request::samples : Request::targets, chunk_samples);
  Assembly all(own_, chunk_samples, with_features, visitor);
  std::exception_ptr failure;
  try {
    const auto add = [&](const Chunk& chunk) { all.add(chunk); };
    with_features ? own_.visit(chunk_samples, add) : own_.visit_targets(chunk_samples, add);
  } catch (...) {
    failure = std::current_exception();
  }
  bool failed = false;
  for (int from = 1; from < ranks.size(); ++from) failed = receive_part(ranks.communicator(), from, own_, all) || failed;
  if (failure != nullptr) std::rethrow_exception(failure);
  if (failed) throw OtherFailed();
  all.finish();
}

void serve_samples(const Source& own) {
  const Ranks& ranks = *own.ranks();
  for (;;) {
    std::array<double, 2> words{};
    ranks.broadcast(words);
    const auto what = static_cast<Request>(static_cast<int>(words[0]));
    if (what == Request::release) return;
    Leader end;
    std::exception_ptr failure;
    try {
      const bool features = what == Request::samples;
      const auto send = [&](const Chunk& chunk) { send_chunk(ranks.communicator(), own, chunk, features); };
      features ? own.visit(static_cast<Index>(words[1]), send) : own.visit_targets(static_cast<Index>(words[1]), send);
    } catch (...) {
      failure = std::current_exception();
      end.failed = true;
    }
    ranks.communicator().send(&end, sizeof end, 0);
    if (failure != nullptr) std::rethrow_exception(failure);
  }
}

void release(const Ranks& ranks) { ask(ranks, Request::release, 0); }

}  // namespace neuspec
