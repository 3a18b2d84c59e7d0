#include "cli/interrupt.hpp"

#include <atomic>
#include <csignal>

namespace neuspec::cli {
namespace {

// A signal handler can reach nothing but what is static, and touch nothing but what is lock-free.
std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void request_stop(int /*signal*/) { stop_requested = true; }

}  // namespace

void catch_interrupts() {
  struct sigaction action{};
  action.sa_handler = request_stop;
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return stop_requested; }

}  // namespace neuspec::cli
