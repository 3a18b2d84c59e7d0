// Independent pieces of work that call BLAS or LAPACK, spread over threads.
#pragma once

#include <omp.h>

#include <exception>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// Calls body(0 … count−1): whole pieces to threads when there are enough of them, otherwise one after the other with BLAS's own threads inside each.
/// Not `omp parallel if(…)`: a parallel region inside a serialised one makes GCC's runtime start new threads at every entry.
template <class Body>
void parallel_pieces(Index count, const Body& body) {
  const int threads = omp_get_max_threads();
  if (threads == 1 || 2 * count <= threads || count == 1) {
    for (Index piece = 0; piece < count; ++piece) body(piece);
    return;
  }
  std::exception_ptr failure;
#pragma omp parallel for schedule(dynamic, 1)
  for (Index piece = 0; piece < count; ++piece) {
    try {
      body(piece);
    } catch (...) {
#pragma omp critical(neuspec_parallel_pieces)
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace neuspec
