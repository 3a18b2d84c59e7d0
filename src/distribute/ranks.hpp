// What the library does with a communicator: sums over the ranks that share a source out, and one end for all of them when something goes wrong on
// one.
#pragma once

#include <algorithm>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "neuspec/communicator.hpp"
#include "numeric/compensated_sum.hpp"

namespace neuspec {

class GpuLink;

/// What a rank throws that has seen another fail, whose exception all of them are going to throw.
struct OtherFailed {};

/// Every collective member begins with a short sum in which a rank says whether it has failed and what it is about to do: ranks that disagree, or a
/// rank that failed, end all of them with an exception, and nobody waits for one that will not come.
class Ranks {
 public:
  static constexpr std::size_t rides_along = 30;  ///< numbers that cost a short sum nothing

  Ranks(std::shared_ptr<const Communicator> communicator, RankOrder order) : communicator_(std::move(communicator)), order_(order) {}

  int rank() const { return communicator_->rank(); }
  int size() const { return communicator_->size(); }
  bool first() const { return rank() == 0; }
  RankOrder order() const { return order_; }
  void set_order(RankOrder order) { order_ = order; }

  /// Whether a message about data names its rank: not while all read one data set, whose samples and lines are counted over the ranks.
  void name_ranks(bool names) const { names_ranks_ = names; }

  /// values ← Σ over the ranks, the same on each.
  void sum(std::span<double> values) const;
  /// The same of many numbers in the memory of each rank's GPU, where `sums_on_gpus`.
  void sum_on_gpus(std::span<double> values) const;
  /// The values of every rank, one rank after the other.
  std::vector<double> all(std::span<const double> values) const;
  /// values ← the largest of the ranks', element by element.
  void largest(std::span<double> values) const;
  double largest(double value) const {
    largest(std::span(&value, 1));
    return value;
  }
  double smallest(double value) const { return -largest(-value); }
  /// Rank 0's become everyone's.
  void broadcast(std::span<double> values) const;
  void broadcast(std::vector<double>& values) const;  // of any length
  void broadcast(std::string& bytes) const;
  double broadcast(double value) const {
    broadcast(std::span(&value, 1));
    return value;
  }
  /// Before a sum of so many numbers that takes another way than the communicator's: everybody is here, and means the same.
  void announce(std::size_t count) const { agree(Task::elsewhere, count, {}); }
  /// Nobody goes on before everybody is here.
  void meet() const { sum({}); }

  const Communicator& communicator() const { return *communicator_; }

  /// From GPU to GPU, where each rank has one of its own, else null (distribute/gpu_link.hpp); the same for all of them. A failure ends it.
  std::shared_ptr<GpuLink> gpu_link() const { return gpu_link_; }
  void set_gpu_link(std::shared_ptr<GpuLink> link) const { gpu_link_ = std::move(link); }
  /// Whether the communicator sums what the ranks' GPUs hold; the same for all of them.
  bool sums_on_gpus() const { return sums_on_gpus_; }
  void set_sums_on_gpus(bool sums) const { sums_on_gpus_ = sums; }

  /// Calls body, and where it throws, on this rank or another, throws the same on all of them: the lowest one's exception, as UsageError, DataError,
  /// NotCompiled or EnvironmentError. Within another call it is that one's matter.
  template <class Body>
  auto together(const Body& body) const {
    if (depth_ > 0) return body();
    const Depth within(depth_);
    failed_ = false;
    try {
      if constexpr (std::is_void_v<decltype(body())>) {
        body();
        meet();
      } else {
        auto result = body();
        meet();
        return result;
      }
    } catch (...) {
      fail(std::current_exception());
    }
  }

 private:
  struct Depth {
    explicit Depth(int& depth) : depth_(depth) { ++depth_; }
    ~Depth() { --depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    int& depth_;
  };
  enum class Task { sum = 1, broadcast = 2, elsewhere = 3 };

  /// The short sum; `payload`, where it is short, goes with it. \throws what the lowest rank that failed did
  void agree(Task task, std::size_t count, std::span<double> payload) const;
  /// Tells the others, and throws what all throw.
  [[noreturn]] void fail(const std::exception_ptr& error) const;
  [[noreturn]] void throw_first(const std::string& own) const;

  std::shared_ptr<const Communicator> communicator_;
  RankOrder order_;
  mutable bool names_ranks_ = true;
  mutable int depth_ = 0;
  mutable bool failed_ = false;  // and all know
  mutable std::shared_ptr<GpuLink> gpu_link_;
  mutable bool sums_on_gpus_ = false;
};

/// values ← Σ over the ranks, where there are any: of one process they are the sums already.
inline void sum_over_ranks(const Ranks* ranks, std::span<double> values) {
  if (ranks != nullptr) ranks->sum(values);
}
/// Over those that share the source out.
inline void sum_over_ranks(const Source& data, std::span<double> values) { sum_over_ranks(data.ranks(), values); }
/// The same of one number.
inline double sum_over_ranks(const Source& data, double value) {
  sum_over_ranks(data, std::span(&value, 1));
  return value;
}
inline double largest_of_ranks(const Source& data, double value) { return data.ranks() == nullptr ? value : data.ranks()->largest(value); }
/// n of all ranks together.
inline Index all_samples(const Source& data) {
  return data.ranks() == nullptr ? data.samples() : static_cast<Index>(sum_over_ranks(data, static_cast<double>(data.samples())));
}
/// Those of the ranks before this one.
Index samples_before(const Source& data);
/// \throws DataError unless every rank has samples, all of the same features and targets. Collective.
void check_shapes(const Source& data);
/// Sums of parts that are added as the parts of one rank are, in the order of the ranks.
void sum_over_ranks(const Ranks* ranks, std::span<CompensatedSum> sums);

}  // namespace neuspec
