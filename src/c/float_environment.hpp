// The host's floating-point environment is none of the library's business, nor the other way round: proofs count on rounding to nearest and on
// subnormal numbers, and a host's traps would end it where a NaN is asked for.
#pragma once

#include <cfenv>

namespace neuspec::c {

/// IEEE 754's defaults for its lifetime.
class FloatEnvironment {
 public:
  FloatEnvironment() : outer_(current()) {
    std::fegetenv(&host_);
    std::fesetenv(FE_DFL_ENV);
    current() = this;
  }
  ~FloatEnvironment() {
    std::fesetenv(&host_);
    current() = outer_;
  }
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

  /// What the thread's innermost one has put aside.
  static const std::fenv_t& host() { return current()->host_; }

 private:
  static FloatEnvironment*& current() {
    thread_local FloatEnvironment* innermost = nullptr;
    return innermost;
  }

  std::fenv_t host_{};
  FloatEnvironment* outer_;
};

/// The host's environment once more, around a callback.
class HostFloats {
 public:
  HostFloats() {
    std::fegetenv(&library_);
    std::fesetenv(&FloatEnvironment::host());
  }
  ~HostFloats() { std::fesetenv(&library_); }
  HostFloats(const HostFloats&) = delete;
  HostFloats& operator=(const HostFloats&) = delete;

 private:
  std::fenv_t library_{};
};

}  // namespace neuspec::c
