// Helpers of tests on data that ranks share out: ranks are threads here.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "c/handles.hpp"
#include "neuspec/communicator.hpp"
#include "support/thread_ranks.hpp"

namespace neuspec::test {

using Ranked = std::shared_ptr<const Communicator>;

inline void set_ranks(const neuspec_data* data, const Ranked& communicator, int order) {
  EXPECT_EQ(share_out(const_cast<neuspec_data*>(data), order, [&] { return communicator; }), NEUSPEC_OK) << neuspec_message(nullptr);
}

inline std::string bytes_of(const neuspec_model* model) {
  size_t size = 0;
  EXPECT_OK(neuspec_model_to_memory(model, nullptr, 0, &size));
  std::string bytes(size, '#');
  EXPECT_OK(neuspec_model_to_memory(model, bytes.data(), bytes.size(), &size));
  return bytes;
}

inline neuspec_certificate proof_of(const neuspec_model* model, const neuspec_data* data, const neuspec_options* options) {
  neuspec_certificate proof{};
  EXPECT_OK(neuspec_certify(model, data, options, &proof));
  return proof;
}

inline std::vector<double> outputs_of(const neuspec_model* model, const neuspec_data* data, Index samples) {
  std::vector<double> f(static_cast<std::size_t>(samples * integer(model, "outputs")));
  EXPECT_OK(neuspec_predict(model, data, nullptr, f.data(), NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0));
  return f;
}

inline void expect_near(double value, double expected, double tolerance) { EXPECT_NEAR(value, expected, tolerance * std::abs(expected)); }

}  // namespace neuspec::test
