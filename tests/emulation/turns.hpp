// Two ranks that are threads, each with a place among those of a machine with GPUs.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "machine.hpp"
#include "support/thread_ranks.hpp"

namespace neuspec::test {

/// Numbers in sums of what GPUs hold by communicators so far, of all ranks.
inline std::atomic<long> summed_on_gpus = 0;

/// Ranks of one machine, each of which gives way while it is with the others; `on_gpus`: as an MPI that takes memory of GPUs.
class InTurns final : public Communicator {
 public:
  InTurns(std::shared_ptr<const Communicator> group, bool on_gpus) : group_(std::move(group)), on_gpus_(on_gpus) {}
  int rank() const override { return group_->rank(); }
  int size() const override { return group_->size(); }
  int local_rank() const override { return group_->rank(); }
  int local_size() const override { return group_->size(); }
  void sum(double* values, std::size_t count) const override {
    const Away away;
    group_->sum(values, count);
  }
  void broadcast(void* bytes, std::size_t count) const override {
    const Away away;
    group_->broadcast(bytes, count);
  }
  void send(const void* bytes, std::size_t count, int to) const override { group_->send(bytes, count, to); }
  void receive(void* bytes, std::size_t count, int from) const override {
    const Away away;
    group_->receive(bytes, count, from);
  }

  bool sums_on_gpus() const override { return on_gpus_; }
  void sum_on_gpus(double* values, std::size_t count) const override {
    emulation::require_device(__func__, values, count * sizeof(double));
    std::vector<double> here(count);
    {
      const emulation::Opened opened;
      std::copy_n(values, count, here.begin());
    }
    sum(here.data(), count);
    const emulation::Opened opened;
    std::copy(here.begin(), here.end(), values);
    summed_on_gpus += static_cast<long>(count);
  }

 private:
  struct Away {
    Away() { emulation::turn().unlock(); }
    ~Away() { emulation::turn().lock(); }
    Away(const Away&) = delete;
    Away& operator=(const Away&) = delete;
  };
  std::shared_ptr<const Communicator> group_;
  bool on_gpus_;
};

/// body(communicator) on two ranks, `on_gpus` or not; what each throws, or nothing.
template <class Body>
std::vector<std::string> on_two_ranks(const Body& body, std::array<bool, 2> on_gpus = {}) {
  std::vector<std::string> messages;
  for (const std::exception_ptr& error : on_ranks(2, [&](const auto& group) {
         const std::lock_guard turn(emulation::turn());
         body(std::make_shared<InTurns>(group, on_gpus.at(static_cast<std::size_t>(group->rank()))));
       })) {
    try {
      if (error) std::rethrow_exception(error);
      messages.emplace_back();
    } catch (const std::exception& e) {
      messages.emplace_back(e.what());
    }
  }
  return messages;
}
inline const std::vector<std::string> all_well(2);

}  // namespace neuspec::test
