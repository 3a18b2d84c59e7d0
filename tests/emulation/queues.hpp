// Streams as queues, and the order in which what is in them runs.
#pragma once

#include <deque>
#include <functional>
#include <set>
#include <utility>

#include "machine.hpp"

struct CUstream_st {
  struct Work {
    std::function<void()> run;
    std::function<bool()> ready;    // or nothing: it can always run
    CUstream_st* behind = nullptr;  // the stream whose event it waits for
  };
  int gpu = 0;
  std::deque<Work> queue;
};

namespace neuspec::emulation {

/// Those that are alive.
inline std::set<CUstream_st*>& streams() {
  static std::set<CUstream_st*> all;
  return all;
}

inline Others& others() {
  static Others when = Others::in_turns;
  return when;
}

/// Whether the queue's next work waits for nothing.
inline bool can_run(const CUstream_st* stream) { return !stream->queue.empty() && (!stream->queue.front().ready || stream->queue.front().ready()); }
inline void run_next(CUstream_st* stream) {
  const auto work = std::move(stream->queue.front());
  stream->queue.pop_front();
  work.run();
}
/// Runs the queue as far as the next work of another stream needs it.
inline bool run_until_ready(CUstream_st* stream, const CUstream_st::Work& waiting) {
  while (!waiting.ready()) {
    if (stream->queue.empty()) return false;
    const CUstream_st::Work& next = stream->queue.front();
    if (next.ready && !next.ready() && (next.behind == nullptr || !run_until_ready(next.behind, next))) return false;
    run_next(stream);
  }
  return true;
}
/// What other streams of a GPU may do beside one, as early as they may.
inline void run_beside(const CUstream_st* stream) {
  for (CUstream_st* other : streams()) {
    while (other != stream && other->gpu == stream->gpu && can_run(other)) run_next(other);
  }
}
/// Runs the queue until it is empty or `enough`; false where it waits for another thread's. Other streams of the GPU run as early as they may, or as
/// late: in turns.
template <class Enough>
bool run_until(CUstream_st* stream, const Enough& enough) {
  const Opened opened;
  static long runs = 0;
  const bool early = others() == Others::early || (others() == Others::in_turns && ++runs % 2 == 0);
  while (!stream->queue.empty() && !enough()) {
    if (early) run_beside(stream);
    if (stream->queue.empty()) break;
    const CUstream_st::Work& next = stream->queue.front();
    if (next.ready && !next.ready() && (next.behind == nullptr || !run_until_ready(next.behind, next))) return false;
    run_next(stream);
  }
  return true;
}
inline bool run_what_can(CUstream_st* stream) {
  return run_until(stream, [] { return false; });
}
inline void run(CUstream_st* stream) {
  while (!run_what_can(stream)) give_way();
}

}  // namespace neuspec::emulation
