// cuBLAS's 64-bit routines, overloaded on float and double. Column-major; scalars live on the host.
#pragma once

#include "context.hpp"

namespace neuspec::cuda {

#define NEUSPEC_DECLARE_BLAS(R, T)                                                                                                                \
  inline void gemm(Context& c, cublasOperation_t ta, cublasOperation_t tb, Index m, Index n, Index k, T alpha, const T* A, Index lda, const T* B, \
                   Index ldb, T beta, T* C, Index ldc) {                                                                                          \
    if (m > 0 && n > 0) NEUSPEC_CHECK(cublas##R##gemm_64(c.blas(), ta, tb, m, n, k, &alpha, A, lda, B, ldb, &beta, C, ldc));                      \
  }                                                                                                                                               \
  inline void gemm_batched(Context& c, cublasOperation_t ta, cublasOperation_t tb, Index m, Index n, Index k, T alpha, const T* A, Index lda,     \
                           Index step_A, const T* B, Index ldb, Index step_B, T beta, T* C, Index ldc, Index step_C, Index count) {               \
    if (m > 0 && n > 0 && count > 0) {                                                                                                            \
      NEUSPEC_CHECK(                                                                                                                              \
          cublas##R##gemmStridedBatched_64(c.blas(), ta, tb, m, n, k, &alpha, A, lda, step_A, B, ldb, step_B, &beta, C, ldc, step_C, count));     \
    }                                                                                                                                             \
  }                                                                                                                                               \
  inline void gemv(Context& c, cublasOperation_t t, Index m, Index n, T alpha, const T* A, Index lda, const T* x, T beta, T* y) {                 \
    if (m > 0 && n > 0) NEUSPEC_CHECK(cublas##R##gemv_64(c.blas(), t, m, n, &alpha, A, lda, x, 1, &beta, y, 1));                                  \
  }                                                                                                                                               \
  inline void syrk(Context& c, cublasOperation_t t, Index n, Index k, T alpha, const T* A, Index lda, T beta, T* C, Index ldc) {                  \
    if (n > 0) NEUSPEC_CHECK(cublas##R##syrk_64(c.blas(), CUBLAS_FILL_MODE_LOWER, t, n, k, &alpha, A, lda, &beta, C, ldc));                       \
  }                                                                                                                                               \
  inline void syrkx(Context& c, Index n, Index k, T alpha, const T* A, Index lda, const T* B, Index ldb, T beta, T* C, Index ldc) {               \
    if (n > 0) NEUSPEC_CHECK(cublas##R##syrkx_64(c.blas(), CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, n, k, &alpha, A, lda, B, ldb, &beta, C, ldc));    \
  }                                                                                                                                               \
  /* B (m × n) ← alpha L B or alpha B L for a lower triangle L. */                                                                                \
  inline void trmm(Context& c, cublasSideMode_t side, Index m, Index n, T alpha, const T* L, Index ldl, T* B, Index ldb) {                        \
    if (m > 0 && n > 0) {                                                                                                                         \
      NEUSPEC_CHECK(                                                                                                                              \
          cublas##R##trmm_64(c.blas(), side, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, CUBLAS_DIAG_NON_UNIT, m, n, &alpha, L, ldl, B, ldb, B, ldb));   \
    }                                                                                                                                             \
  }
NEUSPEC_DECLARE_BLAS(S, float)
NEUSPEC_DECLARE_BLAS(D, double)
#undef NEUSPEC_DECLARE_BLAS

template <class Real>
constexpr cudaDataType data_type = sizeof(Real) == sizeof(double) ? CUDA_R_64F : CUDA_R_32F;

}  // namespace neuspec::cuda
