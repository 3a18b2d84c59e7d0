// What goes wrong with data that ranks share out.
#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <utility>

#include "c/ranked_data.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

class CRanksFail : public testing::Test {
 protected:
  Random random_{22};
  Dataset all_ = random_dataset(random_, 90, 3, 2);
  DataHandle whole_ = data_of(all_);
  static OptionsHandle options() { return options_with({{"beta-ratio", "0.05"}, {"threads", "1"}, {"tol", "1e-9"}}); }
};

/// call(data, options, rank) with samples of which `spoil` may change a rank's. Each rank's code and message.
std::vector<std::pair<int, std::string>> failures(const Dataset& all, const std::function<void(std::vector<double>& x, int rank)>& spoil,
                                                  const std::function<int(neuspec_data*, int rank)>& call) {
  std::vector<std::pair<int, std::string>> seen(3);
  on_ranks(3, [&](const Ranked& communicator) {
    const int rank = communicator->rank();
    const Dataset part = part_of(all, rank, 3);
    std::vector<double> x = part.x();
    spoil(x, rank);
    const neuspec_array features = rows(x), targets = rows(part.y());
    DataHandle data;
    ASSERT_OK(neuspec_data_from_arrays(part.samples(), part.features(), part.targets(), &features, &targets, nullptr, data.made()));
    set_ranks(data, communicator, NEUSPEC_ANY_ORDER);
    const int code = call(data, rank);
    seen[static_cast<std::size_t>(rank)] = {code, neuspec_message(data)};
  });
  return seen;
}

TEST_F(CRanksFail, WhatFailsOnOneRankFailsOnAll) {
  const auto nothing = [](auto&, int) {};
  const auto fit_with = [](neuspec_data* data, const neuspec_options* own) {
    ModelHandle model;
    return neuspec_fit(data, own, nullptr, model.made());
  };
  for (const char* standardize : {"no", "yes"}) {
    const auto bad = failures(
        all_, [](std::vector<double>& x, int rank) { x[4] = rank == 1 ? std::nan("") : x[4]; },
        [&](neuspec_data* data, int) { return fit_with(data, options_with({{"beta", "1"}, {"standardize", standardize}})); });
    for (const auto& [code, message] : bad) {
      EXPECT_EQ(code, NEUSPEC_ERROR_DATA);
      EXPECT_THAT(message, testing::AllOf(testing::StartsWith("rank 1: "), testing::HasSubstr("sample 2"))) << message;
      EXPECT_EQ(message, bad.front().second);
    }
  }
  const auto wrong_handle = failures(all_, nothing, [&](neuspec_data* data, int rank) {
    return fit_with(data, rank == 2 ? reinterpret_cast<neuspec_options*>(data) : static_cast<neuspec_options*>(options()));
  });
  for (const auto& [code, message] : wrong_handle) {
    EXPECT_EQ(code, NEUSPEC_ERROR_USAGE);
    EXPECT_EQ(message, "rank 2: no handle of options: it is of another kind, was freed or never was one");
  }
  const auto no_beta = failures(all_, nothing, [&](neuspec_data* data, int) { return fit_with(data, options_with({})); });
  for (const auto& [code, message] : no_beta) EXPECT_THAT(message, testing::StartsWith("set the option beta"));
  // Where they call different functions, all are told.
  const auto disagreeing = failures(all_, nothing, [&](neuspec_data* data, int rank) {
    double largest = 0;
    return rank == 0 ? neuspec_beta_max(data, options_with({{"loss", "absolute"}}), &largest) : fit_with(data, options_with({{"beta", "1"}}));
  });
  for (const auto& [code, message] : disagreeing) {
    EXPECT_EQ(code, NEUSPEC_ERROR_ENVIRONMENT);
    EXPECT_THAT(message, testing::HasSubstr("disagree"));
  }
}

TEST_F(CRanksFail, ColumnsOfOneRankThatAreOthersAreRefused) {
  std::vector<std::string> messages(2);
  on_ranks(2, [&](const Ranked& communicator) {
    const int features = communicator->rank() == 1 ? 4 : 5;
    const std::vector<double> x(20, 1.0), y(4, 1.0);
    const neuspec_array array = rows(x), targets = rows(y);
    DataHandle data;
    ASSERT_OK(neuspec_data_from_arrays(4, features, 1, &array, &targets, nullptr, data.made()));
    set_ranks(data, communicator, NEUSPEC_ANY_ORDER);
    ModelHandle model;
    EXPECT_EQ(neuspec_fit(data, options_with({{"beta", "1"}, {"standardize", "yes"}}), nullptr, model.made()), NEUSPEC_ERROR_DATA);
    messages[static_cast<std::size_t>(communicator->rank())] = neuspec_message(data);
  });
  for (const std::string& message : messages) EXPECT_EQ(message, "rank 1: data: the columns are not those of rank 0's samples: 4 features, 1 target");
}

TEST_F(CRanksFail, NeedACommunicatorAndAnOrder) {
  EXPECT_EQ(neuspec_data_set_ranks(whole_, 0, 2), NEUSPEC_ERROR_USAGE);
  EXPECT_STREQ(neuspec_message(whole_), "order: give NEUSPEC_ANY_ORDER or NEUSPEC_FIXED_ORDER");
  EXPECT_EQ(share_out(whole_, NEUSPEC_ANY_ORDER, [] { return nullptr; }), NEUSPEC_ERROR_USAGE);
  // This program is linked without neuspec_mpi.
  EXPECT_EQ(neuspec_data_set_ranks(whole_, 0, NEUSPEC_ANY_ORDER), NEUSPEC_ERROR_ENVIRONMENT);
  EXPECT_THAT(neuspec_message(whole_), testing::HasSubstr("linked without MPI"));
  // Nothing has happened to the data.
  ModelHandle model;
  EXPECT_OK(neuspec_fit(whole_, options(), nullptr, model.made()));
}

}  // namespace
}  // namespace neuspec::test
