// A program that runs beside the test.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

namespace neuspec::test {

/// What it writes to the stream `descriptor` comes through a pipe.
class Running {
 public:
  Running(std::vector<std::string> arguments, int descriptor, bool hangups_ignored = false) {
    EXPECT_EQ(::pipe(ends_), 0);
    child_ = ::fork();
    if (child_ == 0) {
      const int null = ::open("/dev/null", O_WRONLY);
      if (null < 0) ::_exit(126);
      ::dup2(null, STDOUT_FILENO);
      ::dup2(null, STDERR_FILENO);
      ::dup2(ends_[1], descriptor);
      ::close(ends_[0]);
      ::close(ends_[1]);
      std::signal(SIGHUP, hangups_ignored ? SIG_IGN : SIG_DFL);
      std::vector<char*> argv;
      for (std::string& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    ::close(ends_[0]);
    close_writer();
  }

  void send(int signal) const { ::kill(child_, signal); }

  /// Reads until `marker` was seen on the stream; false if it ends before.
  bool wait_for(const std::string& marker) {
    while (seen_.find(marker) == std::string::npos) {
      char byte = 0;
      if (::read(ends_[0], &byte, 1) != 1) return false;
      seen_ += byte;
    }
    return true;
  }

  /// From now on whatever the program writes blocks, for nobody reads it: the work never comes to its next step.
  void block() const {
    // An opening of its own: the program's must not be made non-blocking.
    const int filling = ::open(("/proc/self/fd/" + std::to_string(ends_[1])).c_str(), O_WRONLY | O_NONBLOCK);
    const std::string filler(4096, ' ');
    for (std::size_t size = filler.size(); size > 0;) {
      if (::write(filling, filler.data(), size) < 0) size /= 2;
    }
    ::close(filling);
  }

  /// The exit code, or minus the signal that ended the program. Reads on if nothing blocks.
  int wait(bool reading = true) {
    close_writer();
    for (char byte = 0; reading && ::read(ends_[0], &byte, 1) == 1;) seen_ += byte;
    int status = 0;
    ::waitpid(child_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  const std::string& seen() const { return seen_; }
  pid_t id() const { return child_; }

 private:
  void close_writer() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }

  int ends_[2] = {-1, -1};
  pid_t child_ = -1;
  std::string seen_;
};

}  // namespace neuspec::test
