// How to wait for what tells nobody that it has ended.
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace neuspec {

/// Between two looks: lets others have the processor, and after a while sleeps, longer and longer.
class Patience {
 public:
  void wait() {
    constexpr int patient = 2000;  // looks before it sleeps; a message within a machine takes fewer
    if (++looks_ <= patient) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(std::min(looks_ - patient + 20, 1000)));
    }
  }

 private:
  int looks_ = 0;
};

}  // namespace neuspec
