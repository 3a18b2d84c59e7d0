// A host program's arrays in the memory of its GPU, through the C API.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <tuple>
#include <vector>

#include "c/handles.hpp"
#include "device/device.hpp"
#include "emulation.hpp"
#include "lift/moment_plan.hpp"
#include "neuspec/arrays.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

/// A matrix on the device, laid out with a gap behind every line.
template <class T>
class OnDevice {
 public:
  OnDevice(const std::vector<double>& from, Index rows, Index columns, int32_t layout) {
    const bool by_rows = layout == NEUSPEC_ROW_MAJOR;
    const Index leading = (by_rows ? columns : rows) + 2;
    const auto count = static_cast<std::size_t>(leading * (by_rows ? rows : columns));
    cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking);
    cudaMallocAsync(&memory_, count * sizeof(T), stream_);
    cudaMallocHost(reinterpret_cast<void**>(&pinned_), count * sizeof(T));
    std::memset(pinned_, 0xff, count * sizeof(T));  // NaN in the gaps
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j)
        pinned_[by_rows ? i * leading + j : i + j * leading] = static_cast<T>(from[static_cast<std::size_t>(i * columns + j)]);
    cudaMemcpyAsync(memory_, pinned_, count * sizeof(T), cudaMemcpyHostToDevice, stream_);
    cudaStreamSynchronize(stream_);
    array = {memory_, sizeof(T) == sizeof(float) ? NEUSPEC_FLOAT : NEUSPEC_DOUBLE, layout, leading, NEUSPEC_DEVICE};
  }
  ~OnDevice() {
    cudaFreeAsync(memory_, stream_);
    cudaFreeHost(pinned_);
    cudaStreamDestroy(stream_);
  }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

  neuspec_array array{};

 private:
  void* memory_ = nullptr;
  T* pinned_ = nullptr;
  cudaStream_t stream_ = nullptr;
};

std::vector<double> in_single(std::vector<double> values) {
  for (double& value : values) value = static_cast<double>(static_cast<float>(value));
  return values;
}

template <class T>
void expect_same_model(const Dataset& data, const neuspec_options* options, const Network& expected) {
  for (const int32_t layout : {NEUSPEC_ROW_MAJOR, NEUSPEC_COLUMN_MAJOR}) {
    const OnDevice<T> x(data.x(), data.samples(), data.features(), layout), y(data.y(), data.samples(), data.targets(), layout);
    DataHandle handle;
    ASSERT_OK(neuspec_data_from_arrays(data.samples(), data.features(), data.targets(), &x.array, &y.array, nullptr, handle.made()));
    ModelHandle model;
    ASSERT_OK(neuspec_fit(handle, options, nullptr, model.made()));
    expect_same_network(network_of(model), expected);
    neuspec_certificate proof{};
    ASSERT_OK(neuspec_certify(model, handle, options, &proof));
    EXPECT_EQ(proof.proven, 1);
  }
}

TEST(DeviceArrays, AreTheSameDataAsOnTheHost) {
  emulation::reset();
  Random random(31);
  const Dataset made = random_dataset(random, 90, 3, 2);
  const Dataset data(90, 3, 2, in_single(made.x()), in_single(made.y()));
  const OptionsHandle options = options_with({{"beta", "1"}, {"threads", "1"}});
  neuspec_runtime runtime{};
  ASSERT_OK(neuspec_runtime_info(&runtime));
  EXPECT_EQ(runtime.cuda_compiled, 1);
  EXPECT_EQ(runtime.cuda_found, 1);
  ModelHandle model;
  ASSERT_OK(neuspec_fit(data_of(data), options, nullptr, model.made()));
  const Network expected = network_of(model);
  expect_same_model<double>(data, options, expected);
  expect_same_model<float>(data, options, expected);
}

/// The GPU takes samples from `first` on where they are, and nothing of them travels.
template <class T>
void expect_taken_there(const std::vector<double>& x, const std::vector<double>& y, Index d, int32_t layout) {
  const auto n = static_cast<Index>(y.size()), first = Index(7), rest = n - first;
  const OnDevice<T> there(x, n, d, layout);
  const Layout order = layout == NEUSPEC_ROW_MAJOR ? Layout::row_major : Layout::column_major;
  const ArrayDataset data(n, d, 0, {static_cast<const T*>(there.array.values), order, there.array.leading, Memory::device}, {});
  const auto device = make_device<double>(DeviceKind::cuda);
  StoredForm form = device->stored_form_of(data);
  ASSERT_NE(form.stored, nullptr);
  EXPECT_EQ(make_device<double>(DeviceKind::cpu)->stored_form_of(data).stored, nullptr);
  const auto X = device->allocate(d, rest);
  const long before = emulation::counts().travelled;
  device->upload(form, first, X);
  EXPECT_EQ(emulation::counts().travelled, before);
  std::vector<double> back(static_cast<std::size_t>(d * rest));
  device->download(X, back.data());
  EXPECT_EQ(back, std::vector<double>(x.begin() + first * d, x.end()));
  const auto sums = [&](const StoredForm& of, const double* features) {
    const MomentPlan plan(d + 1);
    const auto accumulator = device->moment_accumulator(d, 1);
    const long at_first = emulation::counts().travelled;
    accumulator->add({.first = 0, .samples = rest, .x = features, .y = y.data() + first, .weights = nullptr}, of);
    const long travelled = emulation::counts().travelled - at_first;
    std::vector<double> moments(static_cast<std::size_t>(plan.buffer_size)), targets(static_cast<std::size_t>(plan.pairs));
    accumulator->drain(moments, targets);
    return std::tuple(moments, targets, travelled);
  };
  form.first = first;
  const auto [moments, targets, travelled] = sums(form, nullptr);
  const auto [expected_moments, expected_targets, with_features] = sums({}, x.data() + first * d);
  EXPECT_EQ(moments, expected_moments);
  EXPECT_EQ(targets, expected_targets);
  EXPECT_EQ(with_features - travelled, static_cast<long>(sizeof(double)) * rest * d);
}

TEST(DeviceArrays, AreTakenByTheGpuWhereTheyAre) {
  emulation::reset();
  Random random(32);
  const Index n = 500, d = 4;
  std::vector<double> x;
  for (Index at = 0; at < n * d; ++at) x.push_back(static_cast<double>(random.index(0, 200)));
  const std::vector<double> y = random.normals(n);
  for (const int32_t layout : {NEUSPEC_ROW_MAJOR, NEUSPEC_COLUMN_MAJOR}) {
    expect_taken_there<std::uint8_t>(x, y, d, layout);
    expect_taken_there<float>(x, y, d, layout);
    expect_taken_there<double>(x, y, d, layout);
  }
}

}  // namespace
}  // namespace neuspec::test
