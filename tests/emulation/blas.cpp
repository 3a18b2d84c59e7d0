// cuBLAS on OpenBLAS: arguments are checked at the call, scalars read at the call, the work is queued.
#include <cublas_v2.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <set>
#include <type_traits>
#include <vector>

#include "machine.hpp"

namespace em = neuspec::emulation;

struct cublasContext {
  cudaStream_t stream = nullptr;
  cublasMath_t math = CUBLAS_DEFAULT_MATH;
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

/// The entries of a factor in TF32: eleven bits, ties away from zero. In double nothing changes.
std::vector<float> in_tf32(const float* A, Size count) {
  std::vector<float> rounded(A, A + count);
  for (float& value : rounded) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    value = std::isfinite(value) ? std::bit_cast<float>((bits + 0x1000U) & 0xffffe000U) : value;
  }
  em::count_tf32();
  return rounded;
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
  bool tf32 = false;

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
    if (m <= 0 || n <= 0) return;
    if constexpr (std::is_same_v<T, float>) {
      if (tf32) {
        const auto extent = [](Size rows, Size columns, Size stride) { return rows > 0 && columns > 0 ? (columns - 1) * stride + rows : 0; };
        const std::vector<float> left = in_tf32(A, ta == CUBLAS_OP_N ? extent(m, k, lda) : extent(k, m, lda)),
                                 right = in_tf32(B, tb == CUBLAS_OP_N ? extent(k, n, ldb) : extent(n, k, ldb));
        gemm(&a, &b, &m_, &n_, &k_, &alpha, left.data(), &lda_, right.data(), &ldb_, &beta, C, &ldc_);
        return;
      }
    }
    gemm(&a, &b, &m_, &n_, &k_, &alpha, A, &lda_, B, &ldb_, &beta, C, &ldc_);
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

/// B ← alpha L B or alpha B L, in place. The upper triangle must not matter.
template <class T>
struct Triangular {
  cublasSideMode_t side;
  Size m, n;
  T alpha;
  const T* L;
  Size ldl;
  T* B;
  Size ldb;

  Size order() const { return side == CUBLAS_SIDE_LEFT ? m : n; }
  void check(const char* function) const {
    em::require_matrix(function, L, order(), order(), ldl);
    em::require_matrix(function, B, m, n, ldb);
  }
  void run() const {
    const Size size = order();
    std::vector<T> lower(static_cast<std::size_t>(size * size)), before(static_cast<std::size_t>(m * n));
    for (Size j = 0; j < size; ++j) {
      for (Size i = j; i < size; ++i) lower[static_cast<std::size_t>(j * size + i)] = L[j * ldl + i];
    }
    for (Size j = 0; j < n; ++j) {
      for (Size i = 0; i < m; ++i) before[static_cast<std::size_t>(j * m + i)] = B[j * ldb + i];
    }
    if (side == CUBLAS_SIDE_LEFT) {
      Product<T>{CUBLAS_OP_N, CUBLAS_OP_N, m, n, size, alpha, lower.data(), size, before.data(), m, T(0), B, ldb}.run();
    } else {
      Product<T>{CUBLAS_OP_N, CUBLAS_OP_N, m, n, size, alpha, before.data(), m, lower.data(), size, T(0), B, ldb}.run();
    }
  }
};

bool multiplies_in_tf32(cublasHandle_t handle) { return handles().count(handle) == 1 && handle->math == CUBLAS_TF32_TENSOR_OP_MATH; }

template <class Work>
cublasStatus_t queued(const char* function, cublasHandle_t handle, Work work) {
  if (handles().count(handle) == 0) em::violation(function, "a handle that is not alive");
  if (em::faults().blas.strikes()) return CUBLAS_STATUS_EXECUTION_FAILED;
  em::enqueue(function, handle->stream, work);
  return CUBLAS_STATUS_SUCCESS;
}

template <class T>
cublasStatus_t lower(const char* function, cublasHandle_t handle, cublasFillMode_t fill, Product<T> product) {
  if (fill != CUBLAS_FILL_MODE_LOWER) em::violation(function, "the upper triangle is not what this library uses");
  product.check(function);
  product.tf32 = multiplies_in_tf32(handle);
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
cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
  if (handles().count(handle) == 0) em::violation(__func__, "a handle that is not alive");
  if (mode != CUBLAS_DEFAULT_MATH && mode != CUBLAS_TF32_TENSOR_OP_MATH) em::violation(__func__, "a mode that this library does not use");
  handle->math = mode;
  return CUBLAS_STATUS_SUCCESS;
}
const char* cublasGetStatusString(cublasStatus_t status) { return status == CUBLAS_STATUS_SUCCESS ? "success" : "execution failed"; }

#define NEUSPEC_EMULATE_BLAS(R, V, T)                                                                                                               \
  cublasStatus_t cublas##R##gemm##V(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, Size m, Size n, Size k, const T* alpha,           \
                                    const T* A, Size lda, const T* B, Size ldb, const T* beta, T* C, Size ldc) {                                    \
    const Product<T> product{ta, tb, m, n, k, *alpha, A, lda, B, ldb, *beta, C, ldc, multiplies_in_tf32(h)};                                        \
    product.check(__func__);                                                                                                                        \
    return queued(__func__, h, [product] { product.run(); });                                                                                       \
  }                                                                                                                                                 \
  cublasStatus_t cublas##R##gemv##V(cublasHandle_t h, cublasOperation_t t, Size m, Size n, const T* alpha, const T* A, Size lda, const T* x,        \
                                    Size step_x, const T* beta, T* y, Size step_y) {                                                                \
    if (step_x != 1 || step_y != 1) em::violation(__func__, "a stride that this library does not use");                                             \
    const Size rows = t == CUBLAS_OP_N ? m : n, depth = t == CUBLAS_OP_N ? n : m;                                                                   \
    const Product<T> product{t, CUBLAS_OP_N, rows, 1, depth, *alpha, A, lda, x, depth, *beta, y, rows};                                             \
    product.check(__func__);                                                                                                                        \
    return queued(__func__, h, [product] { product.run(); });                                                                                       \
  }                                                                                                                                                 \
  cublasStatus_t cublas##R##syrk##V(cublasHandle_t h, cublasFillMode_t fill, cublasOperation_t t, Size n, Size k, const T* alpha, const T* A,       \
                                    Size lda, const T* beta, T* C, Size ldc) {                                                                      \
    const cublasOperation_t other = t == CUBLAS_OP_N ? CUBLAS_OP_T : CUBLAS_OP_N;                                                                   \
    return lower<T>(__func__, h, fill, {t, other, n, n, k, *alpha, A, lda, A, lda, *beta, C, ldc});                                                 \
  }                                                                                                                                                 \
  cublasStatus_t cublas##R##syrkx_64(cublasHandle_t h, cublasFillMode_t fill, cublasOperation_t t, Size n, Size k, const T* alpha, const T* A,      \
                                     Size lda, const T* B, Size ldb, const T* beta, T* C, Size ldc) {                                               \
    const cublasOperation_t other = t == CUBLAS_OP_N ? CUBLAS_OP_T : CUBLAS_OP_N;                                                                   \
    return lower<T>(__func__, h, fill, {t, other, n, n, k, *alpha, A, lda, B, ldb, *beta, C, ldc});                                                 \
  }                                                                                                                                                 \
  cublasStatus_t cublas##R##trmm##V(cublasHandle_t h, cublasSideMode_t side, cublasFillMode_t fill, cublasOperation_t t, cublasDiagType_t diagonal, \
                                    Size m, Size n, const T* alpha, const T* A, Size lda, const T* B, Size ldb, T* C, Size ldc) {                   \
    if (fill != CUBLAS_FILL_MODE_LOWER || t != CUBLAS_OP_N || diagonal != CUBLAS_DIAG_NON_UNIT || B != C || ldb != ldc) {                           \
      em::violation(__func__, "a mode that this library does not use");                                                                             \
    }                                                                                                                                               \
    const Triangular<T> product{side, m, n, *alpha, A, lda, C, ldc};                                                                                \
    product.check(__func__);                                                                                                                        \
    return queued(__func__, h, [product] { product.run(); });                                                                                       \
  }                                                                                                                                                 \
  cublasStatus_t cublas##R##gemmStridedBatched_64(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, Size m, Size n, Size k,             \
                                                  const T* alpha, const T* A, Size lda, long long step_A, const T* B, Size ldb, long long step_B,   \
                                                  const T* beta, T* C, Size ldc, long long step_C, Size count) {                                    \
    std::vector<Product<T>> products;                                                                                                               \
    for (Size b = 0; b < count; ++b) {                                                                                                              \
      products.push_back({ta, tb, m, n, k, *alpha, A + b * step_A, lda, B + b * step_B, ldb, *beta, C + b * step_C, ldc, multiplies_in_tf32(h)});   \
      products.back().check(__func__);                                                                                                              \
    }                                                                                                                                               \
    return queued(__func__, h, [products] {                                                                                                         \
      for (const auto& product : products) product.run();                                                                                           \
    });                                                                                                                                             \
  }
NEUSPEC_EMULATE_BLAS(S, _v2_64, float)
NEUSPEC_EMULATE_BLAS(D, _v2_64, double)
#undef NEUSPEC_EMULATE_BLAS

}  // extern "C"
