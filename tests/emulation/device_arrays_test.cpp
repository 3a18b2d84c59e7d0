// A host program's arrays in the memory of its GPU, through the C API.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "c/handles.hpp"
#include "emulation.hpp"
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

}  // namespace
}  // namespace neuspec::test
