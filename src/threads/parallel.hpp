// Loops spread over threads, and how many threads there are.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>

#include "neuspec/dataset.hpp"
#include "threads/crew.hpp"

namespace neuspec {

/// Threads that a loop or a call of LAPACK starting here may use: 1 inside of a piece of work, else what the innermost ThreadScope says, else as many
/// as the process may use at once (threads/processors.hpp). What a result's bits depend on.
int threads();

/// Sets that number on this thread for the lifetime of the object; 0 keeps it as it is now. Nothing of the host program's OpenMP changes.
class ThreadScope {
 public:
  explicit ThreadScope(int threads);
  static ThreadScope at_most(int threads);
  ~ThreadScope();
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int before_ = 0;
};

/// body(0 … count−1), each once, on up to so many threads; the first exception of one is thrown when all have ended.
template <class Body>
void run_pieces(Index count, int threads, const Body& body) {
  struct Call {
    const Body& body;
    std::atomic<bool> failed = false;
    std::exception_ptr failure = nullptr;
  } call{body};
  const auto piece = [](void* work, Index index) noexcept {
    Call& mine = *static_cast<Call*>(work);
    if (mine.failed) return;
    try {
      mine.body(index);
    } catch (...) {
      if (!mine.failed.exchange(true)) mine.failure = std::current_exception();
    }
  };
  crew::share(count, static_cast<int>(std::min<Index>(threads, count)) - 1, piece, &call);
  if (call.failure) std::rethrow_exception(call.failure);
}

/// Calls body(0 … count−1) for independent pieces that call BLAS or LAPACK: whole pieces to threads when there are enough of them, otherwise one
/// after the other with BLAS's own threads inside each.
template <class Body>
void parallel_pieces(Index count, const Body& body) {
  const int available = threads();
  if (available == 1 || 2 * count <= available || count == 1) {
    for (Index piece = 0; piece < count; ++piece) body(piece);
  } else {
    run_pieces(count, available, body);
  }
}

/// body(first, last) for consecutive ranges of [0, count), no shorter than `grain`: the least that is worth a thread's while, some tens of
/// microseconds of work. What body does for an index must not depend on the range it is in.
template <class Body>
void parallel_ranges(Index count, Index grain, const Body& body) {
  constexpr Index ranges_a_thread = 4;  // so that uneven ones balance
  const int available = threads();
  const Index pieces = available == 1 ? 1 : std::min(count / std::max<Index>(grain, 1), ranges_a_thread * available);
  if (pieces < 2) {
    if (count > 0) body(Index(0), count);
  } else {
    run_pieces(pieces, available, [&](Index piece) { body(count * piece / pieces, count * (piece + 1) / pieces); });
  }
}

}  // namespace neuspec
