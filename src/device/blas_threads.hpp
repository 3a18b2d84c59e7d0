// The threads of one call of BLAS or LAPACK.
#pragma once

#include <mutex>

namespace neuspec {

/// Around a call of BLAS or LAPACK that takes so many flops: its OpenMP threads on the calling thread are those of threads/parallel.hpp where the
/// work is worth their meeting and they can exist, otherwise one, whatever the host program has set, which is restored. OpenBLAS waits for all the
/// threads that it has been promised: under OMP_DYNAMIC, OMP_THREAD_LIMIT or without active levels for ever, hence it is promised none that do not
/// come.
/// \throws EnvironmentError where the BLAS takes integers of 64 bits, and where a limit on the address space leaves no room for the buffer that
/// OpenBLAS maps: it would try for ever
class BlasThreads {
 public:
  explicit BlasThreads(double flops);
  ~BlasThreads();
  BlasThreads(const BlasThreads&) = delete;
  BlasThreads& operator=(const BlasThreads&) = delete;

 private:
  int threads_before_ = 1, dynamic_before_ = 0;
  bool changed_ = false;
  std::unique_lock<std::mutex> turn_;
};

/// Whether so many threads, the calling one among them, can exist at a time; tried once.
bool threads_can_start(int threads);

/// Whether the process's threads can start (usable_processors()); where they cannot, OpenMP, which would end the process, shall use one from now on.
bool threads_or_one();

/// What OpenBLAS says of itself; empty with another BLAS.
const char* blas_name();

/// How wide the integers are that the BLAS of this program takes, 32 (LP64) or 64 (ILP64); asked of its inner product, or of the one given.
int blas_integer_bits();
int blas_integer_bits(double (*ddot)(const int*, const double*, const int*, const double*, const int*));

/// Bytes of address space that OpenBLAS maps for every thread that calls it, and that much again for each when it is loaded. 0 with another BLAS.
double blas_buffer();

/// How many threads, at most those wanted, OpenBLAS can be loaded for and called by within the limits on memory. Needs nothing that is initialised.
int blas_threads_that_fit(int wanted);

}  // namespace neuspec
