// Handles that free themselves, and data in both of the languages' hands.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "neuspec/fit.hpp"
#include "neuspec/neuspec.h"

namespace neuspec::test {

template <class Type>
class Handle {
 public:
  Handle() = default;
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Handle() { neuspec_free(handle_); }
  operator Type*() const { return handle_; }  // NOLINT(google-explicit-constructor)
  Type** made() {
    neuspec_free(std::exchange(handle_, nullptr));
    return &handle_;
  }

 private:
  Type* handle_ = nullptr;
};

using OptionsHandle = Handle<neuspec_options>;
using DataHandle = Handle<neuspec_data>;
using MomentsHandle = Handle<neuspec_moments>;
using ModelHandle = Handle<neuspec_model>;

#define EXPECT_OK(call) EXPECT_EQ(call, NEUSPEC_OK) << neuspec_message(nullptr)
#define ASSERT_OK(call) ASSERT_EQ(call, NEUSPEC_OK) << neuspec_message(nullptr)

inline OptionsHandle options_with(const std::vector<std::pair<std::string, std::string>>& values) {
  OptionsHandle options;
  EXPECT_OK(neuspec_options_create(options.made()));
  for (const auto& [name, value] : values) EXPECT_OK(neuspec_options_set(options, name.c_str(), value.c_str()));
  return options;
}

inline std::string number_text(double value) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.17g", value);
  return buffer;
}

inline OptionsHandle options_of(const Problem& problem) {
  return options_with({{"loss", problem.loss.name()},
                       {"activation", problem.activation.name()},
                       {"arch", problem.architecture.name()},
                       {"bias", problem.bias ? "yes" : "no"},
                       {"beta", number_text(problem.beta)},
                       {"threads", "1"}});
}

inline Settings one_thread() {
  Settings settings;
  settings.threads = 1;
  return settings;
}

inline neuspec_array rows(const std::vector<double>& values) { return {values.data(), NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0, NEUSPEC_HOST}; }

/// Of a data set that outlives it.
inline DataHandle data_of(const Dataset& data) {
  DataHandle handle;
  const neuspec_array x = rows(data.x()), y = rows(data.y()), weights = rows(data.weights());
  EXPECT_OK(
      neuspec_data_from_arrays(data.samples(), data.features(), data.targets(), &x, &y, data.weights().empty() ? nullptr : &weights, handle.made()));
  return handle;
}

inline double number(const neuspec_model* model, const char* name) {
  double value = 0;
  EXPECT_OK(neuspec_model_double(model, name, &value));
  return value;
}
inline int64_t integer(const neuspec_model* model, const char* name) {
  int64_t value = -1;
  EXPECT_OK(neuspec_model_int64(model, name, &value));
  return value;
}
inline std::string text(const neuspec_model* model, const char* name) {
  const char* value = "";
  EXPECT_OK(neuspec_model_text(model, name, &value));
  return value;
}

/// The network of a model as its arrays are given away.
inline Network network_of(const neuspec_model* model) {
  Network network;
  network.features = integer(model, "features");
  network.outputs = integer(model, "outputs");
  const auto m = static_cast<std::size_t>(integer(model, "neurons")), f = static_cast<std::size_t>(integer(model, "direction_size"));
  network.directions.resize(m * f);
  network.weights.resize(m);
  network.bias.resize(static_cast<std::size_t>(network.outputs));
  std::vector<int64_t> output(m), pool(m);
  EXPECT_OK(neuspec_model_network(model, network.directions.data(), network.weights.data(), output.data(), pool.data(), network.bias.data()));
  network.output.assign(output.begin(), output.end());
  if (text(model, "arch") != "dense") network.pool.assign(pool.begin(), pool.end());
  if (integer(model, "bias") == 0) network.bias.clear();
  return network;
}

inline void expect_same_network(const Network& one, const Network& other) {
  EXPECT_EQ(one.features, other.features);
  EXPECT_EQ(one.outputs, other.outputs);
  EXPECT_EQ(one.directions, other.directions);
  EXPECT_EQ(one.weights, other.weights);
  EXPECT_EQ(one.output, other.output);
  EXPECT_EQ(one.pool, other.pool);
  EXPECT_EQ(one.bias, other.bias);
}

}  // namespace neuspec::test
