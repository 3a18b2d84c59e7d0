// Two ranks that are threads, each with a place among those of a machine with GPUs.
#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "emulation.hpp"
#include "support/thread_ranks.hpp"

namespace neuspec::test {

/// Ranks of one machine, each of which gives way while it is with the others.
class InTurns final : public Communicator {
 public:
  explicit InTurns(std::shared_ptr<const Communicator> group) : group_(std::move(group)) {}
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

 private:
  struct Away {
    Away() { emulation::turn().unlock(); }
    ~Away() { emulation::turn().lock(); }
    Away(const Away&) = delete;
    Away& operator=(const Away&) = delete;
  };
  std::shared_ptr<const Communicator> group_;
};

/// body(communicator) on two ranks; what each throws, or nothing.
template <class Body>
std::vector<std::string> on_two_ranks(const Body& body) {
  std::vector<std::string> messages;
  for (const std::exception_ptr& error : on_ranks(2, [&](const auto& group) {
         const std::lock_guard turn(emulation::turn());
         body(std::make_shared<InTurns>(group));
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
