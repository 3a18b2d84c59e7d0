// Ranks that are threads of one process: what a communicator has to do, without MPI.
#pragma once

#include <algorithm>
#include <barrier>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "neuspec/communicator.hpp"

namespace neuspec::test {

/// What the ranks have in common.
struct Meeting {
  explicit Meeting(int size) : barrier(size), values(static_cast<std::size_t>(size)), bytes(static_cast<std::size_t>(size)) {}
  std::barrier<> barrier;
  std::vector<double*> values;
  std::vector<void*> bytes;
  std::mutex mutex;
  std::condition_variable arrived;
  std::map<std::pair<int, int>, std::deque<std::string>> messages;
};

class ThreadCommunicator final : public Communicator {
 public:
  ThreadCommunicator(std::shared_ptr<Meeting> meeting, int rank) : meeting_(std::move(meeting)), rank_(rank) {}
  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(meeting_->values.size()); }
  int local_size() const override { return size(); }

  void sum(double* values, std::size_t count) const override {
    meeting_->values[static_cast<std::size_t>(rank_)] = values;
    meeting_->barrier.arrive_and_wait();
    std::vector<double> total(count);
    for (const double* of_rank : meeting_->values)
      for (std::size_t i = 0; i < count; ++i) total[i] += of_rank[i];
    meeting_->barrier.arrive_and_wait();
    std::copy(total.begin(), total.end(), values);
    meeting_->barrier.arrive_and_wait();
  }
  void broadcast(void* bytes, std::size_t count) const override {
    meeting_->bytes[static_cast<std::size_t>(rank_)] = bytes;
    meeting_->barrier.arrive_and_wait();
    if (rank_ > 0 && count > 0) std::memcpy(bytes, meeting_->bytes[0], count);
    meeting_->barrier.arrive_and_wait();
  }
  void send(const void* bytes, std::size_t count, int to) const override {
    const std::lock_guard lock(meeting_->mutex);
    meeting_->messages[{rank_, to}].emplace_back(static_cast<const char*>(bytes), count);
    meeting_->arrived.notify_all();
  }
  void receive(void* bytes, std::size_t count, int from) const override {
    std::unique_lock lock(meeting_->mutex);
    std::deque<std::string>& queue = meeting_->messages[{from, rank_}];
    meeting_->arrived.wait(lock, [&] { return !queue.empty(); });
    const std::string message = std::move(queue.front());
    queue.pop_front();
    if (message.size() != count) throw std::logic_error("a message of another length");
    if (count > 0) std::memcpy(bytes, message.data(), count);
  }

 private:
  std::shared_ptr<Meeting> meeting_;
  int rank_;
};

/// body(communicator) on so many ranks at once; what each throws, or nothing.
template <class Body>
std::vector<std::exception_ptr> on_ranks(int size, const Body& body) {
  const auto meeting = std::make_shared<Meeting>(size);
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      try {
        body(std::make_shared<ThreadCommunicator>(meeting, rank));
      } catch (...) {
        errors[static_cast<std::size_t>(rank)] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return errors;
}

/// Rank r's part of samples that are shared out in ranges, not of the same size.
inline Dataset part_of(const Dataset& data, int rank, int size) {
  const auto at = [&](int r) { return r == size ? data.samples() : r * data.samples() / size + (r > 0 ? r % 3 : 0); };
  const Index first = at(rank), last = at(rank + 1), d = data.features(), C = data.targets();
  const auto rows = [&](const std::vector<double>& all, Index columns) {
    return all.empty() ? std::vector<double>() : std::vector<double>(all.begin() + first * columns, all.begin() + last * columns);
  };
  return {last - first, d, C, rows(data.x(), d), rows(data.y(), C), rows(data.weights(), 1)};
}

}  // namespace neuspec::test
