// cuSOLVER on LAPACK. Workspaces have to be of the size that was asked for, infos have to be read.
#include <cusolverDn.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <set>
#include <vector>

#include "machine.hpp"

namespace em = neuspec::emulation;

struct cusolverDnContext {
  cudaStream_t stream = nullptr;
};
struct cusolverDnParams {};
struct syevjInfo {};

extern "C" {
void ssyevd_(const char*, const char*, const int*, float*, const int*, float*, float*, const int*, int*, const int*, int*);
void dsyevd_(const char*, const char*, const int*, double*, const int*, double*, double*, const int*, int*, const int*, int*);
void spotrf_(const char*, const int*, float*, const int*, int*);
void dpotrf_(const char*, const int*, double*, const int*, int*);
void strtri_(const char*, const char*, const int*, float*, const int*, int*);
void dtrtri_(const char*, const char*, const int*, double*, const int*, int*);
}

namespace {

using Size = std::int64_t;

std::set<const void*>& alive() {
  static std::set<const void*> instance;
  return instance;
}
template <class T>
cusolverStatus_t created(T** result) {
  *result = new T;
  alive().insert(*result);
  em::count_handle(1);
  return CUSOLVER_STATUS_SUCCESS;
}
void require_alive(const char* function, const void* handle) {
  if (alive().count(handle) == 0) em::violation(function, "a handle that is not alive");
}
template <class T>
cusolverStatus_t destroyed(const char* function, T* handle) {
  require_alive(function, handle);
  alive().erase(handle);
  delete handle;
  em::count_handle(-1);
  return CUSOLVER_STATUS_SUCCESS;
}

/// Sizes that nobody guesses.
std::size_t device_workspace(Size n, Size batch) { return static_cast<std::size_t>(4096 + 8 * n * batch + n * 7919 % 1009 * 8); }
std::size_t host_workspace(Size n, Size batch) { return static_cast<std::size_t>(128 + 3 * n + batch % 977); }

void require_workspace(const char* function, Size n, Size batch, const void* device, std::size_t device_bytes, void* host, std::size_t host_bytes) {
  if (device_bytes < device_workspace(n, batch)) em::violation(function, "a device workspace smaller than asked for");
  if (host_bytes < host_workspace(n, batch)) em::violation(function, "a host workspace smaller than asked for");
  em::require_device(function, device, device_bytes);
  std::memset(host, 0xcd, host_bytes);
}
cusolverStatus_t sizes(Size n, Size batch, std::size_t* device, std::size_t* host) {
  *device = device_workspace(n, batch);
  *host = host_workspace(n, batch);
  return CUSOLVER_STATUS_SUCCESS;
}

int eigen(int n, double* A, int lda, double* W, std::vector<double>& work, std::vector<int>& iwork) {
  const int size = static_cast<int>(work.size()), isize = static_cast<int>(iwork.size());
  int info = 0;
  dsyevd_("V", "L", &n, A, &lda, W, work.data(), &size, iwork.data(), &isize, &info);
  return info;
}
int eigen(int n, float* A, int lda, float* W, std::vector<float>& work, std::vector<int>& iwork) {
  const int size = static_cast<int>(work.size()), isize = static_cast<int>(iwork.size());
  int info = 0;
  ssyevd_("V", "L", &n, A, &lda, W, work.data(), &size, iwork.data(), &isize, &info);
  return info;
}

template <class T>
void decompose(Size n, T* A, Size lda, T* W, int* info, Size batch, bool fails) {
  std::vector<T> work(static_cast<std::size_t>(1 + 6 * n + 2 * n * n));
  std::vector<int> iwork(static_cast<std::size_t>(3 + 5 * n));
  for (Size b = 0; b < batch; ++b) {
    for (Size j = 0; j < n; ++j) {  // the upper triangle must not matter
      for (Size i = 0; i < j; ++i) A[(b * n + j) * lda + i] = std::numeric_limits<T>::quiet_NaN();
    }
    info[b] = eigen(static_cast<int>(n), A + b * n * lda, static_cast<int>(lda), W + b * n, work, iwork);
    if (fails) info[b] = 1;
  }
}

template <class T>
cusolverStatus_t queue_eigen(const char* function, cusolverDnHandle_t handle, cusolverEigMode_t mode, cublasFillMode_t fill, Size n, void* A,
                             Size lda, void* W, int* info, Size batch) {
  require_alive(function, handle);
  if (mode != CUSOLVER_EIG_MODE_VECTOR || fill != CUBLAS_FILL_MODE_LOWER) em::violation(function, "a mode that this library does not use");
  em::require_matrix(function, static_cast<T*>(A), n, n * batch, lda);
  em::require_matrix(function, static_cast<T*>(W), n * batch, 1, n * batch);
  em::require_device(function, info, static_cast<std::size_t>(batch) * sizeof(int));
  const bool fails = em::faults().solver.strikes();
  em::count_solver();
  em::enqueue(function, handle->stream, [=] { decompose(n, static_cast<T*>(A), lda, static_cast<T*>(W), info, batch, fails); });
  em::register_info(function, info, static_cast<std::size_t>(batch));
  return CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t queue_eigen(const char* function, cudaDataType type, cusolverDnHandle_t handle, cusolverEigMode_t mode, cublasFillMode_t fill,
                             Size n, void* A, Size lda, void* W, int* info, Size batch) {
  return type == CUDA_R_64F ? queue_eigen<double>(function, handle, mode, fill, n, A, lda, W, info, batch)
                            : queue_eigen<float>(function, handle, mode, fill, n, A, lda, W, info, batch);
}

/// A triangular factorisation or inverse by LAPACK's double or single routine.
template <class Double, class Single>
cusolverStatus_t queue_triangle(const char* function, cusolverDnHandle_t handle, cublasFillMode_t fill, Size n, cudaDataType type, void* A, Size lda,
                                int* info, Double in_double, Single in_single) {
  require_alive(function, handle);
  if (fill != CUBLAS_FILL_MODE_LOWER) em::violation(function, "a mode that this library does not use");
  if (type == CUDA_R_64F) {
    em::require_matrix(function, static_cast<double*>(A), n, n, lda);
  } else {
    em::require_matrix(function, static_cast<float*>(A), n, n, lda);
  }
  em::require_device(function, info, sizeof(int));
  const bool fails = em::faults().solver.strikes();
  em::count_solver();
  em::enqueue(function, handle->stream, [=] {
    const int n_ = static_cast<int>(n), lda_ = static_cast<int>(lda);
    if (type == CUDA_R_64F) {
      in_double(&n_, static_cast<double*>(A), &lda_, info);
    } else {
      in_single(&n_, static_cast<float*>(A), &lda_, info);
    }
    if (fails) *info = 1;
  });
  em::register_info(function, info, 1);
  return CUSOLVER_STATUS_SUCCESS;
}

}  // namespace

extern "C" {

cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t* handle) { return created(handle); }
cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t handle) {
  if (em::unread_infos()) em::violation(__func__, "an info was never read");
  return destroyed(__func__, handle);
}
cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t handle, cudaStream_t stream) {
  require_alive(__func__, handle);
  handle->stream = stream;
  return CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t cusolverDnCreateParams(cusolverDnParams_t* params) { return created(params); }
cusolverStatus_t cusolverDnDestroyParams(cusolverDnParams_t params) { return destroyed(__func__, params); }
cusolverStatus_t cusolverDnCreateSyevjInfo(syevjInfo_t* info) { return created(info); }
cusolverStatus_t cusolverDnDestroySyevjInfo(syevjInfo_t info) { return destroyed(__func__, info); }

cusolverStatus_t cusolverDnXpotrf_bufferSize(cusolverDnHandle_t, cusolverDnParams_t, cublasFillMode_t, Size n, cudaDataType, const void*, Size,
                                             cudaDataType, std::size_t* device, std::size_t* host) {
  return sizes(n, 1, device, host);
}
cusolverStatus_t cusolverDnXpotrf(cusolverDnHandle_t handle, cusolverDnParams_t params, cublasFillMode_t fill, Size n, cudaDataType type, void* A,
                                  Size lda, cudaDataType, void* device, std::size_t device_bytes, void* host, std::size_t host_bytes, int* info) {
  require_alive(__func__, params);
  require_workspace(__func__, n, 1, device, device_bytes, host, host_bytes);
  return queue_triangle(
      __func__, handle, fill, n, type, A, lda, info, [](const int* m, double* M, const int* ld, int* out) { dpotrf_("L", m, M, ld, out); },
      [](const int* m, float* M, const int* ld, int* out) { spotrf_("L", m, M, ld, out); });
}
cusolverStatus_t cusolverDnXtrtri_bufferSize(cusolverDnHandle_t, cublasFillMode_t, cublasDiagType_t, Size n, cudaDataType, void*, Size,
                                             std::size_t* device, std::size_t* host) {
  return sizes(n, 2, device, host);
}
cusolverStatus_t cusolverDnXtrtri(cusolverDnHandle_t handle, cublasFillMode_t fill, cublasDiagType_t, Size n, cudaDataType type, void* A, Size lda,
                                  void* device, std::size_t device_bytes, void* host, std::size_t host_bytes, int* info) {
  require_workspace(__func__, n, 2, device, device_bytes, host, host_bytes);
  return queue_triangle(
      __func__, handle, fill, n, type, A, lda, info, [](const int* m, double* M, const int* ld, int* out) { dtrtri_("L", "N", m, M, ld, out); },
      [](const int* m, float* M, const int* ld, int* out) { strtri_("L", "N", m, M, ld, out); });
}

cusolverStatus_t cusolverDnXsyevd_bufferSize(cusolverDnHandle_t, cusolverDnParams_t, cusolverEigMode_t, cublasFillMode_t, Size n, cudaDataType,
                                             const void*, Size, cudaDataType, const void*, cudaDataType, std::size_t* device, std::size_t* host) {
  return sizes(n, 3, device, host);
}
cusolverStatus_t cusolverDnXsyevd(cusolverDnHandle_t handle, cusolverDnParams_t params, cusolverEigMode_t mode, cublasFillMode_t fill, Size n,
                                  cudaDataType type, void* A, Size lda, cudaDataType, void* W, cudaDataType, void* device, std::size_t device_bytes,
                                  void* host, std::size_t host_bytes, int* info) {
  require_alive(__func__, params);
  require_workspace(__func__, n, 3, device, device_bytes, host, host_bytes);
  return queue_eigen(__func__, type, handle, mode, fill, n, A, lda, W, info, 1);
}
cusolverStatus_t cusolverDnXsyevBatched_bufferSize(cusolverDnHandle_t, cusolverDnParams_t, cusolverEigMode_t, cublasFillMode_t, Size n, cudaDataType,
                                                   const void*, Size, cudaDataType, const void*, cudaDataType, std::size_t* device, std::size_t* host,
                                                   Size batch) {
  return sizes(n, batch, device, host);
}
cusolverStatus_t cusolverDnXsyevBatched(cusolverDnHandle_t handle, cusolverDnParams_t params, cusolverEigMode_t mode, cublasFillMode_t fill, Size n,
                                        cudaDataType type, void* A, Size lda, cudaDataType, void* W, cudaDataType, void* device,
                                        std::size_t device_bytes, void* host, std::size_t host_bytes, int* info, Size batch) {
  require_alive(__func__, params);
  if (n * lda * batch > std::numeric_limits<int>::max()) em::violation(__func__, "n·lda·batch is beyond 32 bits");
  require_workspace(__func__, n, batch, device, device_bytes, host, host_bytes);
  return queue_eigen(__func__, type, handle, mode, fill, n, A, lda, W, info, batch);
}

#define NEUSPEC_EMULATE_JACOBI(R, T, TYPE)                                                                                                           \
  cusolverStatus_t cusolverDn##R##syevjBatched_bufferSize(cusolverDnHandle_t, cusolverEigMode_t, cublasFillMode_t, int n, const T*, int, const T*,   \
                                                          int* size, syevjInfo_t, int batch) {                                                       \
    *size = static_cast<int>(device_workspace(n, batch) / sizeof(T));                                                                                \
    return CUSOLVER_STATUS_SUCCESS;                                                                                                                  \
  }                                                                                                                                                  \
  cusolverStatus_t cusolverDn##R##syevjBatched(cusolverDnHandle_t handle, cusolverEigMode_t mode, cublasFillMode_t fill, int n, T* A, int lda, T* W, \
                                               T* work, int size, int* info, syevjInfo_t params, int batch) {                                        \
    require_alive(__func__, params);                                                                                                                 \
    if (n > 32) em::violation(__func__, "blocks beyond 32 are slow this way");                                                                       \
    if (static_cast<std::size_t>(size) < device_workspace(n, batch) / sizeof(T))                                                                     \
      em::violation(__func__, "a device workspace smaller than asked for");                                                                          \
    em::require_device(__func__, work, static_cast<std::size_t>(size) * sizeof(T));                                                                  \
    return queue_eigen(__func__, TYPE, handle, mode, fill, n, A, lda, W, info, batch);                                                               \
  }
NEUSPEC_EMULATE_JACOBI(S, float, CUDA_R_32F)
NEUSPEC_EMULATE_JACOBI(D, double, CUDA_R_64F)
#undef NEUSPEC_EMULATE_JACOBI

}  // extern "C"
