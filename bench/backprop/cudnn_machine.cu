#include <algorithm>
#include <array>
#include <utility>

#include "backprop/cudnn_machine.hpp"
#include "neuspec/error.hpp"

namespace neuspec::bench {
namespace {

template <class Real>
constexpr cudnnDataType_t type = sizeof(Real) == sizeof(double) ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;

template <class Real>
constexpr Real one = 1;

template <class Real>
constexpr Real zero = 0;

int narrow(Index value) {
  if (value > 0x7fffffff) throw std::invalid_argument("a layer too large for cuDNN");
  return static_cast<int>(value);
}

template <class Real>
cudnnTensorDescriptor_t tensor(Index n, Index c, Index h, Index w) {
  cudnnTensorDescriptor_t descriptor = nullptr;
  NEUSPEC_BENCH_CHECK(cudnnCreateTensorDescriptor(&descriptor));
  NEUSPEC_BENCH_CHECK(cudnnSetTensor4dDescriptor(descriptor, CUDNN_TENSOR_NCHW, type<Real>, narrow(n), narrow(c), narrow(h), narrow(w)));
  return descriptor;
}

/// The first that ran: cuDNN sorts them by time. Algorithms of another math type than the one asked for are passed over.
template <class Found>
const Found& fastest(const std::array<Found, 10>& found, int count, cudnnMathType_t math) {
  for (int i = 0; i < count; ++i) {
    const Found& candidate = found[static_cast<std::size_t>(i)];
    if (candidate.status == CUDNN_STATUS_SUCCESS && (candidate.mathType == math || math == CUDNN_DEFAULT_MATH)) return candidate;
  }
  throw std::runtime_error("cuDNN has no algorithm for this convolution");
}

}  // namespace

void check(cudaError_t error, const char* call) {
  if (error != cudaSuccess) throw std::runtime_error(std::string(call) + ": " + cudaGetErrorString(error));
}
void check(cudnnStatus_t status, const char* call) {
  if (status != CUDNN_STATUS_SUCCESS) throw std::runtime_error(std::string(call) + ": " + cudnnGetErrorString(status));
}

CudnnMachine::CudnnMachine(bool tf32) : tf32_(tf32) {
  int devices = 0;
  const cudaError_t error = cudaGetDeviceCount(&devices);
  if (error != cudaSuccess || devices == 0) throw NoDevice(std::string("no GPU for cuDNN: ") + cudaGetErrorString(error));
  NEUSPEC_BENCH_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  NEUSPEC_BENCH_CHECK(cudnnCreate(&handle_));
  NEUSPEC_BENCH_CHECK(cudnnSetStream(handle_, stream_));
}

CudnnMachine::~CudnnMachine() {
  cudaFree(workspace_);
  if (handle_ != nullptr) cudnnDestroy(handle_);
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
}

void CudnnMachine::reserve(std::size_t bytes) {
  if (bytes <= workspace_size_) return;
  NEUSPEC_BENCH_CHECK(cudaStreamSynchronize(stream_));
  NEUSPEC_BENCH_CHECK(cudaFree(std::exchange(workspace_, nullptr)));
  workspace_size_ = 0;
  NEUSPEC_BENCH_CHECK(cudaMalloc(&workspace_, bytes));
  workspace_size_ = bytes;
}

template <class Real>
CudnnMachine::Convolution<Real>::Convolution(CudnnMachine& machine, const ConvolutionShape& shape)
    : machine_(machine),
      x_(tensor<Real>(shape.batch, shape.channels, shape.height, shape.width)),
      y_(tensor<Real>(shape.batch, shape.filters, shape.out_height(), shape.out_width())) {
  NEUSPEC_BENCH_CHECK(cudnnCreateFilterDescriptor(&w_));
  NEUSPEC_BENCH_CHECK(cudnnSetFilter4dDescriptor(w_, type<Real>, CUDNN_TENSOR_NCHW, narrow(shape.filters), narrow(shape.channels),
                                                 narrow(shape.filter_height), narrow(shape.filter_width)));
  NEUSPEC_BENCH_CHECK(cudnnCreateConvolutionDescriptor(&convolution_));
  NEUSPEC_BENCH_CHECK(cudnnSetConvolution2dDescriptor(convolution_, 0, 0, narrow(shape.stride_height), narrow(shape.stride_width), 1, 1,
                                                      CUDNN_CROSS_CORRELATION, type<Real>));
  NEUSPEC_BENCH_CHECK(cudnnSetConvolutionMathType(convolution_, machine.math()));
  find_algorithms();
}

template <class Real>
void CudnnMachine::Convolution<Real>::find_algorithms() {
  int count = 0;
  std::array<cudnnConvolutionFwdAlgoPerf_t, 10> forward;
  NEUSPEC_BENCH_CHECK(cudnnFindConvolutionForwardAlgorithm(machine_.handle(), x_, w_, convolution_, y_, 10, &count, forward.data()));
  const auto& best_forward = fastest(forward, count, machine_.math());
  std::array<cudnnConvolutionBwdDataAlgoPerf_t, 10> data;
  NEUSPEC_BENCH_CHECK(cudnnFindConvolutionBackwardDataAlgorithm(machine_.handle(), w_, y_, convolution_, x_, 10, &count, data.data()));
  const auto& best_data = fastest(data, count, machine_.math());
  std::array<cudnnConvolutionBwdFilterAlgoPerf_t, 10> filter;
  NEUSPEC_BENCH_CHECK(cudnnFindConvolutionBackwardFilterAlgorithm(machine_.handle(), x_, y_, convolution_, w_, 10, &count, filter.data()));
  const auto& best_filter = fastest(filter, count, machine_.math());
  forward_ = best_forward.algo;
  data_ = best_data.algo;
  filter_ = best_filter.algo;
  machine_.reserve(std::max({best_forward.memory, best_data.memory, best_filter.memory}));
}

template <class Real>
CudnnMachine::Convolution<Real>::~Convolution() {
  cudnnDestroyConvolutionDescriptor(convolution_);
  cudnnDestroyFilterDescriptor(w_);
  cudnnDestroyTensorDescriptor(x_);
  cudnnDestroyTensorDescriptor(y_);
}

template <class Real>
void CudnnMachine::Convolution<Real>::forward(const Real* x, const Real* w, Real* y) const {
  NEUSPEC_BENCH_CHECK(cudnnConvolutionForward(machine_.handle(), &one<Real>, x_, x, w_, w, convolution_, forward_, machine_.workspace(),
                                              machine_.workspace_size(), &zero<Real>, y_, y));
}

template <class Real>
void CudnnMachine::Convolution<Real>::backward_data(const Real* w, const Real* dy, Real* dx) const {
  NEUSPEC_BENCH_CHECK(cudnnConvolutionBackwardData(machine_.handle(), &one<Real>, w_, w, y_, dy, convolution_, data_, machine_.workspace(),
                                                   machine_.workspace_size(), &zero<Real>, x_, dx));
}

template <class Real>
void CudnnMachine::Convolution<Real>::backward_filter(const Real* x, const Real* dy, Real* dw) const {
  NEUSPEC_BENCH_CHECK(cudnnConvolutionBackwardFilter(machine_.handle(), &one<Real>, x_, x, y_, dy, convolution_, filter_, machine_.workspace(),
                                                     machine_.workspace_size(), &zero<Real>, w_, dw));
}

template <class Real>
CudnnMachine::AveragePool<Real>::AveragePool(CudnnMachine& machine, const PoolShape& shape)
    : machine_(machine),
      x_(tensor<Real>(shape.batch, shape.channels, shape.height, shape.width)),
      y_(tensor<Real>(shape.batch, shape.channels, shape.out_height(), shape.out_width())) {
  NEUSPEC_BENCH_CHECK(cudnnCreatePoolingDescriptor(&pool_));
  NEUSPEC_BENCH_CHECK(cudnnSetPooling2dDescriptor(pool_, CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING, CUDNN_PROPAGATE_NAN,
                                                  narrow(shape.window_height), narrow(shape.window_width), 0, 0, narrow(shape.window_height),
                                                  narrow(shape.window_width)));
}

template <class Real>
CudnnMachine::AveragePool<Real>::~AveragePool() {
  cudnnDestroyPoolingDescriptor(pool_);
  cudnnDestroyTensorDescriptor(x_);
  cudnnDestroyTensorDescriptor(y_);
}

template <class Real>
void CudnnMachine::AveragePool<Real>::forward(const Real* x, Real* y) const {
  NEUSPEC_BENCH_CHECK(cudnnPoolingForward(machine_.handle(), pool_, &one<Real>, x_, x, &zero<Real>, y_, y));
}

template <class Real>
void CudnnMachine::AveragePool<Real>::backward(const Real* x, const Real* y, const Real* dy, Real* dx) const {
  NEUSPEC_BENCH_CHECK(cudnnPoolingBackward(machine_.handle(), pool_, &one<Real>, y_, y, y_, dy, x_, x, &zero<Real>, x_, dx));
}

template class CudnnMachine::Convolution<float>;
template class CudnnMachine::Convolution<double>;
template class CudnnMachine::AveragePool<float>;
template class CudnnMachine::AveragePool<double>;

}  // namespace neuspec::bench
