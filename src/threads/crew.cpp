#include "threads/crew.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>

namespace neuspec::crew {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr int most_callers = 16;  // at a time; the next ones work alone
constexpr microseconds shortest_patience(2), longest_patience(100), patience_at_end(50);

thread_local bool in_piece = false;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Looks for so long whether it is done.
template <class Done>
bool spin(microseconds patience, const Done& done) {
  constexpr int looks_a_clock = 8;
  const Clock::time_point start = Clock::now();
  do {
    for (int look = 0; look < looks_a_clock; ++look, relax()) {
      if (done()) return true;
    }
  } while (Clock::now() - start < patience);
  return false;
}

struct Job {
  Index count;
  int helpers;
  Piece piece;
  void* work;
  std::atomic<Index> next = 0;

  void run() {
    const bool outer = in_piece;
    in_piece = true;
    for (Index i = next.fetch_add(1); i < count; i = next.fetch_add(1)) piece(work, i);
    in_piece = outer;
  }
};

/// Where a caller posts its job. Whoever counts among `helpers` may use the job seen after that: the caller first takes the job away and then waits
/// for the count to fall to zero.
struct alignas(64) Place {
  std::atomic<bool> taken = false, caller_asleep = false;
  std::atomic<Job*> job = nullptr;
  std::atomic<int> helpers = 0;
  std::mutex mutex;
  std::condition_variable left;

  bool help() {
    if (job.load() == nullptr) return false;
    const int before = helpers.fetch_add(1);
    Job* const seen = job.load();
    const bool useful = seen != nullptr && before < seen->helpers && seen->next.load() < seen->count;
    if (useful) seen->run();
    if (helpers.fetch_sub(1) == 1 && caller_asleep.load()) {
      const std::lock_guard<std::mutex> lock(mutex);
      left.notify_one();
    }
    return useful;
  }

  void finish() {
    const auto empty = [this] { return helpers.load() == 0; };
    job.store(nullptr);
    if (!spin(patience_at_end, empty)) {
      std::unique_lock<std::mutex> lock(mutex);
      caller_asleep.store(true);
      left.wait(lock, empty);
      caller_asleep.store(false);
    }
    taken.store(false);
  }
};

class Crew {
 public:
  void share(Job& job) {
    hire(job.helpers);
    Place* const place = free_place();
    if (place == nullptr) return job.run();
    place->job.store(&job);
    call(job.helpers);
    job.run();
    place->finish();
  }
  int size() const { return size_.load(); }

 private:
  Place* free_place() {
    for (Place& place : places_) {
      if (!place.taken.load() && !place.taken.exchange(true)) return &place;
    }
    return nullptr;
  }

  // Signals are for the threads of the host program.
  void hire(int wanted) {
    if (size_.load() >= wanted || refused_.load()) return;
    const std::lock_guard<std::mutex> lock(hiring_);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      for (; size_.load() < wanted; ++size_) std::thread([this] { serve(); }).detach();
    } catch (const std::system_error&) {
      refused_.store(true);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void call(int wanted) {
    calls_.fetch_add(1);
    if (asleep_.load() == 0) return;
    {
      const std::lock_guard<std::mutex> lock(sleeping_);
    }  // whoever counts as asleep now waits, or has seen the call
    for (int i = std::min(wanted, asleep_.load()); i > 0; --i) called_.notify_one();
  }

  [[noreturn]] void serve() {
    microseconds patience = shortest_patience;
    while (true) {
      const std::uint64_t calls = calls_.load();
      bool worked = false;
      for (Place& place : places_) worked = place.help() || worked;
      if (worked) continue;
      if (spin(patience, [&] { return calls_.load() != calls; })) {
        patience = std::min(2 * patience, longest_patience);
      } else {
        patience = std::max(patience / 2, shortest_patience);
        sleep(calls);
      }
    }
  }

  void sleep(std::uint64_t calls) {
    std::unique_lock<std::mutex> lock(sleeping_);
    ++asleep_;
    called_.wait(lock, [&] { return calls_.load() != calls; });
    --asleep_;
  }

  std::array<Place, most_callers> places_;
  alignas(64) std::atomic<std::uint64_t> calls_ = 0;
  std::atomic<int> asleep_ = 0, size_ = 0;
  std::atomic<bool> refused_ = false;
  std::mutex sleeping_, hiring_;
  std::condition_variable called_;
};

std::atomic<Crew*> crew = nullptr;

// Never destroyed: its threads serve until the process ends. A forked process has none of them and hires anew.
Crew& the_crew() {
  [[maybe_unused]] static const int registered = pthread_atfork(nullptr, nullptr, [] { crew.store(nullptr); });
  Crew* present = crew.load();
  if (present == nullptr) {
    auto* const fresh = new Crew;
    if (crew.compare_exchange_strong(present, fresh)) return *fresh;
    delete fresh;
  }
  return *present;
}

}  // namespace

void share(Index count, int helpers, Piece piece, void* work) {
  Job job{count, helpers, piece, work};
  if (helpers > 0) {
    the_crew().share(job);
  } else {
    job.run();
  }
}

bool within_piece() { return in_piece; }
int size() { return the_crew().size(); }

}  // namespace neuspec::crew
