#include <algorithm>
#include <limits>

#include "blas.hpp"
#include "eigensolver.hpp"
#include "numeric/host_device.hpp"

namespace neuspec::cuda {

namespace {

constexpr Index largest_jacobi = 32;

cusolverStatus_t jacobi_size(cusolverDnHandle_t h, int n, float* A, float* W, int* size, syevjInfo_t info, int count) {
  return cusolverDnSsyevjBatched_bufferSize(h, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, n, A, n, W, size, info, count);
}
cusolverStatus_t jacobi_size(cusolverDnHandle_t h, int n, double* A, double* W, int* size, syevjInfo_t info, int count) {
  return cusolverDnDsyevjBatched_bufferSize(h, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, n, A, n, W, size, info, count);
}
cusolverStatus_t jacobi(cusolverDnHandle_t h, int n, float* A, float* W, float* work, int size, int* info, syevjInfo_t parameters, int count) {
  return cusolverDnSsyevjBatched(h, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, n, A, n, W, work, size, info, parameters, count);
}
cusolverStatus_t jacobi(cusolverDnHandle_t h, int n, double* A, double* W, double* work, int size, int* info, syevjInfo_t parameters, int count) {
  return cusolverDnDsyevjBatched(h, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, n, A, n, W, work, size, info, parameters, count);
}

/// Dense symmetric matrices with eigenvalues of both signs, one after the other: what ways are timed on, since the first point of a solve is zero and
/// done at once by Jacobi's method.
template <class Real>
struct TimingMatrix {
  Real* matrices;
  Index N;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % N, j = e / N % N, low = i < j ? i : j, high = i < j ? j : i;
    matrices[e] = static_cast<Real>((low * 7919 + high * 104729) % 1009) / Real(1009) - Real(0.5);
  }
};

/// Two events around what is timed.
class Stopwatch {
 public:
  explicit Stopwatch(cudaStream_t stream) : stream_(stream) {
    NEUSPEC_CHECK(cudaEventCreateWithFlags(&begin_, cudaEventDefault));
    if (cudaEventCreateWithFlags(&end_, cudaEventDefault) != cudaSuccess) {
      (void)cudaEventDestroy(begin_);
      throw EnvironmentError("CUDA: cudaEventCreateWithFlags failed");
    }
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() {
    (void)cudaEventDestroy(begin_);
    (void)cudaEventDestroy(end_);
  }
  void start() { NEUSPEC_CHECK(cudaEventRecord(begin_, stream_)); }
  float stop() {
    float milliseconds = 0;
    NEUSPEC_CHECK(cudaEventRecord(end_, stream_));
    NEUSPEC_CHECK(cudaEventSynchronize(end_));
    NEUSPEC_CHECK(cudaEventElapsedTime(&milliseconds, begin_, end_));
    return milliseconds;
  }

 private:
  cudaStream_t stream_;
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
};

}  // namespace

template <class Real>
Eigensolver<Real>::~Eigensolver() {
  if (jacobi_ != nullptr) (void)cusolverDnDestroySyevjInfo(jacobi_);
}

template <class Real>
const Real* Eigensolver<Real>::solve(Index N, Index count, Real* matrices) {
  values_.reserve(N * count);
  info_.reserve(count);
  if (N != N_ || count != count_) choose(N, count);
  run(method_, N, count, matrices);
  return values_.data();
}

template <class Real>
bool Eigensolver<Real>::applies(Method method, Index N, Index count) const {
  constexpr Index most = std::numeric_limits<int>::max();
  if (method == Method::jacobi) return N <= largest_jacobi && count <= most;
  return method == Method::one_by_one || N * N * count <= most;
}

// Each way runs once to warm up and once against the clock.
template <class Real>
void Eigensolver<Real>::choose(Index N, Index count) {
  Buffer<Real> scratch(context_);
  Real* matrices = scratch.reserve(N * N * count);
  N_ = count_ = -1;
  Stopwatch watch(context_.stream());
  float best = std::numeric_limits<float>::infinity();
  for (const Method method : {Method::batched, Method::jacobi, Method::one_by_one}) {
    if (!applies(method, N, count)) continue;
    float time = 0;
    for (int repetition = 0; repetition < 2; ++repetition) {
      context_.each(N * N * count, TimingMatrix<Real>{matrices, N});
      watch.start();
      run(method, N, count, matrices);
      time = watch.stop();
    }
    if (time < best) {
      best = time;
      method_ = method;
    }
  }
  N_ = N;
  count_ = count;
}

template <class Real>
void Eigensolver<Real>::run(Method method, Index N, Index count, Real* matrices) {
  if (N == 0 || count == 0) return;
  if (method == Method::jacobi) {
    run_jacobi(static_cast<int>(N), static_cast<int>(count), matrices);
  } else if (method == Method::batched) {
    run_batched(N, count, matrices);
  } else {
    run_one_by_one(N, count, matrices);
  }
  context_.note_info(info_.data(), count);
}

template <class Real>
void Eigensolver<Real>::run_jacobi(int N, int count, Real* matrices) {
  if (jacobi_ == nullptr) NEUSPEC_CHECK(cusolverDnCreateSyevjInfo(&jacobi_));
  int size = 0;
  check(jacobi_size(context_.solver(), N, matrices, values_.data(), &size, jacobi_, count), "cusolverDnsyevjBatched_bufferSize");
  auto* work = reinterpret_cast<Real*>(work_.reserve(static_cast<Index>(size) * static_cast<Index>(sizeof(Real))));
  check(jacobi(context_.solver(), N, matrices, values_.data(), work, size, info_.data(), jacobi_, count), "cusolverDnsyevjBatched");
}

template <class Real>
void Eigensolver<Real>::run_batched(Index N, Index count, Real* matrices) {
  std::size_t device_bytes = 0, host_bytes = 0;
  const auto type = data_type<Real>;
  NEUSPEC_CHECK(cusolverDnXsyevBatched_bufferSize(context_.solver(), context_.params(), CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, N, type,
                                                  matrices, N, type, values_.data(), type, &device_bytes, &host_bytes, count));
  host_work_.resize(std::max<std::size_t>(host_bytes, host_work_.size()));
  NEUSPEC_CHECK(cusolverDnXsyevBatched(context_.solver(), context_.params(), CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, N, type, matrices, N,
                                       type, values_.data(), type, work_.reserve(static_cast<Index>(device_bytes)), device_bytes, host_work_.data(),
                                       host_bytes, info_.data(), count));
}

template <class Real>
void Eigensolver<Real>::run_one_by_one(Index N, Index count, Real* matrices) {
  const auto type = data_type<Real>;
  std::size_t device_bytes = 0, host_bytes = 0;
  NEUSPEC_CHECK(cusolverDnXsyevd_bufferSize(context_.solver(), context_.params(), CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, N, type, matrices,
                                            N, type, values_.data(), type, &device_bytes, &host_bytes));
  host_work_.resize(std::max<std::size_t>(host_bytes, host_work_.size()));
  void* work = work_.reserve(static_cast<Index>(device_bytes));
  for (Index b = 0; b < count; ++b) {
    NEUSPEC_CHECK(cusolverDnXsyevd(context_.solver(), context_.params(), CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, N, type,
                                   matrices + b * N * N, N, type, values_.data() + b * N, type, work, device_bytes, host_work_.data(), host_bytes,
                                   info_.data() + b));
  }
}

template class Eigensolver<float>;
template class Eigensolver<double>;

}  // namespace neuspec::cuda
