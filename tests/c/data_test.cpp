// The caller's arrays: every type, layout and leading dimension, without a copy, and what cannot be used.
#include <cmath>
#include <limits>

#include "c/handles.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// A matrix laid out in every way, with NaN where nobody may look.
template <class T>
struct Laid {
  std::vector<T> values;
  neuspec_array array;

  Laid(const std::vector<double>& from, Index rows, Index columns, neuspec_layout layout, Index gap) {
    const bool by_rows = layout == NEUSPEC_ROW_MAJOR;
    const Index leading = (by_rows ? columns : rows) + gap;
    values.assign(static_cast<std::size_t>(leading * (by_rows ? rows : columns)), static_cast<T>(nan));
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j)
        values[static_cast<std::size_t>(by_rows ? i * leading + j : i + j * leading)] =
            static_cast<T>(from[static_cast<std::size_t>(i * columns + j)]);
    array = {values.data(), std::is_same_v<T, float> ? NEUSPEC_FLOAT : NEUSPEC_DOUBLE, layout, gap == 0 ? 0 : leading, NEUSPEC_HOST};
  }
};

/// Numbers that float holds.
Dataset single_data(Index samples, Index features, Index outputs) {
  Random random(4);
  const Dataset data = random_dataset(random, samples, features, outputs);
  const auto rounded = [](std::vector<double> values) {
    for (double& value : values) value = static_cast<double>(static_cast<float>(value));
    return values;
  };
  std::vector<double> weights;
  for (Index i = 0; i < samples; ++i) weights.push_back(i % 3 == 0 ? 0.5 : 1.25);
  return {samples, features, outputs, rounded(data.x()), rounded(data.y()), weights};
}

template <class T>
void expect_same_fit_from(const Dataset& data, const Network& expected) {
  const OptionsHandle options = options_with({{"beta", "2"}, {"threads", "1"}});
  for (const neuspec_layout layout : {NEUSPEC_ROW_MAJOR, NEUSPEC_COLUMN_MAJOR})
    for (const Index gap : {0, 3}) {
      const Laid<T> x(data.x(), data.samples(), data.features(), layout, gap), y(data.y(), data.samples(), data.targets(), layout, gap);
      const Laid<T> weights(data.weights(), data.samples(), 1, layout, gap);
      DataHandle handle;
      ASSERT_OK(neuspec_data_from_arrays(data.samples(), data.features(), data.targets(), &x.array, &y.array, &weights.array, handle.made()));
      ModelHandle model;
      ASSERT_OK(neuspec_fit(handle, options, nullptr, model.made()));
      expect_same_network(network_of(model), expected);
      // Standardised, a model of the same arrays is the same whatever their layout.
      for (const neuspec_layout to : {NEUSPEC_ROW_MAJOR, NEUSPEC_COLUMN_MAJOR}) {
        std::vector<T> f(data.y().size() + 64, static_cast<T>(7));
        const Index leading = to == NEUSPEC_ROW_MAJOR ? data.targets() : data.samples();
        ASSERT_OK(neuspec_predict(model, handle, nullptr, f.data(), std::is_same_v<T, float> ? NEUSPEC_FLOAT : NEUSPEC_DOUBLE, to, leading));
        std::vector<double> g(data.y().size());
        expected.predict(data.x().data(), data.samples(), g.data());
        for (Index i = 0; i < data.samples(); ++i)
          for (Index k = 0; k < data.targets(); ++k) {
            const Index at = to == NEUSPEC_ROW_MAJOR ? i * leading + k : i + k * leading;
            ASSERT_EQ(f[static_cast<std::size_t>(at)], static_cast<T>(g[static_cast<std::size_t>(i * data.targets() + k)]));
          }
        EXPECT_EQ(f[data.y().size()], static_cast<T>(7));
      }
    }
}

TEST(CData, EveryTypeAndLayoutIsTheSameData) {
  const Dataset data = single_data(130, 3, 2);
  const Network expected = fit(data, {.activation = {}, .beta = 2}, one_thread()).network;
  expect_same_fit_from<double>(data, expected);
  expect_same_fit_from<float>(data, expected);
}

TEST(CData, IsSeenAsItIsAtEachCall) {
  const Dataset data = single_data(40, 2, 1);
  std::vector<double> x = data.x(), y = data.y();
  DataHandle handle;
  const neuspec_array x_array = rows(x), y_array = rows(y);
  ASSERT_OK(neuspec_data_from_arrays(40, 2, 1, &x_array, &y_array, nullptr, handle.made()));
  const OptionsHandle options = options_with({{"beta", "1"}, {"threads", "1"}});
  ModelHandle before, after;
  ASSERT_OK(neuspec_fit(handle, options, nullptr, before.made()));
  for (double& value : y) value *= 2;
  ASSERT_OK(neuspec_fit(handle, options, nullptr, after.made()));
  expect_same_network(network_of(after), fit(Dataset(40, 2, 1, x, y), {.activation = {}, .beta = 1}, one_thread()).network);
  EXPECT_NE(network_of(after).weights, network_of(before).weights);
}

/// Each entry of each array not finite, at each call that reads it.
TEST(CData, NumbersThatAreNotFiniteAreDataErrorsThatNameTheirPlace) {
  const Dataset data = single_data(9, 2, 1);
  const OptionsHandle options = options_with({{"beta", "1"}});
  ModelHandle good;
  ASSERT_OK(neuspec_fit(data_of(data), options, nullptr, good.made()));
  struct Case {
    int array;
    std::size_t at;
    double value;
    const char* message;
  };
  for (const Case& bad : {Case{0, 5, nan, "data: sample 3, column 2 of the features: nan is not finite"},
                          Case{0, 16, -INFINITY, "data: sample 9, column 1 of the features: -inf is not finite"},
                          Case{1, 4, INFINITY, "data: sample 5, column 1 of the targets: inf is not finite"},
                          Case{2, 8, nan, "data: sample 9, column 1 of the weights: nan is not finite"},
                          Case{2, 1, -1.0, "data: the weight of sample 2 is negative"}}) {
    SCOPED_TRACE(bad.message);
    std::vector<double> arrays[] = {data.x(), data.y(), data.weights()};
    arrays[bad.array][bad.at] = bad.value;
    const neuspec_array x = rows(arrays[0]), y = rows(arrays[1]), weights = rows(arrays[2]);
    DataHandle handle;
    ASSERT_OK(neuspec_data_from_arrays(9, 2, 1, &x, &y, &weights, handle.made()));
    const auto expect_refused = [&](int code) {
      EXPECT_EQ(code, NEUSPEC_ERROR_DATA);
      EXPECT_STREQ(neuspec_message(nullptr), bad.message);
    };
    for (const char* standardize : {"no", "yes"}) {
      ASSERT_OK(neuspec_options_set(options, "standardize", standardize));
      ModelHandle model;
      expect_refused(neuspec_fit(handle, options, nullptr, model.made()));
      EXPECT_EQ(static_cast<neuspec_model*>(model), nullptr);
      EXPECT_STREQ(neuspec_message(handle), bad.message);
      double value = -1;
      expect_refused(neuspec_beta_max(handle, options, &value));
    }
    neuspec_certificate proof{};
    proof.primal = 17;
    expect_refused(neuspec_certify(good, handle, nullptr, &proof));
    EXPECT_EQ(proof.primal, 17);
    MomentsHandle moments;
    ASSERT_OK(neuspec_moments_create(nullptr, moments.made()));
    expect_refused(neuspec_moments_add(moments, handle));
    int64_t samples = -1;
    ASSERT_OK(neuspec_moments_size(moments, &samples, nullptr, nullptr));
    EXPECT_EQ(samples, 0);
    double f[9];
    if (bad.array == 0)
      expect_refused(neuspec_predict(good, handle, nullptr, f, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0));
    else
      EXPECT_OK(neuspec_predict(good, handle, nullptr, f, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0));
  }
}

TEST(CData, SizesAndArraysThatCannotBeAreUsageErrors) {
  const std::vector<double> values(12, 1.0);
  const neuspec_array good = rows(values);
  neuspec_array bad = good;
  neuspec_data* data = nullptr;
  const auto expect_refused = [&](int64_t n, int64_t d, int64_t C, const neuspec_array* x, const neuspec_array* y, const neuspec_array* w,
                                  const char* part) {
    data = reinterpret_cast<neuspec_data*>(&bad);
    EXPECT_EQ(neuspec_data_from_arrays(n, d, C, x, y, w, &data), NEUSPEC_ERROR_USAGE);
    EXPECT_EQ(data, nullptr);
    EXPECT_NE(std::string(neuspec_message(nullptr)).find(part), std::string::npos) << neuspec_message(nullptr);
  };
  for (const int64_t size : {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::min()}) {
    expect_refused(size, 3, 1, &good, &good, nullptr, "at least 1 sample");
    expect_refused(4, size, 1, &good, &good, nullptr, "at least 1 sample");
  }
  expect_refused(4, 3, -1, &good, &good, nullptr, "no fewer than 0 targets");
  expect_refused(4, 3, 0, &good, &good, nullptr, "0 of them");
  expect_refused(4, 3, 1, nullptr, &good, nullptr, "features is NULL");
  expect_refused(4, 3, 1, nullptr, nullptr, nullptr, "features is NULL");
  expect_refused(0, 3, 1, nullptr, nullptr, nullptr, "at least 1 sample");
  expect_refused(4, 3, 1, &good, nullptr, nullptr, "targets is NULL");
  bad.values = nullptr;
  expect_refused(4, 3, 1, &good, &good, &bad, "weights is NULL");
  const int64_t huge = std::numeric_limits<int64_t>::max();
  expect_refused(huge, 3, 1, &good, &good, nullptr, "more than there can be");
  expect_refused(4, huge / 2, 1, &good, &good, nullptr, "more than there can be");
  bad = good;
  bad.leading = 2;
  expect_refused(4, 3, 1, &bad, &good, nullptr, "leading dimension 2");
  bad.leading = -5;
  expect_refused(4, 3, 1, &bad, &good, nullptr, "leading dimension -5");
  bad = good;
  bad.layout = NEUSPEC_COLUMN_MAJOR;
  bad.leading = 3;
  expect_refused(4, 3, 1, &bad, &good, nullptr, "need 4");
  bad = good;
  bad.type = 9;
  expect_refused(4, 3, 1, &bad, &good, nullptr, "9 is no type");
  bad = good;
  bad.layout = -1;
  expect_refused(4, 3, 1, &bad, &good, nullptr, "-1 is no layout");
  bad = good;
  bad.memory = 2;
  expect_refused(4, 3, 1, &bad, &good, nullptr, "2 is no kind of memory");
}

TEST(CData, MemoryOfADeviceNeedsABuildWithOne) {
  const std::vector<double> values(12, 1.0);
  neuspec_array x = rows(values);
  const neuspec_array y = x;
  x.memory = NEUSPEC_DEVICE;
  neuspec_runtime runtime{};
  ASSERT_OK(neuspec_runtime_info(&runtime));
  if (runtime.cuda_compiled != 0) GTEST_SKIP() << "this build has one";
  DataHandle data;
  EXPECT_EQ(neuspec_data_from_arrays(4, 3, 1, &x, &y, nullptr, data.made()), NEUSPEC_ERROR_ENVIRONMENT);
  EXPECT_STREQ(neuspec_message(nullptr), "features: memory of a device: this build of neuspec has no CUDA backend");
}

TEST(CData, TellsItsSize) {
  const Dataset data = single_data(9, 2, 1);
  int64_t n = 0, d = 0, C = 0;
  const DataHandle handle = data_of(data);
  EXPECT_OK(neuspec_data_size(handle, &n, &d, &C));
  EXPECT_EQ(n, 9);
  EXPECT_EQ(d, 2);
  EXPECT_EQ(C, 1);
  EXPECT_OK(neuspec_data_size(handle, nullptr, nullptr, nullptr));
}

}  // namespace
}  // namespace neuspec::test
