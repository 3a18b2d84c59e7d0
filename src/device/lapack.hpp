// The Fortran BLAS and LAPACK routines that the library calls on the CPU, overloaded on float and double.
// Each call is given threads by its size (device/blas_threads.hpp). Column-major throughout; only the lower triangle of a symmetric matrix is ever
// referenced or written.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "device/blas_threads.hpp"
#include "neuspec/dataset.hpp"
#include "neuspec/error.hpp"

// One declaration a routine and precision: R is the letter, T the type.
// NOLINTBEGIN(bugprone-macro-parentheses): T is a type, parentheses around it would be wrong.
#define NEUSPEC_DECLARE_LAPACK(R, T)                                                                                                                \
  extern "C" {                                                                                                                                      \
  void R##gemm_(const char*, const char*, const int*, const int*, const int*, const T*, const T*, const int*, const T*, const int*, const T*, T*,   \
                const int*);                                                                                                                        \
  void R##gemv_(const char*, const int*, const int*, const T*, const T*, const int*, const T*, const int*, const T*, T*, const int*);               \
  void R##symm_(const char*, const char*, const int*, const int*, const T*, const T*, const int*, const T*, const int*, const T*, T*, const int*);  \
  void R##symv_(const char*, const int*, const T*, const T*, const int*, const T*, const int*, const T*, T*, const int*);                           \
  void R##syrk_(const char*, const char*, const int*, const int*, const T*, const T*, const int*, const T*, T*, const int*);                        \
  void R##trsm_(const char*, const char*, const char*, const char*, const int*, const int*, const T*, const T*, const int*, T*, const int*);        \
  void R##potrf_(const char*, const int*, T*, const int*, int*);                                                                                    \
  void R##potri_(const char*, const int*, T*, const int*, int*);                                                                                    \
  void R##trtri_(const char*, const char*, const int*, T*, const int*, int*);                                                                       \
  void R##trmm_(const char*, const char*, const char*, const char*, const int*, const int*, const T*, const T*, const int*, T*, const int*);        \
  void R##potrs_(const char*, const int*, const int*, const T*, const int*, T*, const int*, int*);                                                  \
  void R##geqrf_(const int*, const int*, T*, const int*, T*, T*, const int*, int*);                                                                 \
  void R##ormqr_(const char*, const char*, const int*, const int*, const int*, const T*, const int*, const T*, T*, const int*, T*, const int*,      \
                 int*);                                                                                                                             \
  void R##orgqr_(const int*, const int*, const int*, T*, const int*, const T*, T*, const int*, int*);                                               \
  void R##sytrd_(const char*, const int*, T*, const int*, T*, T*, T*, T*, const int*, int*);                                                        \
  void R##sterf_(const int*, T*, T*, int*);                                                                                                         \
  void R##syevd_(const char*, const char*, const int*, T*, const int*, T*, T*, const int*, int*, const int*, int*);                                 \
  void R##syevr_(const char*, const char*, const char*, const int*, T*, const int*, const T*, const T*, const int*, const int*, const T*, int*, T*, \
                 T*, const int*, int*, T*, const int*, int*, const int*, int*);                                                                     \
  }                                                                                                                                                 \
  namespace neuspec::lapack {                                                                                                                       \
  inline void gemm(char ta, char tb, Index m, Index n, Index k, T alpha, const T* a, Index lda, const T* b, Index ldb, T beta, T* c, Index ldc) {   \
    const BlasThreads team(2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k));                                         \
    const int m_ = to_int(m), n_ = to_int(n), k_ = to_int(k), lda_ = to_int(lda), ldb_ = to_int(ldb), ldc_ = to_int(ldc);                           \
    if (m > 0 && n > 0) R##gemm_(&ta, &tb, &m_, &n_, &k_, &alpha, a, &lda_, b, &ldb_, &beta, c, &ldc_);                                             \
  }                                                                                                                                                 \
  inline void gemv(char ta, Index m, Index n, T alpha, const T* a, Index lda, const T* x, T beta, T* y) {                                           \
    const BlasThreads team(0);                                                                                                                      \
    const int m_ = to_int(m), n_ = to_int(n), lda_ = to_int(lda), one = 1;                                                                          \
    if (m > 0 && n > 0) R##gemv_(&ta, &m_, &n_, &alpha, a, &lda_, x, &one, &beta, y, &one);                                                         \
  }                                                                                                                                                 \
  inline void symm(Index m, Index n, T alpha, const T* a, Index lda, const T* b, Index ldb, T beta, T* c, Index ldc) {                              \
    const BlasThreads team(n == 1 ? 0 : 2 * square(m) * static_cast<double>(n));                                                                    \
    const int m_ = to_int(m), n_ = to_int(n), lda_ = to_int(lda), ldb_ = to_int(ldb), ldc_ = to_int(ldc), one = 1;                                  \
    if (n == 1)                                                                                                                                     \
      R##symv_("L", &m_, &alpha, a, &lda_, b, &one, &beta, c, &one);                                                                                \
    else if (m > 0 && n > 0)                                                                                                                        \
      R##symm_("L", "L", &m_, &n_, &alpha, a, &lda_, b, &ldb_, &beta, c, &ldc_);                                                                    \
  }                                                                                                                                                 \
  inline void syrk(char t, Index n, Index k, T alpha, const T* a, Index lda, T beta, T* c, Index ldc) {                                             \
    const BlasThreads team(square(n) * static_cast<double>(k));                                                                                     \
    const int n_ = to_int(n), k_ = to_int(k), lda_ = to_int(lda), ldc_ = to_int(ldc);                                                               \
    if (n > 0) R##syrk_("L", &t, &n_, &k_, &alpha, a, &lda_, &beta, c, &ldc_);                                                                      \
  }                                                                                                                                                 \
  /* b ← L⁻¹ b or b L⁻¹, L or its transpose, for the lower triangle L of a: side L or R, n or T. b is m × n. */                                     \
  inline void trsm(char side, char t, Index m, Index n, const T* a, Index lda, T* b, Index ldb) {                                                   \
    const BlasThreads team(0);                                                                                                                      \
    const int m_ = to_int(m), n_ = to_int(n), lda_ = to_int(lda), ldb_ = to_int(ldb);                                                               \
    const T one = 1;                                                                                                                                \
    if (m > 0 && n > 0) R##trsm_(&side, "L", &t, "N", &m_, &n_, &one, a, &lda_, b, &ldb_);                                                          \
  }                                                                                                                                                 \
  /* b ← L b or Lᵀ b for the lower triangle L of a, n × n, and b n × columns. */                                                                    \
  inline void trmm(char t, Index n, Index columns, const T* a, Index lda, T* b, Index ldb) {                                                        \
    const BlasThreads team(0);                                                                                                                      \
    const int n_ = to_int(n), columns_ = to_int(columns), lda_ = to_int(lda), ldb_ = to_int(ldb);                                                   \
    const T one = 1;                                                                                                                                \
    if (n > 0 && columns > 0) R##trmm_("L", "L", &t, "N", &n_, &columns_, &one, a, &lda_, b, &ldb_);                                                \
  }                                                                                                                                                 \
  inline int trtri(Index n, T* a, Index lda) {                                                                                                      \
    const BlasThreads team(cube(n) / 3);                                                                                                            \
    const int n_ = to_int(n), lda_ = to_int(lda);                                                                                                   \
    int info = 0;                                                                                                                                   \
    if (n > 0) R##trtri_("L", "N", &n_, a, &lda_, &info);                                                                                           \
    return info;                                                                                                                                    \
  }                                                                                                                                                 \
  inline int potrf(Index n, T* a, Index lda) {                                                                                                      \
    const BlasThreads team(cube(n) / 3);                                                                                                            \
    const int n_ = to_int(n), lda_ = to_int(lda);                                                                                                   \
    int info = 0;                                                                                                                                   \
    if (n > 0) R##potrf_("L", &n_, a, &lda_, &info);                                                                                                \
    return info;                                                                                                                                    \
  }                                                                                                                                                 \
  inline int potri(Index n, T* a, Index lda) {                                                                                                      \
    const BlasThreads team(2 * cube(n) / 3);                                                                                                        \
    const int n_ = to_int(n), lda_ = to_int(lda);                                                                                                   \
    int info = 0;                                                                                                                                   \
    if (n > 0) R##potri_("L", &n_, a, &lda_, &info);                                                                                                \
    return info;                                                                                                                                    \
  }                                                                                                                                                 \
  inline int potrs(Index n, Index columns, const T* a, Index lda, T* b, Index ldb) {                                                                \
    const BlasThreads team(2 * square(n) * static_cast<double>(columns));                                                                           \
    const int n_ = to_int(n), m_ = to_int(columns), lda_ = to_int(lda), ldb_ = to_int(ldb);                                                         \
    int info = 0;                                                                                                                                   \
    if (n > 0) R##potrs_("L", &n_, &m_, a, &lda_, b, &ldb_, &info);                                                                                 \
    return info;                                                                                                                                    \
  }                                                                                                                                                 \
  /* Eigenvalues above zero alone, ascending in values[0 … count), with their eigenvectors in the columns of z (n × n). */                          \
  inline int syevr_positive(Index n, T* a, Index lda, T* values, T* z, Index& count, std::vector<T>& work, std::vector<int>& iwork) {               \
    const BlasThreads team(cube(n) / memory_bound);                                                                                                 \
    const int n_ = to_int(n), lda_ = to_int(lda), query = -1, none = 0;                                                                             \
    const T zero = 0, infinity = std::numeric_limits<T>::max();                                                                                     \
    T size = 0;                                                                                                                                     \
    int isize = 0, found = 0, info = 0;                                                                                                             \
    std::vector<int> support(2 * static_cast<std::size_t>(n));                                                                                      \
    R##syevr_("V", "V", "L", &n_, a, &lda_, &zero, &infinity, &none, &none, &zero, &found, values, z, &n_, support.data(), &size, &query, &isize,   \
              &query, &info);                                                                                                                       \
    if (info != 0) return info;                                                                                                                     \
    work.resize(std::max(work.size(), static_cast<std::size_t>(size)));                                                                             \
    iwork.resize(std::max(iwork.size(), static_cast<std::size_t>(isize)));                                                                          \
    const int lwork = to_int(static_cast<Index>(work.size())), liwork = to_int(static_cast<Index>(iwork.size()));                                   \
    R##syevr_("V", "V", "L", &n_, a, &lda_, &zero, &infinity, &none, &none, &zero, &found, values, z, &n_, support.data(), work.data(), &lwork,     \
              iwork.data(), &liwork, &info);                                                                                                        \
    count = found;                                                                                                                                  \
    return info;                                                                                                                                    \
  }                                                                                                                                                 \
  /* Householder QR of a (m × n, m ≥ n): R above, reflectors below the diagonal, their factors in tau (n). */                                       \
  inline void geqrf(Index m, Index n, T* a, Index lda, T* tau, std::vector<T>& work) {                                                              \
    const BlasThreads team(2 * square(n) * static_cast<double>(m));                                                                                 \
    const int m_ = to_int(m), n_ = to_int(n), lda_ = to_int(lda), lwork = to_int(64 * n);                                                           \
    int info = 0;                                                                                                                                   \
    work.resize(std::max(work.size(), static_cast<std::size_t>(lwork)));                                                                            \
    if (n > 0) R##geqrf_(&m_, &n_, a, &lda_, tau, work.data(), &lwork, &info);                                                                      \
  }                                                                                                                                                 \
  /* c (m × n) from the left by the product Q of k reflectors that geqrf left in a, or by its transpose. */                                         \
  inline void ormqr(char t, Index m, Index n, Index k, const T* a, Index lda, const T* tau, T* c, Index ldc, std::vector<T>& work) {                \
    const BlasThreads team(4 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k));                                           \
    const int m_ = to_int(m), n_ = to_int(n), k_ = to_int(k), lda_ = to_int(lda), ldc_ = to_int(ldc), lwork = to_int(64 * (n + 65));                \
    int info = 0;                                                                                                                                   \
    work.resize(std::max(work.size(), static_cast<std::size_t>(lwork)));                                                                            \
    if (n > 0 && k > 0) R##ormqr_("L", &t, &m_, &n_, &k_, a, &lda_, tau, c, &ldc_, work.data(), &lwork, &info);                                     \
  }                                                                                                                                                 \
  /* The first n columns of that Q, over its n reflectors. */                                                                                       \
  inline void orgqr(Index m, Index n, T* a, Index lda, const T* tau, std::vector<T>& work) {                                                        \
    const BlasThreads team(2 * square(n) * static_cast<double>(m));                                                                                 \
    const int m_ = to_int(m), n_ = to_int(n), lda_ = to_int(lda), lwork = to_int(64 * n);                                                           \
    int info = 0;                                                                                                                                   \
    work.resize(std::max(work.size(), static_cast<std::size_t>(lwork)));                                                                            \
    if (n > 0) R##orgqr_(&m_, &n_, &n_, a, &lda_, tau, work.data(), &lwork, &info);                                                                 \
  }                                                                                                                                                 \
  /* Tridiagonal form by Householder reflections, which leave the first row its length: diagonal (n) and off-diagonal (n − 1). a is lost. */        \
  inline void sytrd(Index n, T* a, Index lda, T* diagonal, T* off, std::vector<T>& work) {                                                          \
    const BlasThreads team(cube(n) / memory_bound);                                                                                                 \
    const int n_ = to_int(n), lda_ = to_int(lda), lwork = to_int(32 * n);                                                                           \
    int info = 0;                                                                                                                                   \
    work.resize(std::max(work.size(), static_cast<std::size_t>(n + lwork)));                                                                        \
    if (n > 0) R##sytrd_("L", &n_, a, &lda_, diagonal, off, work.data() + lwork, work.data(), &lwork, &info);                                       \
  }                                                                                                                                                 \
  /* Ascending eigenvalues of a tridiagonal matrix, over its diagonal; off is lost. */                                                              \
  inline int sterf(Index n, T* diagonal, T* off) {                                                                                                  \
    const BlasThreads team(0);                                                                                                                      \
    const int n_ = to_int(n);                                                                                                                       \
    int info = 0;                                                                                                                                   \
    R##sterf_(&n_, diagonal, off, &info);                                                                                                           \
    return info;                                                                                                                                    \
  }                                                                                                                                                 \
  /* Ascending eigenvalues; with vectors, column j of a becomes the eigenvector of values[j]. Workspace grows and is kept by the caller. */         \
  inline int syevd(bool vectors, Index n, T* a, Index lda, T* values, std::vector<T>& work, std::vector<int>& iwork) {                              \
    const BlasThreads team(cube(n) / memory_bound);                                                                                                 \
    const int n_ = to_int(n), lda_ = to_int(lda), query = -1;                                                                                       \
    const char job = vectors ? 'V' : 'N';                                                                                                           \
    T size = 0;                                                                                                                                     \
    int isize = 0, info = 0;                                                                                                                        \
    if (n == 0) return 0;                                                                                                                           \
    R##syevd_(&job, "L", &n_, a, &lda_, values, &size, &query, &isize, &query, &info);                                                              \
    if (info != 0) return info;                                                                                                                     \
    work.resize(std::max(work.size(), static_cast<std::size_t>(size)));                                                                             \
    iwork.resize(std::max(iwork.size(), static_cast<std::size_t>(isize)));                                                                          \
    const int lwork = to_int(static_cast<Index>(work.size())), liwork = to_int(static_cast<Index>(iwork.size()));                                   \
    R##syevd_(&job, "L", &n_, a, &lda_, values, work.data(), &lwork, iwork.data(), &liwork, &info);                                                 \
    return info;                                                                                                                                    \
  }                                                                                                                                                 \
  }

namespace neuspec::lapack {
/// Sizes travel as Index; the interface of LAPACK wants 32-bit integers.
inline int to_int(Index value) {
  if (value > 2147483647) throw EnvironmentError("a matrix dimension exceeds the 32-bit integers of BLAS");
  return static_cast<int>(value);
}

inline double square(Index n) { return static_cast<double>(n) * static_cast<double>(n); }
constexpr double memory_bound = 10;  // an eigendecomposition's threads meet at every column: it pays late
inline double cube(Index n) { return square(n) * static_cast<double>(n); }
}  // namespace neuspec::lapack

NEUSPEC_DECLARE_LAPACK(s, float)
NEUSPEC_DECLARE_LAPACK(d, double)
#undef NEUSPEC_DECLARE_LAPACK
// NOLINTEND(bugprone-macro-parentheses)
