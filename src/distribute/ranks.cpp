#include "distribute/ranks.hpp"

#include <cmath>
#include <new>
#include <numeric>
#include <string_view>

#include "neuspec/error.hpp"

namespace neuspec {
namespace {

enum class Kind { usage = 1, data, not_compiled, no_device, environment };

/// One letter for the kind, and the message.
std::string told(const std::exception_ptr& error) {
  const auto text = [](Kind kind, const char* what) { return std::to_string(static_cast<int>(kind)) + what; };
  try {
    std::rethrow_exception(error);
  } catch (const OtherFailed&) {
    return {};
  } catch (const UsageError& e) {
    return text(Kind::usage, e.what());
  } catch (const DataError& e) {
    return text(Kind::data, e.what());
  } catch (const NotCompiled& e) {
    return text(Kind::not_compiled, e.what());
  } catch (const NoDevice& e) {
    return text(Kind::no_device, e.what());
  } catch (const std::bad_alloc&) {
    return text(Kind::environment, "not enough memory");
  } catch (const std::exception& e) {
    return text(Kind::environment, e.what());
  } catch (...) {
    return text(Kind::environment, "an exception of an unknown kind");
  }
}

[[noreturn]] void throw_told(const std::string& message, Kind kind) {
  switch (kind) {
    case Kind::usage:
      throw UsageError(message);
    case Kind::data:
      throw DataError(message);
    case Kind::not_compiled:
      throw NotCompiled(message);
    case Kind::no_device:
      throw NoDevice(message);
    case Kind::environment:
      break;
  }
  throw EnvironmentError(message);
}

}  // namespace

void Ranks::agree(Task task, std::size_t count, std::span<double> payload) const {
  const double code = 4 * static_cast<double>(count) + static_cast<double>(task);
  std::vector<double> words{0, code, code * code};
  words.insert(words.end(), payload.begin(), payload.end());
  // A rank that failed sends three words: what the others do is longer where a payload rides along, and is of this length all the same.
  words.resize(3 + rides_along);
  communicator_->sum(words.data(), words.size());
  if (words[0] > 0) throw_first({});
  const double ranks = size();
  if (words[1] != ranks * code || words[2] != ranks * (code * code))
    throw EnvironmentError("the ranks disagree about what comes next: each has to call the same functions with the same arguments");
  std::copy_n(words.begin() + 3, payload.size(), payload.begin());
}

void Ranks::fail(const std::exception_ptr& error) const {
  if (failed_) std::rethrow_exception(error);
  std::vector<double> words(3 + rides_along);
  words[0] = 1;
  communicator_->sum(words.data(), words.size());
  throw_first(told(error));
}

// The ranks say how long a message they have, then the first that has one says it. Every rank throws, so that nobody goes on alone.
void Ranks::throw_first(const std::string& own) const {
  failed_ = true;
  gpu_link_.reset();  // which may be waiting for a rank that will not come
  std::vector<double> lengths(static_cast<std::size_t>(size()));
  lengths[static_cast<std::size_t>(rank())] = static_cast<double>(own.size());
  communicator_->sum(lengths.data(), lengths.size());
  const auto first = std::find_if(lengths.begin(), lengths.end(), [](double length) { return length > 0; }) - lengths.begin();
  std::vector<double> letters(static_cast<std::size_t>(lengths[static_cast<std::size_t>(first)]));
  if (first == rank()) std::copy(own.begin(), own.end(), letters.begin());
  communicator_->sum(letters.data(), letters.size());
  std::string message;
  for (const double letter : letters) message += static_cast<char>(std::lround(letter));
  const Kind kind = static_cast<Kind>(message.front() - '0');
  const bool named = first > 0 && (names_ranks_ || kind != Kind::data);
  throw_told((named ? "rank " + std::to_string(first) + ": " : "") + message.substr(1), kind);
}

void Ranks::sum(std::span<double> values) const {
  const bool rides = values.size() <= rides_along;
  agree(Task::sum, values.size(), rides ? values : std::span<double>());
  if (!rides) communicator_->sum(values.data(), values.size());
}

void Ranks::sum_on_gpus(std::span<double> values) const {
  agree(Task::sum, values.size(), {});
  communicator_->sum_on_gpus(values.data(), values.size());
}

std::vector<double> Ranks::all(std::span<const double> values) const {
  std::vector<double> result(values.size() * static_cast<std::size_t>(size()));
  std::copy(values.begin(), values.end(), result.begin() + static_cast<std::ptrdiff_t>(values.size()) * rank());
  sum(result);
  return result;
}

void Ranks::largest(std::span<double> values) const {
  const std::vector<double> of_ranks = all(values);
  for (std::size_t at = 0; at < of_ranks.size(); ++at) {
    double& largest = values[at % values.size()];
    largest = std::max(largest, of_ranks[at]);
  }
}

void Ranks::broadcast(std::span<double> values) const {
  agree(Task::broadcast, values.size(), {});
  communicator_->broadcast(values.data(), values.size_bytes());
}

void Ranks::broadcast(std::vector<double>& values) const {
  values.resize(static_cast<std::size_t>(broadcast(static_cast<double>(values.size()))));
  broadcast(std::span(values));
}

void Ranks::broadcast(std::string& bytes) const {
  bytes.resize(static_cast<std::size_t>(broadcast(static_cast<double>(bytes.size()))));
  agree(Task::broadcast, bytes.size(), {});
  communicator_->broadcast(bytes.data(), bytes.size());
}

Index samples_before(const Source& data) {
  if (data.ranks() == nullptr) return 0;
  const auto own = static_cast<double>(data.samples());
  const std::vector<double> all = data.ranks()->all(std::span(&own, 1));
  return static_cast<Index>(std::accumulate(all.begin(), all.begin() + data.ranks()->rank(), 0.0));
}

void check_shapes(const Source& data) {
  const auto number = [](Index value) { return static_cast<double>(value); };
  const std::vector<double> all = data.ranks()->all(std::vector{number(data.samples()), number(data.features()), number(data.targets())});
  for (std::size_t at = 0; at < all.size(); at += 3) {
    const std::string rank = "rank " + std::to_string(at / 3);
    if (all[at] < 1) throw DataError(rank + " has no samples: share them out among fewer ranks");
    if (all[at + 1] != all[1] || all[at + 2] != all[2])
      throw DataError(rank + " has samples of " + std::to_string(std::lround(all[at + 1])) + " features and " +
                      std::to_string(std::lround(all[at + 2])) + " targets, rank 0 of " + std::to_string(std::lround(all[1])) + " and " +
                      std::to_string(std::lround(all[2])));
  }
}

void sum_over_ranks(const Ranks* ranks, std::span<CompensatedSum> sums) {
  if (ranks == nullptr) return;
  std::vector<double> own;
  for (const CompensatedSum& sum : sums) own.insert(own.end(), {sum.leading(), sum.rest()});
  const std::vector<double> all = ranks->all(own);
  for (std::size_t at = 0; at < sums.size(); ++at) {
    sums[at] = {};
    for (std::size_t from = 2 * at; from < all.size(); from += own.size()) sums[at].add(CompensatedSum::of(all[from], all[from + 1]));
  }
}

}  // namespace neuspec
