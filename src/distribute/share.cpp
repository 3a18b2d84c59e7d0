#include "distribute/share.hpp"

#include <cstring>
#include <string>
#include <type_traits>

namespace neuspec {
namespace {

/// Turns fields into bytes …
class Writer {
 public:
  template <class T>
  void operator()(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <class T>
  void operator()(const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    (*this)(values.size());
    if (!values.empty()) bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
  void operator()(const std::string& text) {
    (*this)(text.size());
    bytes_ += text;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// … and back.
class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {}

  template <class T>
  void operator()(T& value) {
    take(&value, sizeof value);
  }
  template <class T>
  void operator()(std::vector<T>& values) {
    values.resize(length());
    take(values.data(), values.size() * sizeof(T));
  }
  void operator()(std::string& text) {
    text.resize(length());
    take(text.data(), text.size());
  }

 private:
  std::size_t length() {
    std::size_t count = 0;
    take(&count, sizeof count);
    return count;
  }
  void take(void* to, std::size_t count) {
    if (count > 0) std::memcpy(to, bytes_.data() + at_, count);
    at_ += count;
  }

  const std::string& bytes_;
  std::size_t at_ = 0;
};

template <class Archive>
void fields(Archive& all, Network& network) {
  all(network.activation);
  all(network.features);
  all(network.outputs);
  all(network.directions);
  all(network.weights);
  all(network.output);
  all(network.architecture);
  all(network.pool);
  all(network.bias);
}

template <class Archive>
void fields(Archive& all, Certificate& certificate) {
  all(certificate);
}

template <class Archive>
void fields(Archive& all, Result& result) {
  fields(all, result.network);
  Report& report = result.report;
  all(report.status);
  for (double* number :
       {&report.primal, &report.dual, &report.relative_gap, &report.beta, &report.beta_max, &report.rounding, &report.resumed_seconds})
    all(*number);
  for (Index* number :
       {&report.neurons, &report.iterations, &report.resumed_iterations, &report.samples, &report.features, &report.outputs, &report.blocks})
    all(*number);
  for (std::string* text : {&report.solver, &report.data_operator, &report.device, &report.precision, &report.choice}) all(*text);
  all(report.seconds);
  all(report.history);
}

template <class Value>
void share_fields(const Ranks& ranks, Value& value) {
  std::string bytes;
  if (ranks.first()) {
    Writer writer;
    fields(writer, value);
    bytes = writer.take();
  }
  ranks.broadcast(bytes);
  if (ranks.first()) return;
  Reader reader(bytes);
  fields(reader, value);
}

}  // namespace

void share(const Ranks& ranks, Network& network) { share_fields(ranks, network); }
void share(const Ranks& ranks, Certificate& certificate) { share_fields(ranks, certificate); }
void share(const Ranks& ranks, Result& result) { share_fields(ranks, result); }
void share(const Ranks& ranks, std::vector<Result>& results) {
  results.resize(static_cast<std::size_t>(ranks.broadcast(static_cast<double>(results.size()))));
  for (Result& result : results) share(ranks, result);
}

std::vector<double> gather(const Ranks& ranks, std::vector<double> own) {
  const auto size = static_cast<double>(own.size());
  const std::vector<double> sizes = ranks.all(std::span(&size, 1));
  if (!ranks.first()) {
    ranks.communicator().send(own.data(), own.size() * sizeof(double), 0);
    return {};
  }
  for (int from = 1; from < ranks.size(); ++from) {
    const std::size_t known = own.size(), more = static_cast<std::size_t>(sizes[static_cast<std::size_t>(from)]);
    own.resize(known + more);
    ranks.communicator().receive(own.data() + known, more * sizeof(double), from);
  }
  return own;
}

std::vector<double> scatter(const Ranks& ranks, std::vector<double> all, std::size_t count) {
  const auto size = static_cast<double>(count);
  const std::vector<double> sizes = ranks.all(std::span(&size, 1));
  if (ranks.first()) {
    std::size_t at = count;
    for (int to = 1; to < ranks.size(); ++to) {
      const auto some = static_cast<std::size_t>(sizes[static_cast<std::size_t>(to)]);
      ranks.communicator().send(all.data() + at, some * sizeof(double), to);
      at += some;
    }
    all.resize(count);
    return all;
  }
  std::vector<double> own(count);
  ranks.communicator().receive(own.data(), count * sizeof(double), 0);
  return own;
}

}  // namespace neuspec
