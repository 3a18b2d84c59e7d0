// cuBLAS on OpenBLAS: arguments are checked at the call, scalars read at the call, the work is queued.
#include <cublas_v2.h>

#include <set>
#include <vector>

#include "machine.hpp"

namespace em = neuspec::emulation;

struct cublasContext {
  cudaStream_t stream = nullptr;
};

extern "C" {
void sgemm_(const char*, const char*, const int*, const int*, const int*, const float*, const float*, const int*, const float*, const int*,
            const float*, float*, const int*);
void dgemm_(const char*, const char*, const int*, const int*, const int*, const double*, const double*, const int*, const double*, const int*,
            const double*, double*, const int*);
}

namespace {

using Size = std::int64_t;

std::set<cublasHandle_t>& handles() {
  static std::set<cublasHandle_t> instance;
  return instance;
}

void gemm(const char* a, const char* b, const int* m, const int* n, const int* k, const float* alpha, const float* A, const int* lda, const float* B,
          const int* ldb, const float* beta, float* C, const int* ldc) {
  sgemm_(a, b, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc);
}
void gemm(const char* a, const char* b, const int* m, const int* n, const int* k, const double* alpha, const double* A, const int* lda,
          const double* B, const int* ldb, const double* beta, double* C, const int* ldc) {
  dgemm_(a, b, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc);
}

template <class T>
struct Product {
  cublasOperation_t ta, tb;
  Size m, n, k;
  T alpha;
  const T* A;
  Size lda;
  const T* B;
  Size ldb;
  T beta;
  T* C;
  Size ldc;

  void check(const char* function) const {
    for (const cublasOperation_t t : {ta, tb}) {
      if (t != CUBLAS_OP_N && t != CUBLAS_OP_T) em::violation(function, "an unknown operation");
    }
    em::require_matrix(function, A, ta == CUBLAS_OP_N ? m : k, ta == CUBLAS_OP_N ? k : m, lda);
    em::require_matrix(function, B, tb == CUBLAS_OP_N ? k : n, tb == CUBLAS_OP_N ? n : k, ldb);
    em::require_matrix(function, C, m, n, ldc);
  }
  void run() const {
    const char a = ta == CUBLAS_OP_N ? 'N' : 'T', b = tb == CUBLAS_OP_N ? 'N' : 'T';
    const int m_ = static_cast<int>(m), n_ = static_cast<int>(n), k_ = static_cast<int>(k);
    const int lda_ = static_cast<int>(lda), ldb_ = static_cast<int>(ldb), ldc_ = static_cast<int>(ldc);
    if (m > 0 && n > 0) gemm(&a, &b, &m_, &n_, &k_, &alpha, A, &lda_, B, &ldb_, &beta, C, &ldc_);
  }
  /// The lower triangle alone.
  void run_lower() const {
    std::vector<T> full(static_cast<std::size_t>(m * n));
    Product whole = *this;
    whole.C = full.data();
    whole.ldc = m;
    whole.beta = 0;
    whole.run();
    for (Size j = 0; j < n; ++j) {
      for (Size i = j; i < m; ++i) {
        T& c = C[j * ldc + i];
        c = full[static_cast<std::size_t>(j * m + i)] + (beta == T(0) ? T(0) : beta * c);
      }
    }
  }
};

template <class Work>
cublasStatus_t queued(const char* function, cublasHandle_t handle, Work work) {
  if (handles().count(handle) == 0) em::violation(function, "a handle that is not alive");
  if (em::faults().blas.strikes()) return CUBLAS_STATUS_EXECUTION_FAILED;
  em::enqueue(function, handle->stream, work);
  return CUBLAS_STATUS_SUCCESS;
}

template <class T>
cublasStatus_t lower(const char* function, cublasHandle_t handle, cublasFillMode_t fill, const Product<T>& product) {
  if (fill != CUBLAS_FILL_MODE_LOWER) em::violation(function, "the upper triangle is not what this library uses");
  product.check(function);
  return queued(function, handle, [product] { product.run_lower(); });
}

}  // namespace

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  *handle = *handles().insert(new cublasContext).first;
  em::count_handle(1);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  if (handles().erase(handle) == 0) em::violation(__func__, "a handle that is not alive");
  delete handle;
  em::count_handle(-1);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  if (handles().count(handle) == 0) em::violation(__func__, "a handle that is not alive");
  handle->stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}
const char* cublasGetStatusString(cublasStatus_t status) { return status == CUBLAS_STATUS_SUCCESS ? "success" : "execution failed"; }

#define NEUSPEC_EMULATE_BLAS(R, V, T)                                                                                                             \
  cublasStatus_t cublas##R##gemm##V(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, Size m, Size n, Size k, const T* alpha,         \
                                    const T* A, Size lda, const T* B, Size ldb, const T* beta, T* C, Size ldc) {                                  \
    const Product<T> product{ta, tb, m, n, k, *alpha, A, lda, B, ldb, *beta, C, ldc};                                                             \
    product.check(__func__);                                                                                                                      \
    return queued(__func__, h, [product] { product.run(); });                                                                                     \
  }                                                                                                                                               \
  cublasStatus_t cublas##R##gemv##V(cublasHandle_t h, cublasOperation_t t, Size m, Size n, const T* alpha, const T* A, Size lda, const T* x,      \
                                    Size step_x, const T* beta, T* y, Size step_y) {                                                              \
    if (step_x != 1 || step_y != 1) em::violation(__func__, "a stride that this library does not use");                                           \
    const Size rows = t == CUBLAS_OP_N ? m : n, depth = t == CUBLAS_OP_N ? n : m;                                                                 \
    const Product<T> product{t, CUBLAS_OP_N, rows, 1, depth, *alpha, A, lda, x, depth, *beta, y, rows};                                           \
    product.check(__func__);                                                                                                                      \
    return queued(__func__, h, [product] { product.run(); });                                                                                     \
  }                                                                                                                                               \
  cublasStatus_t cublas##R##syrk##V(cublasHandle_t h, cublasFillMode_t fill, cublasOperation_t t, Size n, Size k, const T* alpha, const T* A,     \
                                    Size lda, const T* beta, T* C, Size ldc) {                                                                    \
    const cublasOperation_t other = t == CUBLAS_OP_N ? CUBLAS_OP_T : CUBLAS_OP_N;                                                                 \
    return lower<T>(__func__, h, fill, {t, other, n, n, k, *alpha, A, lda, A, lda, *beta, C, ldc});                                               \
  }                                                                                                                                               \
  cublasStatus_t cublas##R##syrkx_64(cublasHandle_t h, cublasFillMode_t fill, cublasOperation_t t, Size n, Size k, const T* alpha, const T* A,    \
                                     Size lda, const T* B, Size ldb, const T* beta, T* C, Size ldc) {                                             \
    const cublasOperation_t other = t == CUBLAS_OP_N ? CUBLAS_OP_T : CUBLAS_OP_N;                                                                 \
    return lower<T>(__func__, h, fill, {t, other, n, n, k, *alpha, A, lda, B, ldb, *beta, C, ldc});                                               \
  }                                                                                                                                               \
  cublasStatus_t cublas##R##gemmStridedBatched_64(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, Size m, Size n, Size k,           \
                                                  const T* alpha, const T* A, Size lda, long long step_A, const T* B, Size ldb, long long step_B, \
                                                  const T* beta, T* C, Size ldc, long long step_C, Size count) {                                  \
    std::vector<Product<T>> products;                                                                                                             \
    for (Size b = 0; b < count; ++b) {                                                                                                            \
      products.push_back({ta, tb, m, n, k, *alpha, A + b * step_A, lda, B + b * step_B, ldb, *beta, C + b * step_C, ldc});                        \
      products.back().check(__func__);                                                                                                            \
    }                                                                                                                                             \
    return queued(__func__, h, [products] {                                                                                                       \
      for (const auto& product : products) product.run();                                                                                         \
    });                                                                                                                                           \
  }
NEUSPEC_EMULATE_BLAS(S, _v2_64, float)
NEUSPEC_EMULATE_BLAS(D, _v2_64, double)
#undef NEUSPEC_EMULATE_BLAS

}  // extern "C"
