#include "cli/interrupt.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstring>

#include "cli/command.hpp"
#include "cli/ranks.hpp"
#include "network/replace_file.hpp"

namespace neuspec::cli {
namespace {

// A signal handler can reach nothing but what is static, and touch nothing but what is lock-free. It runs no code that could wait for the work: what
// is worth saving is written by the work itself as soon as there is something new.
std::atomic<bool> stop_requested = false;
std::atomic<bool> listening = false;
std::atomic<const char*> saved = "there was nothing to save yet\n";
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<const char*>::is_always_lock_free);

/// Both in one go, and only where it cannot block: nobody may be reading. Ranks that end together have one voice.
void say(const char* why, const char* what) {
  if (!is_first_rank()) return;
  std::array<char, 600> text{};
  std::strncat(text.data(), why, 150);
  std::strncat(text.data(), what, 420);
  pollfd error{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&error, 1, 0) == 1 && (error.revents & POLLOUT) != 0 && ::write(STDERR_FILENO, text.data(), std::strlen(text.data())) < 0) {
    return;  // there is nobody left to tell
  }
}

void remove_unfinished() {
  if (const char* file = unfinished_file()) {
    ::unlink(file);
  }
}

[[noreturn]] void end_with_what_is_saved(const char* why) {
  remove_unfinished();
  say(why, saved);
  ::_exit(exit_stopped);
}

extern "C" void request_stop(int signal) {
  if (stop_requested.exchange(true)) {
    remove_unfinished();
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    return;
  }
  if (!listening) {
    end_with_what_is_saved("neuspec: stopped; ");
  }
  const unsigned limit = ::alarm(patience);
  if (limit != 0 && limit < patience) {
    ::alarm(limit);
  }
}

extern "C" void end_of_patience(int /*signal*/) {
  end_with_what_is_saved(stop_requested ? "neuspec: the work went on after the wish to stop and was ended; "
                                        : "neuspec: the work went on after its limit of time and was ended; ");
}

void handle(int signal, void (*handler)(int), sigset_t& handled) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = static_cast<int>(SA_RESTART);
  sigaction(signal, &action, nullptr);
  sigaddset(&handled, signal);
}

}  // namespace

void catch_interrupts() {
  sigset_t handled;
  sigemptyset(&handled);
  handle(SIGINT, request_stop, handled);
  handle(SIGTERM, request_stop, handled);
  struct sigaction hangup{};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) {
    handle(SIGHUP, request_stop, handled);
  }
  handle(SIGALRM, end_of_patience, handled);
  sigprocmask(SIG_UNBLOCK, &handled, nullptr);  // whoever started the program may have blocked them
}

void forget_interrupts() {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
}

void outlive_readers() { std::signal(SIGPIPE, SIG_IGN); }

void listen() { listening = true; }

bool interrupted() { return stop_requested; }

void note_saved(const std::string& what) {
  // Two places in turn: a handler may be reading the one that was told last.
  static std::array<std::array<char, 400>, 2> texts;
  static std::size_t next = 0;
  std::array<char, 400>& text = texts[next];
  next = 1 - next;
  const std::size_t length = std::min(what.size(), text.size() - 2);
  std::copy_n(what.begin(), length, text.begin());
  text[length] = '\n';
  text[length + 1] = '\0';
  saved = text.data();
}

void hold_time_limit(double seconds) {
  const double end = std::ceil(1.1 * seconds + patience);
  if (end < 1e9) {
    ::alarm(static_cast<unsigned>(end));
  }
}

}  // namespace neuspec::cli
