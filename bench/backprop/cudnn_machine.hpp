// The layers by cuDNN, the rest by kernels of one thread an element or one block a sum. Same members as HostMachine. For nvcc.
#pragma once

#include <cuda_runtime.h>
#include <cudnn.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "backprop/shape.hpp"

namespace neuspec::bench {

/// Throw std::runtime_error naming the call unless it succeeded.
void check(cudaError_t error, const char* call);
void check(cudnnStatus_t status, const char* call);
#define NEUSPEC_BENCH_CHECK(call) ::neuspec::bench::check(call, #call)

constexpr int each_threads = 256, sum_threads = 256;

template <class Functor>
__global__ void __launch_bounds__(each_threads) each_kernel(Index count, Functor functor) {
  const Index stride = static_cast<Index>(gridDim.x) * each_threads;
  for (Index e = static_cast<Index>(blockIdx.x) * each_threads + threadIdx.x; e < count; e += stride) functor(e);
}

template <class Functor>
__global__ void __launch_bounds__(sum_threads) sum_kernel(Index rows, Functor functor) {
  __shared__ double parts[sum_threads];
  const Index column = blockIdx.x;
  double sum = 0;
  for (Index row = threadIdx.x; row < rows; row += sum_threads) sum += functor.term(column, row);
  parts[threadIdx.x] = sum;
  for (int half = sum_threads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (static_cast<int>(threadIdx.x) < half) parts[threadIdx.x] += parts[threadIdx.x + half];
  }
  if (threadIdx.x == 0) functor.store(column, parts[0]);
}

class CudnnMachine {
 public:
  static constexpr const char* name = "cudnn";

  /// \throws NoDevice where there is no driver or GPU
  explicit CudnnMachine(bool tf32);
  ~CudnnMachine();
  CudnnMachine(const CudnnMachine&) = delete;
  CudnnMachine& operator=(const CudnnMachine&) = delete;

  cudaStream_t stream() const { return stream_; }
  cudnnHandle_t handle() const { return handle_; }
  cudnnMathType_t math() const { return tf32_ ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH; }
  void synchronize() { NEUSPEC_BENCH_CHECK(cudaStreamSynchronize(stream_)); }
  /// Scratch of all layers, grown to what the largest asks for.
  void reserve(std::size_t bytes);
  void* workspace() const { return workspace_; }
  std::size_t workspace_size() const { return workspace_size_; }

  template <class T>
  class Array {
   public:
    Array(CudnnMachine& machine, Index count) : stream_(machine.stream()), count_(count) {
      if (count > 0) NEUSPEC_BENCH_CHECK(cudaMalloc(&data_, bytes()));
      clear();
    }
    Array(const Array&) = delete;
    Array& operator=(const Array&) = delete;
    Array(Array&& other) noexcept : stream_(other.stream_), data_(std::exchange(other.data_, nullptr)), count_(other.count_) {}
    ~Array() { cudaFree(data_); }
    T* data() { return data_; }
    const T* data() const { return data_; }
    Index size() const { return count_; }
    void upload(const std::vector<T>& values) {
      if (static_cast<Index>(values.size()) != count_) throw std::invalid_argument("upload: other size");
      NEUSPEC_BENCH_CHECK(cudaMemcpyAsync(data_, values.data(), bytes(), cudaMemcpyHostToDevice, stream_));
      NEUSPEC_BENCH_CHECK(cudaStreamSynchronize(stream_));
    }
    std::vector<T> download() const {
      std::vector<T> values(static_cast<std::size_t>(count_));
      NEUSPEC_BENCH_CHECK(cudaMemcpyAsync(values.data(), data_, bytes(), cudaMemcpyDeviceToHost, stream_));
      NEUSPEC_BENCH_CHECK(cudaStreamSynchronize(stream_));
      return values;
    }
    void clear() {
      if (count_ > 0) NEUSPEC_BENCH_CHECK(cudaMemsetAsync(data_, 0, bytes(), stream_));
    }

   private:
    std::size_t bytes() const { return static_cast<std::size_t>(count_) * sizeof(T); }
    cudaStream_t stream_;
    T* data_ = nullptr;
    Index count_ = 0;
  };

  template <class Functor>
  void each(Index count, Functor functor) {
    if (count == 0) return;
    const Index blocks = (count + each_threads - 1) / each_threads;
    each_kernel<<<static_cast<unsigned>(blocks < 65536 ? blocks : 65536), each_threads, 0, stream_>>>(count, functor);
    NEUSPEC_BENCH_CHECK(cudaGetLastError());
  }
  template <class Functor>
  void sums(Index columns, Index rows, Functor functor) {
    if (columns == 0) return;
    sum_kernel<<<static_cast<unsigned>(columns), sum_threads, 0, stream_>>>(rows, functor);
    NEUSPEC_BENCH_CHECK(cudaGetLastError());
  }

  /// The fastest algorithms of cuDNN for the shape, found by trying when it is made.
  template <class Real>
  class Convolution {
   public:
    Convolution(CudnnMachine& machine, const ConvolutionShape& shape);
    ~Convolution();
    Convolution(const Convolution&) = delete;
    Convolution& operator=(const Convolution&) = delete;
    void forward(const Real* x, const Real* w, Real* y) const;
    void backward_data(const Real* w, const Real* dy, Real* dx) const;
    void backward_filter(const Real* x, const Real* dy, Real* dw) const;

   private:
    void find_algorithms();
    CudnnMachine& machine_;
    cudnnTensorDescriptor_t x_ = nullptr, y_ = nullptr;
    cudnnFilterDescriptor_t w_ = nullptr;
    cudnnConvolutionDescriptor_t convolution_ = nullptr;
    cudnnConvolutionFwdAlgo_t forward_{};
    cudnnConvolutionBwdDataAlgo_t data_{};
    cudnnConvolutionBwdFilterAlgo_t filter_{};
  };

  template <class Real>
  class AveragePool {
   public:
    AveragePool(CudnnMachine& machine, const PoolShape& shape);
    ~AveragePool();
    AveragePool(const AveragePool&) = delete;
    AveragePool& operator=(const AveragePool&) = delete;
    void forward(const Real* x, Real* y) const;
    void backward(const Real* x, const Real* y, const Real* dy, Real* dx) const;

   private:
    CudnnMachine& machine_;
    cudnnTensorDescriptor_t x_ = nullptr, y_ = nullptr;
    cudnnPoolingDescriptor_t pool_ = nullptr;
  };

 private:
  bool tf32_ = false;
  cudaStream_t stream_ = nullptr;
  cudnnHandle_t handle_ = nullptr;
  void* workspace_ = nullptr;
  std::size_t workspace_size_ = 0;
};

}  // namespace neuspec::bench
